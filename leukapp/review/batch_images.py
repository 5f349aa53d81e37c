"""The pixels behind the items of a batch: uploads that were kept, or files of the server."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from leukapp.errors import BatchSourceError, ImageError
from leukapp.imaging.image_io import read_image_bytes
from leukapp.resources import ROOT_VARIABLE
from leukapp.review.kept_images import is_upload, read_upload
from leukapp.review.records import BatchItem
from leukapp.review.server_folder import resolve_inside

N_CHECKED: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchImages:
    """Reads the files of a batch again.

    Attributes:
        root: the review folder of the server, or None where there is none.
    """

    root: Path | None

    def check(self, waiting: Sequence[BatchItem]) -> None:
        """Refuse a batch whose images are elsewhere, before each of them is called unreadable.

        Args:
            waiting: the items that are to be read.

        Raises:
            BatchSourceError: none of the first ones can be found.
        """
        if waiting and not any(self._is_there(item) for item in waiting[:N_CHECKED]):
            raise BatchSourceError(
                "The images of this batch are not in the review folder of the server: put them "
                "back, or go on where it was begun with leukapp batch --resume "
                f"{waiting[0].run_id}."
            )

    def _is_there(self, item: BatchItem) -> bool:
        if is_upload(item.source):
            return True
        try:
            return self.root is not None and resolve_inside(self.root, item.source).is_file()
        except BatchSourceError:
            return False

    def read(self, item: BatchItem) -> bytes:
        """Read one file.

        Args:
            item: of a batch.

        Raises:
            ImageError: this file is missing or not readable.
            BatchSourceError: no file of this batch can be read.
        """
        if is_upload(item.source):
            return read_upload(item.source)
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
