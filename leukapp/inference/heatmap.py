"""The heatmap type that Grad-CAM returns and every overlay draws."""

from dataclasses import dataclass

from leukapp.imaging.arrays import HeatmapValues


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Heatmap:
    """Where a class score came from, on the grid of a branch's last convolution.

    Attributes:
        source: branch name, or ``fused`` for the decision of the whole network.
        class_name: the class whose score is explained.
        values: float32 (map_height, map_width), 0-1, read-only; the
            largest is 1 unless blank.
        is_blank: nothing in the image raised the score, so there is no heat to draw.
    """

    source: str
    class_name: str
    values: HeatmapValues
    is_blank: bool
