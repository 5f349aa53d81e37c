"""The pixels behind the items of a batch: uploads that were kept, or files of the server."""

from dataclasses import dataclass
from pathlib import Path

from leukapp.errors import BatchSourceError, ImageError
from leukapp.imaging.image_io import read_image_bytes
from leukapp.review.kept_images import is_upload, read_upload
from leukapp.review.records import BatchItem
from leukapp.review.server_folder import ROOT_VARIABLE, resolve_inside


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchImages:
    """Reads the files of a batch again.

    Attributes:
        root: the review folder of the server, or None where there is none.
    """

    root: Path | None

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
        if self.root is None:
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
