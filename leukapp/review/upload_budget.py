"""What one upload may cost the server: pixels, disk and time."""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from leukapp.errors import BatchSourceError, ImageError
from leukapp.imaging.image_io import decoded_bytes
from leukapp.resources import batch_dir

CHANNELS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadLimits:
    """Bounds of one upload.

    Attributes:
        max_pixels: of all its images together, by their headers.
        max_disk_bytes: of what is kept of it.
        min_free_bytes: that stay free on the server's disk.
        max_seconds: of taking it in, the wait for other readers included.
    """

    max_pixels: int = 10_000_000_000
    max_disk_bytes: int = 10_000_000_000
    min_free_bytes: int = 1_000_000_000
    max_seconds: float = 1800.0


UPLOAD_LIMITS: Final = UploadLimits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What an upload has cost so far.

    Attributes:
        n_files: kept.
        n_pixels: decoded.
        n_disk_bytes: written.
    """

    n_files: int
    n_pixels: int
    n_disk_bytes: int


class UploadBudget:
    """Counts what an upload costs, and ends it before it costs too much.

    Args:
        limits: bounds.
        clock: gives seconds.
    """

    def __init__(
        self, limits: UploadLimits = UPLOAD_LIMITS, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limits = limits
        self._clock = clock
        self._started = clock()
        self._n_files = self._n_pixels = self._n_disk_bytes = 0

    @property
    def spent(self) -> Spent:
        """What it has cost so far."""
        return Spent(
            n_files=self._n_files, n_pixels=self._n_pixels, n_disk_bytes=self._n_disk_bytes
        )

    def charge_image(self, data: bytes) -> None:
        """Count an image before it is decoded.

        Args:
            data: bytes of any origin; what is no image costs nothing.

        Raises:
            BatchSourceError: the upload would cost more than it may.
        """
        limits = self._limits
        if self._clock() - self._started > limits.max_seconds:
            raise BatchSourceError(
                f"Taking in these images has lasted {limits.max_seconds / 60:.0f} minutes, which "
                "is the limit of one batch: divide them."
            )
        try:
            self._n_pixels += decoded_bytes(data) // CHANNELS
        except ImageError:
            return
        if self._n_pixels > limits.max_pixels:
            raise BatchSourceError(
                f"These images hold more than {limits.max_pixels / 1e9:g} billion pixels, which is "
                "the limit of one batch: divide them."
            )
        if shutil.disk_usage(_existing(batch_dir())).free < limits.min_free_bytes:
            raise BatchSourceError(
                "The server's disk is nearly full: remove batches that are reviewed, or ask "
                "whoever runs it."
            )

    def charge_file(self, n_bytes: int) -> None:
        """Count a file that was kept.

        Args:
            n_bytes: on the disk.

        Raises:
            BatchSourceError: the upload takes more of the disk than it may.
        """
        self._n_files += 1
        self._n_disk_bytes += n_bytes
        if self._n_disk_bytes > self._limits.max_disk_bytes:
            raise BatchSourceError(
                f"These images take more than {self._limits.max_disk_bytes / 1e9:g} GB of the "
                "server's disk, which is the limit of one batch: divide them."
            )


def _existing(path: Path) -> Path:
    """The path, or the nearest folder above it that is there."""
    return next(folder for folder in (path, *path.parents) if folder.exists())
