"""Leukocytes that readers of this site signed, and which of them are most like another one.

With a correction of a leukocyte stands where the networks place it: a short vector, no picture.
"""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from leukapp.imaging.cell_boxes import CellBox
from leukapp.review.records import REMOVED, CellCorrection

SMALLEST: Final = np.dtype("<f2")
"""Half precision, little-endian: two bytes a number, 128 a leukocyte with the bundle that ships."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedCell:
    """A leukocyte that a reader signed.

    Attributes:
        image_sha256: of its image.
        correction: what the reader says, and where.
    """

    image_sha256: str
    correction: CellCorrection


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceCell:
    """A signed leukocyte beside another one.

    Attributes:
        signed: the leukocyte.
        similarity: cosine of the angle between the two in the networks' features, -1 to 1.
    """

    signed: SignedCell
    similarity: float


def encode_features(vector: NDArray[np.floating]) -> str:
    """Write where the networks place a cell as text: Base64 of half-precision numbers.

    Args:
        vector: unit vector, float (dimensions,).
    """
    return base64.b64encode(np.asarray(vector, SMALLEST).tobytes()).decode("ascii")


def decode_features(text: str) -> NDArray[np.float32]:
    """Read what :func:`encode_features` wrote.

    Args:
        text: of a correction.

    Returns:
        Float32 (dimensions,).

    Raises:
        ValueError: the text is not of this form.
    """
    return np.frombuffer(base64.b64decode(text, validate=True), SMALLEST).astype(np.float32)


def nearest_signed(
    vector: NDArray[np.floating],
    signed: Iterable[SignedCell],
    *,
    bundle_sha256: str,
    but: tuple[str, CellBox],
    n: int,
) -> tuple[ReferenceCell, ...]:
    """Give the signed leukocytes that the networks place nearest to another one.

    Args:
        vector: of the other one, unit vector, float (dimensions,).
        signed: leukocytes of this site.
        bundle_sha256: features of other networks cannot be compared and are left out.
        but: hash of the image and window of the other one itself.
        n: how many at most.

    Returns:
        The nearest first; boxes that hold no cell are none.
    """
    found = [
        ReferenceCell(
            signed=one, similarity=float(decode_features(one.correction.features) @ vector)
        )
        for one in signed
        if one.correction.features is not None
        and one.correction.bundle_sha256 == bundle_sha256
        and one.correction.answer != REMOVED
        and (one.image_sha256, one.correction.box) != but
    ]
    return tuple(sorted(found, key=lambda one: -one.similarity)[:n])
