"""The evaluation report: every source under every protocol on its own, never pooled."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from leukapp.errors import HeldOutError
from leukapp.evaluation.calibration import brier_score, expected_calibration_error
from leukapp.evaluation.held_out import PROTOCOLS, HeldOutSet, SplitProtocol
from leukapp.evaluation.intervals import Estimate, rate_over_groups
from leukapp.evaluation.metrics import MetricReport, evaluate_predictions
from leukapp.json_files import from_json, to_json

FORMAT: Final = "leukapp-evaluation-1"
PROTOCOL_TEXTS: Final[Mapping[SplitProtocol, str]] = {
    "grouped": "grouped",
    "paper": "paper - leaking",
    "external": "external",
}
NO_FIGURE: Final = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchAccuracy:
    """How one branch does alone.

    Attributes:
        name: branch name.
        accuracy: share of all images whose most probable class is right, 0-1.
    """

    name: str
    accuracy: Estimate


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SourceResult:
    """Figures of one source under one protocol.

    Attributes:
        source: data set or laboratory.
        protocol: ``grouped``, ``paper`` (leaking) or ``external``.
        report: all figures of the fused decision.
        branch_accuracies: each branch alone, in the order of the preset.
        ece: expected calibration error, 0-1.
        brier: Brier score over the classes, 0-2.
        background_balanced_accuracy: of the background-only baseline, 0-1; None if not measured.
    """

    source: str
    protocol: SplitProtocol
    report: MetricReport
    branch_accuracies: tuple[BranchAccuracy, ...]
    ece: float
    brier: float
    background_balanced_accuracy: float | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EvaluationReport:
    """Figures of one bundle on everything it was judged by.

    Attributes:
        format: name and version of the file's layout.
        bundle_name: folder name of the bundle.
        bundle_sha256: hash of its manifest, hexadecimal.
        sources: one entry for each source and protocol.
    """

    format: Literal["leukapp-evaluation-1"]
    bundle_name: str
    bundle_sha256: str
    sources: tuple[SourceResult, ...]

    def to_json(self) -> str:
        """The report as JSON text; ``from_json`` reads it back."""
        return to_json(self, indent=2)

    @classmethod
    def from_json(cls, text: str | bytes) -> "EvaluationReport":
        """Read a report that ``to_json`` wrote.

        Args:
            text: JSON.

        Raises:
            HeldOutError: the text is not such a report.
        """
        try:
            return from_json(EvaluationReport, text)
        except ValueError as error:
            raise HeldOutError(
                f"The text is not an evaluation report of this version ({error}); evaluate again."
            ) from error


def build_report(
    held_out_sets: tuple[HeldOutSet, ...],
    bundle_name: str,
    background: Mapping[str, float] | None = None,
) -> EvaluationReport:
    """Evaluate every source of every set by itself.

    Args:
        held_out_sets: of one bundle; no source twice under one protocol.
        bundle_name: folder name of the bundle.
        background: balanced accuracy of the background-only baseline, by source.

    Returns:
        Sources in the order of the protocols grouped, paper, external, then by name.

    Raises:
        HeldOutError: there is no set, the sets are of two bundles, or a source stands twice
            under one protocol.
    """
    hashes = sorted({held_out.bundle_sha256 for held_out in held_out_sets})
    if len(hashes) != 1:
        raise HeldOutError(
            f"A report needs held-out sets of one bundle, got {len(hashes)}; evaluate each alone."
        )
    parts = {}
    for held_out in held_out_sets:
        for source in held_out.source_names:
            key = (PROTOCOLS.index(held_out.protocol), source)
            if key in parts:
                raise HeldOutError(
                    f"{source} stands in two held-out sets of the protocol {held_out.protocol}; "
                    "join or drop one."
                )
            parts[key] = held_out.of_source(source)
    return EvaluationReport(
        format=FORMAT,
        bundle_name=bundle_name,
        bundle_sha256=hashes[0],
        sources=tuple(
            evaluate_source(source, part, (background or {}).get(source))
            for (_, source), part in sorted(parts.items(), key=lambda item: item[0])
        ),
    )


def evaluate_source(
    source: str, held_out: HeldOutSet, background_balanced_accuracy: float | None
) -> SourceResult:
    """Compute the figures of one source under one protocol.

    Args:
        source: its name.
        held_out: its rows alone.
        background_balanced_accuracy: of the background-only baseline, 0-1; None if not measured.
    """
    groups, known = held_out.independent_groups, held_out.of_known_classes
    return SourceResult(
        source=source,
        protocol=held_out.protocol,
        report=evaluate_predictions(held_out),
        branch_accuracies=tuple(
            BranchAccuracy(
                name=branch.name,
                accuracy=rate_over_groups(held_out.of_branch(branch.name).is_right, groups),
            )
            for branch in held_out.branches
        ),
        ece=expected_calibration_error(known.probabilities, known.true_labels),
        brier=brier_score(known.probabilities, known.true_labels),
        background_balanced_accuracy=background_balanced_accuracy,
    )


def report_to_markdown(report: EvaluationReport) -> str:
    """The report as a Markdown table, one row a source and protocol.

    Args:
        report: the report.

    Returns:
        Title, table and the notes that its figures need.
    """
    branch_names = list(
        dict.fromkeys(
            branch.name for result in report.sources for branch in result.branch_accuracies
        )
    )
    header = [
        "Source",
        "Protocol",
        "Images",
        "Groups",
        "Classes",
        "Accuracy",
        "AUROC leukemia vs Healthy",
        "Coverage",
        "Accuracy of called",
        "Healthy called leukemia",
        "Background only",
        *(f"{escape_cell(name)} alone" for name in branch_names),
    ]
    lines = [
        f"# Evaluation of {escape_cell(report.bundle_name)}",
        "",
        f"Bundle `{report.bundle_sha256}`.",
        "",
        _row(header),
        _row(["---"] * len(header)),
        *(_row(_cells(result, branch_names)) for result in report.sources),
        "",
        *(f"- {note}" for note in _notes(report)),
    ]
    return "\n".join(lines) + "\n"


def format_estimate(estimate: Estimate | None) -> str:
    """A figure with its interval, as ``0.912 [0.871-0.945]``; ``-`` for None."""
    if estimate is None:
        return NO_FIGURE
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.3f} [no interval]"
    return f"{estimate.value:.3f} [{estimate.low:.3f}-{estimate.high:.3f}]"


def _cells(result: SourceResult, branch_names: list[str]) -> list[str]:
    """The texts of one table row."""
    report = result.report
    alone = {branch.name: branch.accuracy for branch in result.branch_accuracies}
    background = result.background_balanced_accuracy
    return [
        escape_cell(result.source),
        PROTOCOL_TEXTS[result.protocol],
        str(report.n_images),
        str(report.n_groups) if report.groups_known else "unknown",
        ", ".join(f"{one.class_name} {one.support}" for one in report.per_class if one.support),
        format_estimate(report.accuracy),
        format_estimate(report.leukemia_auroc),
        f"{report.coverage:.3f} ({report.n_called})",
        format_estimate(report.accuracy_of_called),
        format_estimate(report.leukemia_call_rate_of_healthy),
        NO_FIGURE if background is None else f"{background:.3f}",
        *(format_estimate(alone.get(name)) for name in branch_names),
    ]


def _notes(report: EvaluationReport) -> list[str]:
    """What a reader of the table must know, as far as it applies."""
    notes = [
        "Sources are never pooled: a class that comes from one laboratory alone cannot be told "
        "from that laboratory.",
        "Brackets are 95% intervals from a bootstrap over groups; at exactly 0 or 1, Wilson's over "
        "the number of groups; no interval where there is one group or the resamples all agree.",
        "Accuracy counts every image by its most probable class; coverage is the share with a "
        "call, and only a call counts as Healthy called leukemia, which is any class but Healthy.",
        "Background only is the balanced accuracy of a logistic regression on the image's edge, "
        "where no cell is seen.",
    ]
    if any(not result.report.groups_known for result in report.sources):
        notes.append(
            "Groups unknown: the interval treats each image as its own group and is too narrow if "
            "images share a patient."
        )
    if any(result.protocol == "paper" for result in report.sources):
        notes.append(
            "paper - leaking: images were augmented before the split, so copies of the test images "
            "were trained on; the copies are counted as images, and these figures say nothing "
            "about new patients."
        )
    return notes


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def escape_cell(text: str) -> str:
    """Text that cannot break out of a table cell or become markup."""
    one_line = " ".join(text.split())
    for character in "\\`*[]<>|":
        one_line = one_line.replace(character, "\\" + character)
    return one_line
