"""Run a diagnoser over labelled samples: the same path as the app, so the figures are the app's."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from leukapp.data.catalog import Sample
from leukapp.diagnosis import Diagnoser, Diagnosis
from leukapp.errors import CatalogError, ImageError
from leukapp.evaluation.background import edge_features
from leukapp.evaluation.held_out import BranchPredictions, HeldOutSet, Protocol
from leukapp.imaging.image_io import read_image
from leukapp.labels import join_with_or
from leukapp.model.dense import FloatArray


def judge_samples(
    diagnoser: Diagnoser,
    samples: Sequence[Sample],
    *,
    protocol: Protocol,
    report: Callable[[int, int], None] = lambda _done, _total: None,
) -> HeldOutSet:
    """Diagnose every sample and keep probabilities and calls.

    Args:
        diagnoser: bundle and engine.
        samples: images that the bundle was not trained on.
        protocol: how they were held out.
        report: takes images done and images in all.

    Returns:
        The held-out table, in the order of the samples; no pixels.

    Raises:
        CatalogError: a sample cannot be read, or the bundle does not know its class.
    """
    class_names = diagnoser.bundle.class_names
    kept: list[_Kept] = []
    with ThreadPoolExecutor(max_workers=2) as readers:
        for index, row in enumerate(readers.map(lambda s: _judge(diagnoser, s), samples)):
            kept.append(row)
            report(index + 1, len(samples))
    names = [spec.name for spec in diagnoser.bundle.preset.branches]
    return HeldOutSet(
        sample_ids=tuple(sample.sample_id for sample in samples),
        groups=tuple(sample.group for sample in samples),
        groups_known=np.array([sample.groups_known for sample in samples], np.bool_),
        sources=tuple(sample.source for sample in samples),
        true_labels=np.array([class_names.index(s.label) for s in samples], np.int64),
        probabilities=np.array([row.fused for row in kept], np.float64),
        branches=tuple(
            BranchPredictions(
                name=name,
                probabilities=np.array([row.branches[i] for row in kept], np.float64),
            )
            for i, name in enumerate(names)
        ),
        is_called=np.array([row.reason is None for row in kept], np.bool_),
        no_call_reasons=tuple(row.reason for row in kept),
        protocol=protocol,
        bundle_sha256=diagnoser.bundle.sha256,
        class_names=class_names,
    )


class _Kept:
    """Numbers of one diagnosis, without its pixels."""

    def __init__(self, diagnosis: Diagnosis, n_branches: int) -> None:
        # Without a leukocyte there is no answer: equal shares, and a reason instead of a call.
        n_classes = len(diagnosis.class_names)
        nothing = (1 / n_classes,) * n_classes
        self.fused = diagnosis.probabilities.values if diagnosis.probabilities else nothing
        self.branches = [vote.probabilities.values for vote in diagnosis.branches] or [
            nothing for _ in range(n_branches)
        ]
        self.reason = diagnosis.no_call_reason


def _judge(diagnoser: Diagnoser, sample: Sample) -> _Kept:
    class_names = diagnoser.bundle.class_names
    if sample.label not in class_names:
        raise CatalogError(
            f"{sample.sample_id} has the label {sample.label!r}, and the bundle "
            f"{diagnoser.bundle.name} knows {join_with_or(class_names)}; leave the image out or "
            "name a bundle that knows its class"
        )
    try:
        diagnosis = diagnoser.diagnose(sample.path)
        return _Kept(diagnosis, len(diagnoser.bundle.preset.branches))
    except ImageError as error:
        raise CatalogError(f"{sample.sample_id}: {error}") from error


def read_edge_features(samples: Sequence[Sample]) -> FloatArray:
    """Background features of samples, float32 (n, features); the cell is not seen."""
    with ThreadPoolExecutor(max_workers=2) as readers:
        rows = readers.map(lambda sample: edge_features(read_image(sample.path)), samples)
        return np.asarray(list(rows), np.float32)
