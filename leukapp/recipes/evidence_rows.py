"""The rows of the evidence: figures of one part of the data each, as JSON and as tables."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from leukapp.data.catalog import Sample
from leukapp.evaluation.auroc import weighted_auroc
from leukapp.evaluation.intervals import (
    Estimate,
    bootstrap_over_groups,
    bootstrap_weighted,
    rate_over_groups,
)
from leukapp.inference.decision import Decision
from leukapp.json_files import to_json
from leukapp.labels import HEALTHY, OTHER_LEUKEMIA, is_called_wrongly, name_answer

Kind: TypeAlias = Literal[
    "held-out groups",
    "source never seen",
    "other leukemia",
    "laboratory left out",
    "source left out",
    "folds over groups",
]

Measure: TypeAlias = Literal["auroc", "type_auroc", "accuracy", "wrong", "coverage"]

MEANS: Final[tuple[tuple[str, Measure], ...]] = (
    ("AUROC leukemia", "auroc"),
    ("called wrongly", "wrong"),
    ("called", "coverage"),
)

MIN_OF_CELL: Final = 10
"""Images of a kind of cell from which its figures are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRow:
    """Figures of images that the network was not trained on; intervals are over groups.

    Attributes:
        kind: how they were kept out of training.
        name: of the source; of what was judged in folds, also of a laboratory.
        laboratory: of the images.
        n_images: images.
        n_groups: independent groups; an upper bound where groups are not known.
        groups_known: whether patients or blocks are known.
        auroc: of the probability of leukemia, leukemia against Healthy; None without both.
        type_auroc: of the share of one type in it, among images of two types; None without both.
        accuracy: share of the images whose most probable class is right; None for other leukemia.
        wrong: share of all images that are called Healthy and are leukemia, called leukemia and are
            Healthy, or called another type than they are.
        coverage: share of the images that are called Healthy or leukemia.
        n_without_leukocyte: images in which none was found: no call, never right, equal shares.
        background: balanced accuracy of the image's edge alone on the same split, 0-1; None where
            it was not asked.
    """

    kind: Kind
    name: str
    laboratory: str
    n_images: int
    n_groups: int
    groups_known: bool
    auroc: Estimate | None
    type_auroc: Estimate | None
    accuracy: Estimate | None
    wrong: Estimate
    coverage: Estimate
    n_without_leukocyte: int
    background: float | None

    @classmethod
    def of(
        cls,
        kind: Kind,
        name: str,
        samples: Sequence[Sample],
        decisions: Sequence[Decision],
        *,
        background: float | None = None,
    ) -> Self:
        """Measure a part of the data.

        Args:
            kind: how it was kept out of training.
            name: of the source or laboratory.
            samples: its images, at least one.
            decisions: of each.
            background: balanced accuracy of the image's edge alone.
        """
        truths = np.array([sample.label for sample in samples])
        groups = np.array([sample.group for sample in samples])
        top = [None if d.probabilities is None else d.probabilities.top_class for d in decisions]
        is_known = bool((truths != OTHER_LEUKEMIA).all())
        return cls(
            kind=kind,
            name=name,
            laboratory=samples[0].laboratory,
            n_images=len(samples),
            n_groups=len(np.unique(groups)),
            groups_known=all(sample.groups_known for sample in samples),
            auroc=_auroc(_leukemia(decisions), truths != HEALTHY, groups),
            type_auroc=_type_auroc(truths, decisions, groups) if is_known else None,
            accuracy=_share_right(top, truths, groups) if is_known else None,
            wrong=rate_over_groups(_is_wrong(truths, decisions), groups),
            coverage=rate_over_groups(_is_called(decisions), groups),
            n_without_leukocyte=top.count(None),
            background=background,
        )

    def figure(self, measure: Measure) -> Estimate | None:
        """One of the figures by its name."""
        return {
            "auroc": self.auroc,
            "type_auroc": self.type_auroc,
            "accuracy": self.accuracy,
            "wrong": self.wrong,
            "coverage": self.coverage,
        }[measure]


@dataclass(frozen=True, slots=True, kw_only=True)
class CellRow:
    """How images of one kind of cell were called, in one row of the evidence.

    Attributes:
        row: kind and name of the row.
        cell: what the data set calls the cell, with the true class.
        n_images: images.
        n_called: called Healthy or leukemia.
        n_wrong: called wrongly.
    """

    row: str
    cell: str
    n_images: int
    n_called: int
    n_wrong: int


