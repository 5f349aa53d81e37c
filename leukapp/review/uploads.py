"""Files that a reviewer uploads for a batch: kept, those of a zip one by one."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from leukapp.errors import BatchSourceError
from leukapp.review.kept_images import begin_upload, discard_upload, keep_failure, keep_upload
from leukapp.review.zip_files import is_zip, read_zip

MAX_NAME: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchEntry:
    """One file of a batch to be.

    Attributes:
        name: what the reviewer sees.
        source: how to read it again.
    """

    name: str
    source: str


def keep_files(
    files: Iterable[tuple[str, bytes]], *, store_id: str, on_file: Callable[[int, int], None]
) -> tuple[BatchEntry, ...]:
    """Keep uploaded files, and in place of a zip the files in it.

    A zip that cannot be opened becomes one file with its reason, like an image that cannot be.

    Args:
        files: name and bytes of each.
        store_id: of the review store whose batch they will be.
        on_file: told the number of the upload, from 0, and how many files were kept before.

    Returns:
        What was kept, at least one file.

    Raises:
        BatchSourceError: the server's disk takes nothing, or there is no file in what came.
    """
    upload_id = begin_upload(store_id)
    try:
        entries = _keep_all(upload_id, files, on_file)
    except BaseException:
        # Also where the reviewer leaves in the middle.
        discard_upload(upload_id)
        raise
    if not entries:
        discard_upload(upload_id)
        raise BatchSourceError("There is no file in this zip: choose another one.")
    return tuple(entries)


def _keep_all(
    upload_id: str, files: Iterable[tuple[str, bytes]], on_file: Callable[[int, int], None]
) -> list[BatchEntry]:
    entries: list[BatchEntry] = []

    def keep(name: str, data: bytes, error: str | None) -> None:
        place = len(entries)
        if error is None:
            source = keep_upload(upload_id, place, data)
        else:
            source = keep_failure(upload_id, place, error, data=data)
        entries.append(BatchEntry(name=_plain(name), source=source))

    for number, (name, data) in enumerate(files):
        on_file(number, len(entries))
        if not is_zip(data):
            keep(name, data, None)
            continue
        try:
            for member in read_zip(data):
                keep(member.name, member.data, member.error)
                on_file(number, len(entries))
        except BatchSourceError as error:
            keep(name, b"", str(error))
    return entries


def _plain(name: str) -> str:
    """A name as it may be shown: printable, and its end where it is long."""
    printable = "".join(sign for sign in name if sign.isprintable()) or "image"
    return printable if len(printable) <= MAX_NAME else f"…{printable[-MAX_NAME:]}"
