"""How well leukocytes are found: precision, recall and F1 against marks of experts."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from leukapp.data.readers.cell_marks import CellMark
from leukapp.evaluation.intervals import Estimate, bootstrap_over_groups
from leukapp.fields.leukocytes import FoundLeukocytes

MATCH_ERYTHROCYTES: Final = 1.0
"""A found cell belongs to a mark without a box up to this far away, in erythrocyte diameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionCounts:
    """What was found in one image.

    Attributes:
        n_marked: leukocytes that the expert marked.
        n_found: leukocytes that the program found.
        n_right: pairs of a mark and a found one, each in one pair at most.
    """

    n_marked: int
    n_found: int
    n_right: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionReport:
    """Detection over images; intervals are of 95% from a bootstrap over images.

    Attributes:
        n_images: images with marks, each a group of its own.
        n_marked: marked leukocytes.
        n_found: found leukocytes.
        n_right: pairs.
        recall: pairs among the marked.
        precision: pairs among the found.
        f1: harmonic mean of both.
        rule: what makes a pair, in words.
    """

    n_images: int
    n_marked: int
    n_found: int
    n_right: int
    recall: Estimate
    precision: Estimate
    f1: Estimate
    rule: str

    def to_dict(self) -> dict[str, Any]:
        """Fields for a JSON file."""
        return asdict(self)

    def to_text(self) -> str:
        """One line for people."""
        shares = ", ".join(
            f"{name} {_with_interval(estimate)}"
            for name, estimate in (
                ("recall", self.recall),
                ("precision", self.precision),
                ("F1", self.f1),
            )
        )
        return (
            f"leukocytes found in {self.n_images} images: {shares}; {self.n_right} of "
            f"{self.n_marked} marked, {self.n_found} found ({self.rule})"
        )


def count_found(marks: Sequence[CellMark], found: FoundLeukocytes) -> DetectionCounts:
    """Pair found leukocytes with marks, as many as possible, each once.

    Args:
        marks: of one image.
        found: in the same image. Its middle lies inside the mark's box; for a mark without a box
            it lies at most :data:`MATCH_ERYTHROCYTES` away.
    """
    is_pair = np.array(
        [
            [_is_at(mark, cell.x_px, cell.y_px, found.erythrocyte_px) for cell in found.leukocytes]
            for mark in marks
        ],
        np.bool_,
    ).reshape(len(marks), len(found.leukocytes))
    rows, columns = linear_sum_assignment(is_pair, maximize=True)
    return DetectionCounts(
        n_marked=len(marks),
        n_found=len(found.leukocytes),
        n_right=int(is_pair[rows, columns].sum()),
    )


def report_detection(counts: Sequence[DetectionCounts], *, has_boxes: bool) -> DetectionReport:
    """Sum images up.

    Args:
        counts: of each image, at least one.
        has_boxes: whether the marks are boxes, for the wording.
    """
    table = np.array([(one.n_marked, one.n_found, one.n_right) for one in counts], np.int64)
    images = np.arange(len(counts))

    def over(numerator: NDArray[np.int64], denominator: NDArray[np.int64]) -> Estimate:
        def share(rows: NDArray[np.int64]) -> float:
            total = int(denominator[rows].sum())
            return float(numerator[rows].sum()) / total if total else float("nan")

        return bootstrap_over_groups(share, images)

    marked, found, right = table.T
    return DetectionReport(
        n_images=len(counts),
        n_marked=int(marked.sum()),
        n_found=int(found.sum()),
        n_right=int(right.sum()),
        recall=over(right, marked),
        precision=over(right, found),
        f1=over(2 * right, marked + found),
        rule=(
            "the middle of the nucleus lies in the box"
            if has_boxes
            else f"at most {MATCH_ERYTHROCYTES:g} erythrocyte diameter from the mark"
        ),
    )


def _is_at(mark: CellMark, x_px: float, y_px: float, erythrocyte_px: float | None) -> bool:
    if mark.half_width_px is not None and mark.half_height_px is not None:
        return (
            abs(x_px - mark.x_px) <= mark.half_width_px
            and abs(y_px - mark.y_px) <= mark.half_height_px
        )
    reach_px = MATCH_ERYTHROCYTES * (erythrocyte_px or 0.0)
    return float(np.hypot(x_px - mark.x_px, y_px - mark.y_px)) <= reach_px


def _with_interval(estimate: Estimate) -> str:
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.3f}"
    return f"{estimate.value:.3f} [{estimate.low:.3f}-{estimate.high:.3f}]"
