"""Every figure of one source under one protocol, each computed at its first use and kept.

A page shows a few figures at a time and redraws at every click; the bootstraps behind them are
computed once. Two threads that ask at the same moment compute the same values twice, no more.
"""

from collections.abc import Mapping
from functools import cached_property

from leukapp.evaluation.ablation import AblationRow, ablation_rows
from leukapp.evaluation.calibration import ReliabilityBin, reliability_bins
from leukapp.evaluation.curve_bands import CurveKind, CurveWithBand, curve_with_band
from leukapp.evaluation.false_alarms import FalseAlarms, false_alarms
from leukapp.evaluation.group_rows import GroupRow, group_rows
from leukapp.evaluation.held_out import HeldOutSet
from leukapp.evaluation.intervals import Estimate, rate_over_groups
from leukapp.evaluation.metrics import balanced_accuracy
from leukapp.evaluation.report import SourceResult, evaluate_source
from leukapp.evaluation.risk_coverage import RiskCoverageCurve, risk_coverage_curve
from leukapp.labels import LEUKEMIA


class SourceEvaluation:
    """The figures of one source; see the modules that compute each.

    Args:
        held_out: the rows of one source alone.
        background_balanced_accuracy: of the background-only baseline, 0-1; None if not measured.
    """

    def __init__(self, held_out: HeldOutSet, background_balanced_accuracy: float | None) -> None:
        self.held_out = held_out
        self.background_balanced_accuracy = background_balanced_accuracy

    @cached_property
    def result(self) -> SourceResult:
        """Accuracy, areas, coverage, confusion, branches, calibration error, baseline."""
        return evaluate_source(
            self.held_out.sources[0], self.held_out, self.background_balanced_accuracy
        )

    @cached_property
    def balanced_accuracy(self) -> Estimate:
        """Mean over the classes at hand of the share that is right, 0-1."""
        held_out = self.held_out.of_known_classes
        return balanced_accuracy(
            held_out.predicted_labels, held_out.true_labels, held_out.independent_groups
        )

    @cached_property
    def coverage(self) -> Estimate:
        """Share of images with a call, 0-1."""
        return rate_over_groups(self.held_out.is_called, self.held_out.independent_groups)

    @cached_property
    def roc_curves(self) -> tuple[CurveWithBand, ...]:
        """One curve for each class that the source tells from another, then leukemia's."""
        return self._curves("roc")

    @cached_property
    def pr_curves(self) -> tuple[CurveWithBand, ...]:
        """One curve for each class that the source tells from another, then leukemia's."""
        return self._curves("pr")

    @cached_property
    def reliability(self) -> tuple[ReliabilityBin, ...]:
        """Top probability against accuracy, bins of equal width."""
        held_out = self.held_out.of_known_classes
        return reliability_bins(held_out.probabilities, held_out.true_labels)

    @cached_property
    def risk_coverage(self) -> RiskCoverageCurve:
        """Error among the called against the share that is called."""
        held_out = self.held_out.of_known_classes
        return risk_coverage_curve(held_out.probabilities, held_out.true_labels)

    @cached_property
    def groups(self) -> tuple[GroupRow, ...]:
        """One row a group, the worst first."""
        return group_rows(self.held_out)

    @cached_property
    def ablation(self) -> tuple[AblationRow, ...]:
        """The fused decision and each branch alone."""
        return ablation_rows(self.held_out)

    @cached_property
    def branches(self) -> Mapping[str, "SourceEvaluation"]:
        """The figures of each branch alone on the same images, by its name."""
        names = [branch.name for branch in self.held_out.branches]
        return {name: SourceEvaluation(self.held_out.of_branch(name), None) for name in names}

    @cached_property
    def false_alarms(self) -> FalseAlarms | None:
        """How many Healthy images are called leukemia; None without a Healthy image."""
        return false_alarms(self.held_out)

    def _curves(self, kind: CurveKind) -> tuple[CurveWithBand, ...]:
        names = self.held_out.class_names
        # With one leukemia class its curve is that of leukemia against healthy.
        if len(names) > 2:
            names = (*names, LEUKEMIA)
        curves = (curve_with_band(self.held_out, name, kind) for name in names)
        return tuple(curve for curve in curves if curve is not None)
