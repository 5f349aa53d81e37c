"""How much of the server's memory all readers' images together may take."""

import threading
import weakref
from typing import Final, Protocol

from leukapp.errors import BusyError
from leukapp.imaging.arrays import RgbImage

MAX_PIXEL_BYTES: Final = 1_500_000_000
"""Four images of 100 megapixels, and a hundred of what a microscope's camera takes beside them."""

LARGE_SHARE: Final = 0.8
"""Of all memory; the rest is for small images, so that large ones do not shut other readers out."""

SMALL_SHARE: Final = 1 / 30
"""An image that takes no more of all memory is small: 17 megapixels."""

FULL: Final = (
    "The server's memory is full of other readers' images: try again in a minute, or save this "
    "image smaller."
)


class KeepsImages(Protocol):
    """Holds images, and can drop some when memory is short."""

    def last_used(self) -> float | None:
        """When the image that would be dropped was last used; None where none can be."""

    def let_go(self) -> None:
        """Drop that image."""


class PixelMemory:
    """Counts the pixels of every image that is alive, whoever holds it.

    An image that is on a reader's screen is held by the page; it is counted until the page lets go.

    Args:
        max_bytes: of all images together.
    """

    def __init__(self, max_bytes: int = MAX_PIXEL_BYTES) -> None:
        self._max_bytes = max_bytes
        self._lock = threading.RLock()
        self._alive_bytes = 0
        self._keepers: weakref.WeakSet[KeepsImages] = weakref.WeakSet()

    @property
    def alive_bytes(self) -> int:
        """Bytes of all watched images that still exist."""
        with self._lock:
            return self._alive_bytes

    def add_keeper(self, keeper: KeepsImages) -> None:
        """Register a holder that is asked to drop images when memory is short."""
        with self._lock:
            self._keepers.add(keeper)

    def make_room(self, n_bytes: int) -> None:
        """Drop the least recently used images until a new one has room.

        Args:
            n_bytes: of the new image.

        Raises:
            BusyError: there is no room, though all that can go has gone.
        """
        is_small = n_bytes <= SMALL_SHARE * self._max_bytes
        limit = self._max_bytes if is_small else LARGE_SHARE * self._max_bytes
        while self.alive_bytes + n_bytes > limit:
            with self._lock:
                keepers = [(used, keeper) for keeper in self._keepers
                           if (used := keeper.last_used()) is not None]  # fmt: skip
            if not keepers:
                raise BusyError(FULL)
            min(keepers, key=lambda pair: pair[0])[1].let_go()

    def watch(self, image: RgbImage) -> None:
        """Count an image until it exists no more."""
        n_bytes = image.nbytes
        with self._lock:
            self._alive_bytes += n_bytes
        weakref.finalize(image, self._forget, n_bytes).atexit = False

    def _forget(self, n_bytes: int) -> None:
        with self._lock:
            self._alive_bytes -= n_bytes
