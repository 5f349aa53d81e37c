"""The eight rotations and mirrors of a square image, and the paper's sixteen namings of them."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Literal, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

Flip: TypeAlias = Literal["none", "horizontal", "vertical", "both"]

ROTATIONS_DEGREES: Final = (0, 90, 180, 270)
FLIPS: Final[tuple[Flip, ...]] = ("none", "horizontal", "vertical", "both")

PixelT = TypeVar("PixelT", bound=np.generic)


class D4Element(IntEnum):
    """The eight symmetries of the square; rotations turn counter-clockwise."""

    IDENTITY = 0
    ROTATE_90 = 1
    ROTATE_180 = 2
    ROTATE_270 = 3
    FLIP_HORIZONTAL = 4
    FLIP_VERTICAL = 5
    TRANSPOSE = 6
    ANTI_TRANSPOSE = 7

    @property
    def inverse(self) -> "D4Element":
        """The element that undoes this one."""
        return _QUARTER_TURN_INVERSES.get(self, self)


_QUARTER_TURN_INVERSES: Final = {
    D4Element.ROTATE_90: D4Element.ROTATE_270,
    D4Element.ROTATE_270: D4Element.ROTATE_90,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperAugmentation:
    """One of the paper's sixteen augmentations: first the rotation, then the flip.

    Attributes:
        index: place in the paper's order, 0-15 (rotation is the outer loop).
        rotation_degrees: 0, 90, 180 or 270, counter-clockwise.
        flip: mirror after the rotation; ``horizontal`` swaps left and right.
        element: which of the eight distinct symmetries this is.
    """

    index: int
    rotation_degrees: int
    flip: Flip
    element: D4Element


def view_d4(image: NDArray[PixelT], element: D4Element) -> NDArray[PixelT]:
    """Look at an image rotated or mirrored, without copying it.

    Args:
        image: array (height, width, ...) of any dtype and range.
        element: the symmetry to apply.

    Returns:
        A view; height and width are swapped by a quarter turn or a transpose.
    """
    if element <= D4Element.ROTATE_270:
        return np.rot90(image, int(element))
    if element == D4Element.FLIP_HORIZONTAL:
        return image[:, ::-1]
    if element == D4Element.FLIP_VERTICAL:
        return image[::-1]
    if element == D4Element.TRANSPOSE:
        return np.swapaxes(image, 0, 1)
    return np.swapaxes(image[::-1, ::-1], 0, 1)


def apply_d4(image: NDArray[PixelT], element: D4Element) -> NDArray[PixelT]:
    """Rotate or mirror an image.

    Args:
        image: array (height, width, ...) of any dtype and range; not modified.
        element: the symmetry to apply.

    Returns:
        A new contiguous array; height and width are swapped by a quarter turn or a transpose.
    """
    return view_d4(image, element).copy(order="C")


def distinct_d4(image: NDArray[PixelT]) -> tuple[NDArray[PixelT], ...]:
    """All eight versions of an image, in the order of ``D4Element``.

    Args:
        image: array (height, width, ...) of any dtype and range.

    Returns:
        Eight new contiguous arrays.
    """
    return tuple(apply_d4(image, element) for element in D4Element)


def paper_augmentations() -> tuple[PaperAugmentation, ...]:
    """The paper's sixteen augmentations in its order; each distinct element appears twice.

    Returns:
        Sixteen augmentations: rotations 0/90/180/270 by flips none/horizontal/vertical/both.
    """
    combinations = [(rotation, flip) for rotation in ROTATIONS_DEGREES for flip in FLIPS]
    return tuple(
        PaperAugmentation(
            index=index,
            rotation_degrees=rotation,
            flip=flip,
            element=_element_of(rotation, flip),
        )
        for index, (rotation, flip) in enumerate(combinations)
    )


def _element_of(rotation_degrees: int, flip: Flip) -> D4Element:
    """Name a rotation and flip by what they do to four numbered corners."""
    corners = np.arange(4).reshape(2, 2)
    moved = np.rot90(corners, rotation_degrees // 90)
    if flip in {"horizontal", "both"}:
        moved = moved[:, ::-1]
    if flip in {"vertical", "both"}:
        moved = moved[::-1]
    return next(
        element for element in D4Element if np.array_equal(apply_d4(corners, element), moved)
    )
