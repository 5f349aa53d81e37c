"""The pixels behind the items of a batch: uploads, files of the server, or files at an address.

A path says nothing of what a file shows: a file is handed out for an image that was judged only
where its bytes have the hash that was judged.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from leukapp.errors import BatchSourceError, ChangedImageError, ImageError
from leukapp.imaging.image_io import read_image_bytes
from leukapp.resources import ROOT_VARIABLE, review_address
from leukapp.review.kept_images import is_upload, read_upload, uploaded_sha256
from leukapp.review.records import BatchItem, BatchRun, ItemState
from leukapp.review.remote_folder import RemoteFolder, is_address
from leukapp.review.server_folder import resolve_inside

N_CHECKED: Final = 20
CHANGED: Final = (
    "The file of this image is not the one that was judged, so it is not shown: put the file that "
    "was judged back, or begin a new batch."
)
ELSEWHERE: Final = (
    "This batch was begun in another folder, and files of the same names may be of another "
    "patient: go on with the folder that it was begun with, or begin a new batch."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchImages:
    """Reads the files of a batch again.

    Attributes:
        root: where its files are looked for, or None where no folder may be read.
        begun_in: where the batch was begun, or None where that is not known or it was uploaded.
        remote: where the files of a batch that was begun at an address are read.
    """

    root: Path | None
    begun_in: Path | None = None
    remote: RemoteFolder | None = None

    @classmethod
    def of(cls, run: BatchRun, confines: Path | None, *, address: str | None = None) -> Self:
        """Give the images of a batch as this server may read them.

        Args:
            run: the batch.
            confines: the only folder of the server that may be read, links resolved, or None.
            address: the only address that may be read; None takes that of the review folder's
                variable, where it names one.

        Raises:
            BatchSourceError: what opens the address is not installed.
        """
        if run.root is not None and is_address(run.root):
            open_at = address or review_address()
            is_allowed = open_at is not None and f"{run.root}/".startswith(f"{open_at}/")
            remote = RemoteFolder.at(run.root) if is_allowed else None
            return cls(root=None, begun_in=Path(run.root), remote=remote)
        begun_in = None if run.root is None else Path(run.root)
        is_open = confines and begun_in and begun_in.resolve().is_relative_to(confines)
        return cls(root=begun_in if is_open else confines, begun_in=begun_in)

    def check(self, items: Sequence[BatchItem]) -> None:
        """Refuse to go on with a batch in a folder that is not its own.

        Args:
            items: of the batch, those that were judged and those that wait.

        Raises:
            BatchSourceError: the batch was begun in another folder, files that it has judged are
                other files now, or none of the first ones that wait can be found.
        """
        waiting = [item for item in items if item.state is ItemState.WAITING]
        if not waiting:
            return
        from_folder = [item for item in items if not is_upload(item.source)]
        if from_folder and self.remote is None and self.begun_in not in {None, self.root}:
            raise BatchSourceError(ELSEWHERE)
        if not any(self._is_there(item) for item in waiting[:N_CHECKED]):
            raise BatchSourceError(
                "The images of this batch are not in the review folder of the server: put them "
                "back, or go on where it was begun with leukapp batch --resume "
                f"{waiting[0].run_id}."
            )
        judged = [item for item in from_folder if item.state is ItemState.DONE]
        for item in judged[:: max(1, len(judged) // N_CHECKED)]:
            self._check_unchanged(item)

    def _is_there(self, item: BatchItem) -> bool:
        if is_upload(item.source):
            return True
        if self.remote is not None:
            # Each read says for itself whether the file is there.
            return True
        try:
            return self.root is not None and resolve_inside(self.root, item.source).is_file()
        except BatchSourceError:
            return False

    def _check_unchanged(self, item: BatchItem) -> None:
        try:
            self.read(item)
        except ChangedImageError as error:
            raise BatchSourceError(
                f"Image {item.position + 1} of this batch is another file than the one that was "
                "judged, so the folder may be of another patient: put the files that were judged "
                "back, or begin a new batch."
            ) from error
        except ImageError:
            # It was taken away; the others say whether this is the folder.
            return

    def read(self, item: BatchItem) -> bytes:
        """Read one file, which has the hash that was judged where the item has been judged.

        Args:
            item: of a batch.

        Raises:
            ChangedImageError: the file is another one than the one that was judged.
            ImageError: this file is missing or not readable.
            BatchSourceError: no file of this batch can be read.
        """
        data = self._read(item)
        if item.image_sha256 not in {None, _sha256_of(item, data)}:
            raise ChangedImageError(CHANGED)
        return data

    def seen_sha256(self, item: BatchItem) -> str:
        """Give the hash of the file as it lies there now, which a decision is signed on.

        Args:
            item: of a batch.

        Raises:
            ImageError: this file is missing, not readable, or an upload that was changed.
            BatchSourceError: no file of this batch can be read.
        """
        return _sha256_of(item, self._read(item))

    def _read(self, item: BatchItem) -> bytes:
        if is_upload(item.source):
            return read_upload(item.source)
        if self.remote is not None:
            return self.remote.read(item.source)
        if self.root is None or not self.root.is_dir():
            raise BatchSourceError(
                "This batch lies in the review folder of the server, which is not there: set "
                f"{ROOT_VARIABLE} to that folder."
            )
        try:
            path = resolve_inside(self.root, item.source)
        except BatchSourceError as error:
            raise ImageError(
                "The file is not in the review folder of the server any more: put it back."
            ) from error
        return read_image_bytes(path)


def _sha256_of(item: BatchItem, data: bytes) -> str:
    """Hash of the file that was judged: of an upload that of the reader's own file."""
    return uploaded_sha256(item.source) or hashlib.sha256(data).hexdigest()
