"""Three numbers of an image by which those to come are compared with those of a commissioning.

Each is a fixed function of the image and of the parent bundle, so that images of the commissioning
and later ones are measured alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np

from leukapp.fields.stain import measure_stain
from leukapp.imaging.arrays import RgbImage
from leukapp.inference.gate import feature_distances
from leukapp.model.bundle import GateReference
from leukapp.model.dense import FloatArray

STAIN_SIDE_PX: Final = 128
"""Stain is measured on crops reduced to this: a mean over nuclei needs no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchScores:
    """What is watched of one image.

    Attributes:
        distance: median distance of its cells to the parent's training features, 0-2; None without
            a cell.
        stain: score of nuclear stain, as ``StainMaps`` has it, the median over its cells; None
            where no nucleus is.
        scale: diameter of its erythrocytes in pixels; None where nothing gives one.
    """

    distance: float | None
    stain: float | None
    scale: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedImage:
    """One image that a commissioned bundle answered.

    Attributes:
        number: ascending in the order in which images came.
        image_sha256: of its bytes, hexadecimal.
        seen_at: when, ISO 8601.
        scores: of the image.
    """

    number: int
    image_sha256: str
    seen_at: str
    scores: WatchScores


def parent_gate(gate: GateReference, n_points: int) -> GateReference:
    """The gate without the points that a commissioning added at its end.

    Args:
        gate: of a commissioned bundle.
        n_points: of its parent's gate.
    """
    return replace(gate, points=gate.points[:n_points])


def measure_distance(gate: GateReference, features: FloatArray) -> float | None:
    """How far an image lies from the parent's training; None without a cell.

    Args:
        gate: of the parent.
        features: joined pooled features of the image's cells, float32 (cells, features).
    """
    return float(np.median(feature_distances(gate, features))) if len(features) else None


def measure_nuclei(items: Sequence[RgbImage]) -> float | None:
    """How deeply nuclei are stained, the median over items; None where no nucleus is.

    Args:
        items: crops of the image's cells, or the image where it is judged whole, each uint8
            (height, width, 3).
    """
    depths = []
    for item in items:
        scale = min(1.0, STAIN_SIDE_PX / max(item.shape[:2]))
        size = (max(1, round(item.shape[1] * scale)), max(1, round(item.shape[0] * scale)))
        reduced = np.asarray(cv2.resize(item, size, interpolation=cv2.INTER_AREA), np.uint8)
        maps = measure_stain(reduced)
        nucleus = maps.nucleus[maps.is_nucleus.astype(np.bool_)]
        if nucleus.size:
            depths.append(float(nucleus.mean()))
    return float(np.median(depths)) if depths else None