def count_cells(
    row: str, samples: Sequence[Sample], decisions: Sequence[Decision]
) -> tuple[CellRow, ...]:
    """Count calls by kind of cell, where a data set names it.

    Args:
        row: kind and name of the row.
        samples: its images.
        decisions: of each.
    """
    of_cell: dict[str, list[int]] = defaultdict(list)
    for index, sample in enumerate(samples):
        if sample.cell_label:
            of_cell[f"{sample.cell_label} ({sample.label})"].append(index)
    is_called = _is_called(decisions)
    is_wrong = _is_wrong(np.array([sample.label for sample in samples]), decisions)
    return tuple(
        CellRow(
            row=row,
            cell=cell,
            n_images=len(own),
            n_called=int(is_called[own].sum()),
            n_wrong=int(is_wrong[own].sum()),
        )
        for cell, own in sorted(of_cell.items())
        if len(own) >= MIN_OF_CELL
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything of one bundle.

    Attributes:
        bundle_sha256: of the bundle, hexadecimal.
        seed: of the trainings.
        rows: the figures.
        cells: calls by kind of cell.
        notes: what could not be measured, and why; one sentence each.
        format: name of this form of the file.
    """

    bundle_sha256: str
    seed: int
    rows: tuple[EvidenceRow, ...]
    cells: tuple[CellRow, ...]
    notes: tuple[str, ...]
    format: str = "leukapp-evidence-2"

    def row(self, kind: Kind, name: str) -> EvidenceRow | None:
        """The row of a kind and name, None where there is none."""
        return next((row for row in self.rows if (row.kind, row.name) == (kind, name)), None)

    def mean_left_out(self, measure: Measure) -> Estimate | None:
        """Mean over the laboratories left out, each the mean of its sources.

        Args:
            measure: which figure.

        Returns:
            With an interval over laboratories; None where no row has the figure.
        """
        rows = [
            (row.laboratory, figure.value)
            for row in self.rows
            if row.kind == "laboratory left out"
            and row.accuracy is not None
            and (figure := row.figure(measure)) is not None
        ]
        of_laboratory: dict[str, list[float]] = defaultdict(list)
        for laboratory, value in rows:
            of_laboratory[laboratory].append(value)
        if not rows:
            return None
        means = np.array([np.mean(values) for values in of_laboratory.values()])
        return bootstrap_over_groups(
            lambda chosen: float(means[chosen].mean()), np.arange(len(means))
        )

    def to_json(self) -> str:
        """All figures as JSON text."""
        return to_json(self)

    def to_markdown(self) -> str:
        """All figures as tables."""
        lines = [
            f"Bundle `{self.bundle_sha256[:12]}`.",
            "",
            "| source | judged as | images (groups) | AUROC leukemia | AUROC of the type "
            "| accuracy | called wrongly | called | without a leukocyte | background alone |",
            "|---|---|---|---|---|---|---|---|---|---|",
            *(_line(row) for row in self.rows),
            "",
            "Mean over laboratories left out: "
            + ", ".join(
                f"{words} {format_estimate(self.mean_left_out(measure)) or '-'}"
                for words, measure in MEANS
            )
            + ".",
        ]
        if self.cells:
            lines += [
                "",
                "| row | cell (class) | images | called | wrongly |",
                "|---|---|---|---|---|",
            ]
            lines += [
                f"| {one.row} | {one.cell} | {one.n_images} | {one.n_called} | {one.n_wrong} |"
                for one in self.cells
            ]
        if self.notes:
            lines += ["", *(f"- {note}" for note in self.notes)]
        return "\n".join(lines) + "\n"


def format_estimate(estimate: Estimate | None) -> str:
    """A figure with its interval for a table; empty where there is none."""
    if estimate is None:
        return ""
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.3f}"
    return f"{estimate.value:.3f} [{estimate.low:.3f}-{estimate.high:.3f}]"


def _line(row: EvidenceRow) -> str:
    figures = (row.auroc, row.type_auroc, row.accuracy, row.wrong, row.coverage)
    cells = (
        row.name,
        row.kind,
        f"{row.n_images} ({row.n_groups}{'' if row.groups_known else ' at most'})",
        *(format_estimate(figure) for figure in figures),
        str(row.n_without_leukocyte),
        "" if row.background is None else f"{row.background:.2f}",
    )
    return f"| {' | '.join(cells)} |"


def _leukemia(decisions: Sequence[Decision]) -> NDArray[np.float64]:
    """Probability of leukemia; that of equal shares where no leukocyte was found."""
    known = next((d.probabilities for d in decisions if d.probabilities is not None), None)
    nothing = 0.5 if known is None else 1 - 1 / len(known.class_names)
    return np.array(
        [
            nothing if d.probabilities is None else 1 - d.probabilities.of(HEALTHY)
            for d in decisions
        ],
        np.float64,
    )


def _type_auroc(
    truths: NDArray[np.str_], decisions: Sequence[Decision], groups: NDArray[np.str_]
) -> Estimate | None:
    types = sorted(set(truths.tolist()) - {HEALTHY})
    if len(types) != 2:
        return None
    own = np.flatnonzero(truths != HEALTHY)
    scores = np.full(len(own), 0.5)
    for row, index in enumerate(own.tolist()):
        probabilities = decisions[index].probabilities
        if probabilities is not None:
            first, second = (probabilities.of(name) for name in types)
            scores[row] = first / max(first + second, 1e-12)
    return _auroc(scores, truths[own] == types[0], groups[own])


def _share_right(
    top: Sequence[str | None], truths: NDArray[np.str_], groups: NDArray[np.str_]
) -> Estimate:
    is_right = [named == truth for named, truth in zip(top, truths.tolist(), strict=True)]
    return rate_over_groups(np.array(is_right, np.bool_), groups)


def _auroc(
    scores: NDArray[np.float64], is_positive: NDArray[np.bool_], groups: NDArray[np.str_]
) -> Estimate | None:
    if is_positive.all() or not is_positive.any():
        return None
    return bootstrap_weighted(lambda weights: weighted_auroc(scores, is_positive, weights), groups)


def _is_called(decisions: Sequence[Decision]) -> NDArray[np.bool_]:
    return np.array([decision.finding is not None for decision in decisions], np.bool_)


def _is_wrong(truths: NDArray[np.str_], decisions: Sequence[Decision]) -> NDArray[np.bool_]:
    return np.array(
        [
            is_called_wrongly(name_answer(decision.finding, decision.label), str(truth))
            for truth, decision in zip(truths, decisions, strict=True)
        ],
        np.bool_,
    )
