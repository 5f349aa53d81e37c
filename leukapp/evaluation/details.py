"""What a report holds beyond its table: curves, confusion, ablation, other bundles, step time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leukapp.evaluation.ablation import AblationRow, PairedComparison, ablation_rows, compare_paired
from leukapp.evaluation.confusion import confusion_of
from leukapp.evaluation.held_out import HeldOutSet, SplitProtocol
from leukapp.evaluation.intervals import Estimate
from leukapp.evaluation.metrics import (
    PrCurve,
    RocCurve,
    evaluate_predictions,
    pr_curve_of,
    roc_curve_of,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SourceDetails:
    """One source under one protocol.

    Attributes:
        source: data set or laboratory.
        protocol: how it was held out.
        confusion: int64 (classes, classes), row = true, column = predicted.
        confusion_of_true: float64 (classes, classes): each row divided by its sum, 0-1; rows of
            classes that the source lacks are 0.
        roc: points of each class that the source has beside another.
        pr: as ``roc``.
        ablation: the fused decision, then each branch alone.
    """

    source: str
    protocol: SplitProtocol
    confusion: NDArray[np.int64]
    confusion_of_true: NDArray[np.float64]
    roc: tuple[RocCurve, ...]
    pr: tuple[PrCurve, ...]
    ablation: tuple[AblationRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OtherBundle:
    """Another bundle on the images of one source.

    Attributes:
        name: folder name of the other bundle.
        bundle_sha256: hash of its manifest, hexadecimal.
        source: data set or laboratory.
        accuracy: of the other bundle, 0-1.
        weighted_f1: of the other bundle, 0-1.
        macro_auroc: of the other bundle; None where the source has one class.
        compared: this bundle against the other one, on the same images; None where they share
            none.
    """

    name: str
    bundle_sha256: str
    source: str
    accuracy: Estimate
    weighted_f1: float
    macro_auroc: Estimate | None
    compared: PairedComparison | None


def source_details(held_out: HeldOutSet) -> tuple[SourceDetails, ...]:
    """Details of every source of a set, each on its own.

    Args:
        held_out: one protocol.
    """
    return tuple(_details(held_out.of_source(source)) for source in held_out.source_names)


def compare_bundles(
    held_out: HeldOutSet, others: tuple[tuple[str, HeldOutSet], ...]
) -> tuple[OtherBundle, ...]:
    """Every other bundle on every source that this one was judged on.

    Args:
        held_out: of this bundle.
        others: name and held-out set of each other bundle.
    """
    rows = []
    for name, other in others:
        for source in sorted(set(held_out.source_names) & set(other.source_names)):
            theirs = other.of_source(source)
            figures = evaluate_predictions(theirs)
            rows.append(
                OtherBundle(
                    name=name,
                    bundle_sha256=other.bundle_sha256,
                    source=source,
                    accuracy=figures.accuracy,
                    weighted_f1=figures.weighted_f1,
                    macro_auroc=figures.macro_auroc,
                    compared=compare_paired(held_out.of_source(source), theirs),
                )
            )
    return tuple(rows)


def _details(held_out: HeldOutSet) -> SourceDetails:
    confusion = confusion_of(held_out)
    roc = [roc_curve_of(held_out, name) for name in held_out.class_names]
    pr = [pr_curve_of(held_out, name) for name in held_out.class_names]
    return SourceDetails(
        source=held_out.source_names[0],
        protocol=held_out.protocol,
        confusion=confusion.counts,
        confusion_of_true=np.nan_to_num(confusion.share_of_true),
        roc=tuple(curve for curve in roc if curve is not None),
        pr=tuple(curve for curve in pr if curve is not None),
        ablation=ablation_rows(held_out),
    )
