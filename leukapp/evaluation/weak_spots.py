"""Where a bundle's own report says that it is weak, source by source."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from leukapp.evaluation.held_out import SplitProtocol
from leukapp.evaluation.report import EvaluationReport, SourceResult

WeaknessKind: TypeAlias = Literal[
    "leaking", "many_errors", "false_alarms", "background", "low_coverage", "few_groups"
]

MANY_ERRORS_BELOW: Final = 0.90
"""Balanced accuracy under which a source is named."""
FALSE_ALARMS_ABOVE: Final = 0.05
"""Share of Healthy images called ALL or AML above which a source is named."""
LOW_COVERAGE_BELOW: Final = 0.80
FEW_GROUPS_BELOW: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class WeakSpot:
    """One reason not to trust the figures of one source.

    Attributes:
        source: data set or laboratory.
        protocol: ``grouped``, ``paper`` or ``external``.
        kind: what is weak.
        value: the figure that says so, 0-1; for ``few_groups`` the number of groups.
        limit: what it is compared with; for ``background`` the network's balanced accuracy.
    """

    source: str
    protocol: SplitProtocol
    kind: WeaknessKind
    value: float
    limit: float


def find_weak_spots(report: EvaluationReport) -> tuple[WeakSpot, ...]:
    """Name every weakness that the report shows, in the order of its sources.

    ``background``: a classifier that sees only the image's edge is as good as the lower end of
    the network's accuracy, so the figure may be of the laboratory and not of the cell.

    Args:
        report: of the bundle.
    """
    return tuple(spot for result in report.sources for spot in _spots_of(result))


def _spots_of(result: SourceResult) -> list[WeakSpot]:
    """The weaknesses of one source."""
    report, spots = result.report, []

    def name(kind: WeaknessKind, value: float, limit: float) -> None:
        spots.append(
            WeakSpot(
                source=result.source,
                protocol=result.protocol,
                kind=kind,
                value=value,
                limit=limit,
            )
        )

    if result.protocol == "paper":
        name("leaking", report.accuracy.value, 1.0)
    if report.macro_recall < MANY_ERRORS_BELOW:
        name("many_errors", report.macro_recall, MANY_ERRORS_BELOW)
    alarms = report.leukemia_call_rate_of_healthy
    if alarms is not None and alarms.value > FALSE_ALARMS_ABOVE:
        name("false_alarms", alarms.value, FALSE_ALARMS_ABOVE)
    background = result.background_balanced_accuracy
    lowest = report.accuracy.value if report.accuracy.low is None else report.accuracy.low
    if background is not None and background >= min(lowest, report.macro_recall):
        name("background", background, report.macro_recall)
    if report.coverage < LOW_COVERAGE_BELOW:
        name("low_coverage", report.coverage, LOW_COVERAGE_BELOW)
    if report.groups_known and report.n_groups < FEW_GROUPS_BELOW:
        name("few_groups", report.n_groups, FEW_GROUPS_BELOW)
    return spots
