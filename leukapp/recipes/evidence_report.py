"""The rows of the evidence, as JSON and as a table."""

import json
from dataclasses import asdict, dataclass
from typing import Literal, Self

from leukapp.evaluation.answers import NO_ANSWER
from leukapp.evaluation.detection import DetectionReport
from leukapp.evaluation.held_out import HeldOutSet
from leukapp.evaluation.intervals import Estimate, rate_over_groups
from leukapp.evaluation.metrics import evaluate_predictions

Measure = Literal["AUROC", "accuracy", "share called ALL or AML", "share called wrongly"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What a row is held against.

    Attributes:
        before: figure of a logistic regression on frozen ImageNet features, as text.
        target: what was aimed at, 0-1.
    """

    before: str
    target: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRow:
    """One figure on images that the network was not trained on.

    Attributes:
        name: which images, in words.
        source: their source.
        measure: what is measured.
        estimate: with its interval over groups.
        n_images: images.
        n_groups: independent groups; an upper bound where groups are not known.
        groups_known: whether patients or blocks are known.
        n_without_answer: images in which no leukocyte was found; they count as wrong in an
            accuracy, and with equal shares in an AUROC.
        of_answered: the same measure over the other images; None where all have an answer.
        coverage: share of images with a call, 0-1.
        background_balanced_accuracy: image edge alone on the same split, 0-1; None where the source
            has one class, or for the rates of calls.
        goal: what the row is held against, or None.
    """

    name: str
    source: str
    measure: Measure
    estimate: Estimate
    n_images: int
    n_groups: int
    groups_known: bool
    n_without_answer: int
    of_answered: Estimate | None
    coverage: float
    background_balanced_accuracy: float | None
    goal: Goal | None

    @classmethod
    def of(
        cls,
        name: str,
        held_out: HeldOutSet,
        measure: Measure,
        *,
        goal: Goal | None = None,
        background: float | None = None,
    ) -> Self:
        """Measure one source.

        Args:
            name: which images, in words.
            held_out: rows of one source.
            measure: what is measured.
            goal: what the row is held against.
            background: balanced accuracy of the image edge alone.
        """
        report = evaluate_predictions(held_out)
        estimate = _measure(held_out, measure)
        if estimate is None:
            raise ValueError(f"{name}: the images do not define {measure}")
        is_answered = held_out.predicted_labels != NO_ANSWER
        return cls(
            name=name,
            source=held_out.sources[0],
            measure=measure,
            estimate=estimate,
            n_images=report.n_images,
            n_groups=report.n_groups,
            groups_known=report.groups_known,
            n_without_answer=int((~is_answered).sum()),
            of_answered=(
                None if is_answered.all() else _measure(held_out.where(is_answered), measure)
            ),
            coverage=report.coverage,
            background_balanced_accuracy=background,
            goal=goal,
        )

    @property
    def is_met(self) -> bool | None:
        """Whether the target is reached; None where there is none."""
        if self.goal is None:
            return None
        if self.measure in {"AUROC", "accuracy"}:
            return self.estimate.value >= self.goal.target
        return self.estimate.value <= self.goal.target


@dataclass(frozen=True, slots=True, kw_only=True)
class BlankedFigure:
    """Healthy against leukemia in held-out images of a source, as they are and with cells hidden.

    Attributes:
        source: its name.
        seen: balanced accuracy of the images as they are, 0-1.
        blanked: balanced accuracy with every cell painted over, 0-1; 0.5 is chance.
    """

    source: str
    seen: float
    blanked: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationFigure:
    """Calibration of a source: expected calibration error 0-1, Brier score 0-2."""

    source: str
    protocol: str
    ece: float
    brier: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything of one bundle.

    Attributes:
        bundle_sha256: of the bundle, hexadecimal.
        rows: the figures.
        blanked: what the surroundings of the cells tell.
        calibration: of each source.
        detection: name to how well leukocytes are found.
    """

    bundle_sha256: str
    rows: tuple[EvidenceRow, ...]
    blanked: tuple[BlankedFigure, ...]
    calibration: tuple[CalibrationFigure, ...]
    detection: dict[str, DetectionReport]

    def to_json(self) -> str:
        """All figures as JSON text."""
        content = {"format": "leukapp-evidence-1", **asdict(self)}
        return json.dumps(content, indent=2, allow_nan=False) + "\n"

    def to_markdown(self) -> str:
        """All figures as tables, for the documentation."""
        lines = [
            f"Bundle `{self.bundle_sha256[:12]}`.",
            "",
            "| images | measure | before | target | reached | images (groups) | "
            "without a leukocyte: the others | coverage | background alone |",
            "|---|---|---|---|---|---|---|---|---|",
            *(_row(row) for row in self.rows),
            "",
            "| source | healthy or leukemia, balanced accuracy | with every cell painted over |",
            "|---|---|---|",
            *(f"| {one.source} | {one.seen:.3f} | {one.blanked:.3f} |" for one in self.blanked),
            "",
            "| source | protocol | ECE | Brier |",
            "|---|---|---|---|",
            *(
                f"| {one.source} | {one.protocol} | {one.ece:.3f} | {one.brier:.3f} |"
                for one in self.calibration
            ),
            "",
            *(f"- {name}: {found.to_text()}" for name, found in self.detection.items()),
        ]
        return "\n".join(lines).rstrip() + "\n"


def _measure(held_out: HeldOutSet, measure: Measure) -> Estimate | None:
    report = evaluate_predictions(held_out)
    return {
        "AUROC": report.leukemia_auroc,
        "accuracy": report.accuracy,
        "share called ALL or AML": report.leukemia_call_rate_of_healthy,
        "share called wrongly": rate_over_groups(
            held_out.is_wrong_call, held_out.independent_groups
        ),
    }[measure]


def _row(row: EvidenceRow) -> str:
    before, target = "", ""
    if row.goal is not None:
        before = row.goal.before
        sign = "at least" if row.measure in {"AUROC", "accuracy"} else "at most"
        target = f"{sign} {row.goal.target:g}" + (" (reached)" if row.is_met else " (missed)")
    groups = f"{row.n_images} ({row.n_groups}{'' if row.groups_known else ' at most'})"
    background = row.background_balanced_accuracy
    edge = "" if background is None else f"{background:.2f}"
    return (
        f"| {row.name} | {row.measure} | {before} | {target} | {_text(row.estimate)} | {groups} | "
        f"{_others(row)} | {row.coverage:.0%} | {edge} |"
    )


def _others(row: EvidenceRow) -> str:
    if row.of_answered is None:
        return ""
    return f"{row.n_without_answer}: {_text(row.of_answered)}"


def _text(estimate: Estimate) -> str:
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.3f}"
    return f"{estimate.value:.3f} [{estimate.low:.3f}-{estimate.high:.3f}]"
