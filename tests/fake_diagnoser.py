"""A Diagnoser whose answer follows from the file's bytes, to test pages without a network."""

import hashlib
from pathlib import Path
from typing import Self

import numpy as np

from leukapp.diagnosis import BranchVote, BundleId, Diagnosis, Explanation, Timings
from leukapp.errors import BundleError, ImageError
from leukapp.imaging.quality import QualityFinding, QualityReport
from leukapp.inference.heatmap import Heatmap
from leukapp.inference.probabilities import ClassProbabilities

ABSTAIN = b"abstain"
DISAGREE = b"disagree"
BROKEN = b"broken"
NO_CALL_REASON = "The image is out of focus; take it again."
BROKEN_REASON = "This file is not an image; save it as PNG."
MISSING_REASON = "There is no bundle in the folder; put one there."


def make_heatmap(source: str, class_name: str, *, is_blank: bool = False) -> Heatmap:
    values = np.zeros((7, 7), np.float32)
    if not is_blank:
        values[3, 3] = 1
    return Heatmap(source=source, class_name=class_name, values=values, is_blank=is_blank)


def make_explanation(class_name: str) -> Explanation:
    names = ("efficientnet_lite2", "mobilenetv3large")
    return Explanation(
        class_name=class_name,
        branches=tuple(make_heatmap(name, class_name) for name in names),
        fused=make_heatmap("fused", class_name),
    )


def make_diagnosis(
    content: bytes = b"", *, side_px: int = 64, label: str | None = "ALL"
) -> Diagnosis:
    """A diagnosis with ALL 0.93, AML 0.05, Healthy 0.02; the branches agree or not by content."""
    second = (0.2, 0.7, 0.1) if content == DISAGREE else (0.6, 0.3, 0.1)
    explanation = make_explanation("ALL")
    finding = QualityFinding(kind="out_of_focus", message=NO_CALL_REASON, blocks_call=True)
    return Diagnosis(
        image_sha256=hashlib.sha256(content).hexdigest(),
        image=np.full((side_px, side_px, 3), 210, np.uint8),
        enhanced=np.full((side_px, side_px, 3), 250, np.uint8),
        mode="whole",
        label=label,
        no_call_reason=NO_CALL_REASON if label is None else None,
        probabilities=ClassProbabilities((0.93, 0.05, 0.02)),
        branches=(
            BranchVote(
                name="efficientnet_lite2",
                probabilities=ClassProbabilities((0.8, 0.1, 0.1)),
                heatmap=explanation.branches[0],
            ),
            BranchVote(
                name="mobilenetv3large",
                probabilities=ClassProbabilities(second),
                heatmap=explanation.branches[1],
            ),
        ),
        fused_heatmap=explanation.fused,
        cells=(),
        erythrocyte_px=None,
        quality=QualityReport(
            width_px=side_px,
            height_px=side_px,
            focus=100.0,
            brightness=210.0,
            contrast=40.0,
            saturated_fraction=0.0,
            stained_fraction=0.2,
            findings=(finding,) if label is None else (),
        ),
        bundle=BundleId(name="compact", sha256="ab" * 32),
        engine="fake",
        timings=Timings(decode_ms=1, enhance_ms=1, network_ms=1, explain_ms=1, total_ms=4),
        network_output=None,
    )


class FakeDiagnoser:
    """Stands in for leukapp.diagnosis.Diagnoser; counts what it was asked."""

    bundle = BundleId(name="compact", sha256="ab" * 32)

    def __init__(self) -> None:
        self.diagnosed: list[bytes] = []
        self.explained: list[str] = []

    @classmethod
    def open(cls, folder: Path) -> Self:
        if not folder.is_dir():
            raise BundleError(MISSING_REASON)
        return cls()

    def diagnose(self, data: bytes) -> Diagnosis:
        self.diagnosed.append(data)
        if data == BROKEN:
            raise ImageError(BROKEN_REASON)
        return make_diagnosis(data, label=None if data == ABSTAIN else "ALL")

    def explain(self, diagnosis: Diagnosis, class_name: str) -> Explanation:
        self.explained.append(class_name)
        return make_explanation(class_name)
