"""A Diagnoser whose answer follows from the file's bytes, to test pages without a network."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from leukapp.cells import CellAnswer
from leukapp.diagnosis import (
    BranchVote,
    BundleId,
    Diagnosis,
    Explanation,
    MarkedCell,
    Timings,
)
from leukapp.errors import BundleError, ImageError
from leukapp.fields.crops import CellBox
from leukapp.imaging.quality import QualityFinding, QualityReport
from leukapp.inference.decision import Answer
from leukapp.inference.gradcam import blank_explanation
from leukapp.inference.heatmap import Heatmap
from leukapp.inference.probabilities import ClassProbabilities
from leukapp.labels import CLASS_NAMES, LEUKEMIA, finding_of, split_answer

BRANCHES = ("efficientnet_lite2", "mobilenetv3large")
ABSTAIN = b"abstain"
DISAGREE = b"disagree"
BROKEN = b"broken"
FIELD = b"field"
EMPTY_FIELD = b"empty field"
UNSURE = b"unsure"
OPEN_TYPE = b"open type"
TYPE_NOTE = (
    "The type is not sure enough: ALL has 51 % of the probability of leukemia and is named from "
    "90 %."
)
UNSURE_REASON = "Not sure enough: leans ALL, 93 %."
UNSURE_DETAIL = "The least sure of the joined answer and the networks has 60 %."
NO_CALL_REASON = "The image is out of focus; take it again."
BROKEN_REASON = "This file is not an image; save it as PNG."
MISSING_REASON = "There is no bundle in the folder; put one there."


def make_heatmap(source: str, class_name: str) -> Heatmap:
    values = np.zeros((7, 7), np.float32)
    values[3, 3] = 1
    return Heatmap(source=source, class_name=class_name, values=values, is_blank=False)


def make_explanation(class_name: str) -> Explanation:
    return Explanation(
        class_name=class_name,
        branches=tuple(make_heatmap(name, class_name) for name in BRANCHES),
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
        find_enhanced=lambda: np.full((side_px, side_px, 3), 250, np.uint8),
        mode="whole",
        class_names=CLASS_NAMES,
        finding=finding_of(label),
        label=label,
        no_call_reason=NO_CALL_REASON if label is None else None,
        probabilities=ClassProbabilities((0.93, 0.05, 0.02)),
        branches=(
            BranchVote(
                name="efficientnet_lite2",
                probabilities=ClassProbabilities((0.8, 0.1, 0.1)),
            ),
            BranchVote(
                name="mobilenetv3large",
                probabilities=ClassProbabilities(second),
            ),
        ),
        find_explanation=lambda: explanation,
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


def make_cell(label: str | None, index: int) -> CellAnswer:
    values = {"ALL": (0.9, 0.05, 0.05), "Healthy": (0.02, 0.03, 0.95), None: (0.4, 0.3, 0.3)}[label]
    return CellAnswer(
        box=CellBox(x0=10 * index, y0=5, x1=10 * index + 8, y1=13),
        crop=np.full((16, 16, 3), 120 + index, np.uint8),
        finding=finding_of(label),
        label=label,
        no_call_reason=None if label else "The network is not sure enough.",
        probabilities=ClassProbabilities(values),
        branches=(ClassProbabilities(values), ClassProbabilities(values)),
        is_counted=True,
    )


def make_field(content: bytes, labels: Sequence[str | None]) -> Diagnosis:
    """A field whose cells have these answers; without a cell there is no answer at all."""
    cells = tuple(make_cell(label, index) for index, label in enumerate(labels))
    diagnosis = replace(make_diagnosis(content), mode="field", cells=cells, erythrocyte_px=8.0)
    if cells:
        return diagnosis
    return replace(
        diagnosis,
        finding=None,
        label=None,
        no_call_reason="No leukocyte was found in the image.",
        probabilities=None,
        branches=(),
        find_explanation=lambda: blank_explanation(
            "Healthy", ("efficientnet_lite2", "mobilenetv3large")
        ),
    )


def make_unsure(content: bytes = UNSURE) -> Diagnosis:
    """A readable image whose answer is not sure enough for a call."""
    return replace(
        make_diagnosis(content),
        finding=None,
        label=None,
        no_call_reason=UNSURE_REASON,
        no_call_details=(UNSURE_DETAIL,),
    )


def make_open_type(content: bytes = OPEN_TYPE) -> Diagnosis:
    """Leukemia 0.96, of which ALL is the half: its type is not determined."""
    return replace(
        make_diagnosis(content),
        finding=LEUKEMIA,
        label=None,
        type_note=TYPE_NOTE,
        probabilities=ClassProbabilities((0.49, 0.47, 0.04)),
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
        if data in {FIELD, EMPTY_FIELD}:
            labels = ["ALL", "Healthy", None, "ALL"] if data == FIELD else []
            return make_field(data, labels)
        if data == OPEN_TYPE:
            return make_open_type(data)
        if data == UNSURE:
            return make_unsure(data)
        return make_diagnosis(data, label=None if data == ABSTAIN else "ALL")

    def explain(self, diagnosis: Diagnosis, class_name: str) -> Explanation:
        self.explained.append(class_name)
        return make_explanation(class_name)

    def explain_cell(self, diagnosis: Diagnosis, index: int, class_name: str) -> Explanation:
        self.explained.append(f"{class_name} of cell {index}")
        return make_explanation(class_name)

    def judge_marked(self, diagnosis: Diagnosis, box: CellBox) -> MarkedCell:
        cell = replace(make_cell("ALL", 0), box=box)
        return MarkedCell(cell=cell, explanation=make_explanation("ALL"))

    def place_cell(self, diagnosis: Diagnosis, index: int) -> NDArray[np.float32]:
        """Cells of one answer lie together."""
        names = ["ALL", "Healthy", None]
        return np.eye(3, dtype=np.float32)[names.index(diagnosis.cells[index].label)]

    def answer_as_corrected(
        self, diagnosis: Diagnosis, *, kept: Sequence[int], given: Sequence[str]
    ) -> Answer:
        named = [*(diagnosis.cells[index].answer_name for index in kept), *given]
        finding, label = split_answer("ALL" if "ALL" in named else "Healthy")
        return Answer(finding=finding, label=label)
