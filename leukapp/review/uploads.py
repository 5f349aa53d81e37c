"""Files that a reviewer uploads for a batch: kept, with those of a zip one by one."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from leukapp.review.kept_images import begin_upload, keep_upload


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
    files: Iterable[tuple[str, bytes]], *, on_file: Callable[[int], None]
) -> tuple[BatchEntry, ...]:
    """Keep uploaded files.

    Args:
        files: name and bytes of each.
        on_file: told the number of each file, from 0.
    """
    upload_id = begin_upload()
    entries: list[BatchEntry] = []
    for number, (name, data) in enumerate(files):
        on_file(number)
        entries.append(BatchEntry(name=name, source=keep_upload(upload_id, len(entries), data)))
    return tuple(entries)
