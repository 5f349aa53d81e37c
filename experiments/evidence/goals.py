"""What each row of the evidence is held against, and whether it is reached."""

from dataclasses import dataclass
from typing import Final

from leukapp.evaluation.intervals import Estimate
from leukapp.recipes.evidence_rows import Evidence, Kind, Measure, format_estimate

RATES_OF_ERROR: Final = frozenset({"wrong"})
WORDS: Final[dict[Measure, str]] = {
    "auroc": "AUROC leukemia against healthy",
    "type_auroc": "AUROC ALL against AML",
    "accuracy": "accuracy",
    "wrong": "share called wrongly",
    "coverage": "share called",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A target for one figure.

    Attributes:
        kind: of the row.
        name: of the row; empty stands for the mean over all rows of the kind.
        measure: of the row.
        target: at least so much, or at most where it is a rate of errors; 0-1.
        before: figure before the work on it, as text; empty where none was taken.
        words: what the row shows.
    """

    kind: Kind
    name: str
    measure: Measure
    target: float
    before: str
    words: str

    def is_reached(self, value: float) -> bool:
        """Whether a value reaches the target."""
        return value <= self.target if self.measure in RATES_OF_ERROR else value >= self.target


def _left_out(name: str, target: float, before: str, words: str) -> Goal:
    return Goal(
        kind="laboratory left out",
        name=name,
        measure="auroc",
        target=target,
        before=before,
        words=f"{words}, its laboratory left out",
    )


def _healthy(name: str, before: str, words: str) -> Goal:
    return Goal(
        kind="source never seen",
        name=name,
        measure="wrong",
        target=0.02,
        before=before,
        words=f"{words}, healthy, never seen",
    )


GOALS: Final = (
    _left_out("all_idb2", 0.97, "0.909", "ALL-IDB2, Monza"),
    _left_out("aria", 0.90, "0.769", "Aria, Taleqani"),
    _left_out("jhu_aml", 0.96, "0.933", "JHU"),
    _left_out("lmu", 0.96, "0.921", "LMU, ten cell types"),
    _left_out("cnmc", 0.85, "", "C-NMC"),
    Goal(
        kind="held-out groups",
        name="jhu_aml",
        measure="auroc",
        target=0.99,
        before="0.986",
        words="JHU, held-out patients",
    ),
    Goal(
        kind="folds over groups",
        name="all_idb2",
        measure="accuracy",
        target=0.96,
        before="0.900",
        words="ALL-IDB2, five folds over its scenes",
    ),
    Goal(
        kind="folds over groups",
        name="itu",
        measure="type_auroc",
        target=0.85,
        before="",
        words="ALL against AML inside ITU, five folds over its patients",
    ),
    Goal(
        kind="other leukemia",
        name="itu",
        measure="wrong",
        target=0.05,
        before="",
        words="CLL and CML of ITU: called ALL, AML or Healthy",
    ),
    _healthy("pbc_healthy_batch2", "0.004", "PBC, second camera"),
    _healthy("bccd", "0.35", "BCCD"),
    _healthy("tecom", "0.47", "Tecom"),
    Goal(
        kind="laboratory left out",
        name="",
        measure="coverage",
        target=0.50,
        before="",
        words="mean over laboratories left out",
    ),
    Goal(
        kind="laboratory left out",
        name="",
        measure="wrong",
        target=0.01,
        before="",
        words="mean over laboratories left out",
    ),
)
FOLDS: Final = ("all_idb2", "itu")
"""What is judged in folds over its groups as well."""


def value_of(goal: Goal, evidence: Evidence) -> Estimate | None:
    """What was reached, None where the evidence has no such figure.

    Args:
        goal: names the row.
        evidence: of the bundle.
    """
    if not goal.name:
        return evidence.mean_left_out(goal.measure)
    row = evidence.row(goal.kind, goal.name)
    return None if row is None else row.figure(goal.measure)


def write_goals(evidence: Evidence) -> str:
    """Every target beside what was reached, as a Markdown table.

    Args:
        evidence: of the bundle.
    """
    lines = [
        "| images | measure | before | target | reached | |",
        "|---|---|---|---|---|---|",
    ]
    for goal in GOALS:
        reached = value_of(goal, evidence)
        sign = "at most" if goal.measure in RATES_OF_ERROR else "at least"
        verdict = "not measured"
        if reached is not None:
            verdict = "reached" if goal.is_reached(reached.value) else "missed"
        lines.append(
            f"| {goal.words} | {WORDS[goal.measure]} | {goal.before} | {sign} {goal.target:g} | "
            f"{format_estimate(reached)} | {verdict} |"
        )
    return "\n".join(lines) + "\n"
