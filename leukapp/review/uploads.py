"""Files that a reviewer uploads for a batch: kept, those of a zip one by one."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Final

from leukapp.errors import BatchSourceError
from leukapp.review.kept_images import (
    begin_upload,
    discard_upload,
    keep_failure,
    keep_upload,
    kept_size,
)
from leukapp.review.upload_budget import Spent, UploadBudget
from leukapp.review.zip_files import ZippedFile, is_zip, read_zip

MAX_NAME: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchEntry:
    """One file of a batch that is about to begin.

    Attributes:
        name: what the reviewer sees.
        source: how to read it again.
    """

    name: str
    source: str


def keep_files(
    files: Iterable[tuple[str, bytes]],
    *,
    store_id: str,
    on_file: Callable[[int, Spent], None],
    turn: Callable[[bytes], AbstractContextManager[object]] = nullcontext,
    budget: UploadBudget | None = None,
) -> tuple[BatchEntry, ...]:
    """Keep uploaded files, and in place of a zip the files in it.

    A zip that cannot be opened becomes one file with its reason, like an image that cannot be.

    Args:
        files: name and bytes of each.
        store_id: of the review store whose batch they will be.
        on_file: told the number of the upload, from 0, and what was spent before.
        turn: held while one file, of these bytes, is decoded and written; the server's line.
        budget: of this upload; None takes one with the limits of every upload.

    Returns:
        What was kept, at least one file.

    Raises:
        BatchSourceError: the server's disk takes nothing, the images cost more than one batch
            may, or there is no file in what came.
    """
    upload_id = begin_upload(store_id)
    try:
        taking_in = _TakingIn(upload_id, turn, budget or UploadBudget(), on_file)
        entries = taking_in.keep_all(files)
    except BaseException:
        # Also where the reviewer leaves in the middle.
        discard_upload(upload_id)
        raise
    if not entries:
        discard_upload(upload_id)
        raise BatchSourceError("There is no file in this zip: choose another one.")
    return tuple(entries)


@dataclass(frozen=True, slots=True)
class _TakingIn:
    upload_id: str
    turn: Callable[[bytes], AbstractContextManager[object]]
    budget: UploadBudget
    on_file: Callable[[int, Spent], None]
    entries: list[BatchEntry] = field(default_factory=list)

    def keep_all(self, files: Iterable[tuple[str, bytes]]) -> list[BatchEntry]:
        for number, (name, data) in enumerate(files):
            self.on_file(number, self.budget.spent)
            if not is_zip(data):
                self.keep(name, data, None)
                continue
            try:
                members = iter(read_zip(data))
                while (member := _next(members)) is not None:
                    self.keep(member.name, member.data, member.error)
                    self.on_file(number, self.budget.spent)
            except _UnreadableZipError as error:
                self.keep(name, b"", str(error))
        return self.entries

    def keep(self, name: str, data: bytes, error: str | None) -> None:
        place = len(self.entries)
        self.budget.charge_image(data)
        if error is None:
            with self.turn(data):
                source = keep_upload(self.upload_id, place, data)
        else:
            source = keep_failure(self.upload_id, place, error, data=data)
        self.budget.charge_file(kept_size(source))
        self.entries.append(BatchEntry(name=_plain(name), source=source))


class _UnreadableZipError(Exception):
    """A zip that cannot be read; what the budget refuses is not among it."""


def _next(members: Iterator[ZippedFile]) -> ZippedFile | None:
    try:
        return next(members, None)
    except BatchSourceError as error:
        raise _UnreadableZipError(str(error)) from error


def _plain(name: str) -> str:
    """A name as it may be shown: printable, and its end where it is long."""
    printable = "".join(sign for sign in name if sign.isprintable()) or "image"
    return printable if len(printable) <= MAX_NAME else f"…{printable[-MAX_NAME:]}"
