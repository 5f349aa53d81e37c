"""From a laboratory's labelled images to corrected heads, gate, limits and certificates."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from leukapp.commissioning.axes import CorrectionAxes, axes_of_gate, axes_of_summary
from leukapp.commissioning.correction import (
    Correction,
    LabelledCells,
    Steps,
    corrected_heads,
    fit_steps,
)
from leukapp.commissioning.limits import certify_limits
from leukapp.commissioning.local_images import LocalImages, group_folds
from leukapp.inference.rule_for_many import (
    combine_images,
    extend_gate,
    feature_distances,
)
from leukapp.model.bundle import GateReference
from leukapp.model.commission_record import AnswerCertificate, Certificate
from leukapp.model.fusion import Heads, predict_logits
from leukapp.model.manifest import Thresholds
from leukapp.model.training_summary import TrainingSummary
from leukapp.process_threads import one_blas_thread

N_FOLDS: Final = 5
N_REPEATS: Final = 2
RIDGES: Final = (0.01, 0.03, 0.1, 1.0)
SUMMARY_SHARES: Final = (0.0, 0.3)
MIN_CLASS_IMAGES: Final = 5
"""Under so many images of health or of leukemia nothing is fitted: the shipped heads stay."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Parent:
    """What is commissioned: everything of a bundle behind its backbones.

    Attributes:
        heads: of every branch and the fusion.
        gate: reference features of its training.
        thresholds: calibration and limits.
        summary: labelled features of its training; None in a bundle that holds none.
    """

    heads: Heads
    gate: GateReference
    thresholds: Thresholds
    summary: TrainingSummary | None = None

    @property
    def class_names(self) -> tuple[str, ...]:
        """Of its answers, in their order."""
        return self.heads.class_names

    @cached_property
    def axes(self) -> CorrectionAxes:
        """What corrections go along; every fit to a laboratory takes the same."""
        return axes_of_gate(self.gate) if self.summary is None else axes_of_summary(self.summary)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """How strongly the local images count.

    Attributes:
        ridge: how dear a change of the shipped answers is.
        summary_share: share of the weight that the shipped training's features have, 0-1.
    """

    ridge: float
    summary_share: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedSite:
    """A bundle's heads, gate and limits after a fit to a laboratory.

    Attributes:
        heads: corrected.
        gate: with the laboratory's cells among its points.
        thresholds: with the laboratory's limits.
        setting: that cross-validation chose; None where the heads stay as they were.
        certificates: of each kind of error that the images can prove anything of.
        of_answers: the same of the answers given.
    """

    heads: Heads
    gate: GateReference
    thresholds: Thresholds
    setting: Setting | None
    certificates: tuple[Certificate, ...]
    of_answers: tuple[AnswerCertificate, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What is asked for.

    Attributes:
        risk: greatest share of a class's images that may be called wrongly, 0-1.
        confidence: of the proof, 0-1.
        seed: of the folds.
    """

    risk: float = 0.02
    confidence: float = 0.95
    seed: int = 0


@one_blas_thread()
def fit_site(parent: Parent, images: LocalImages, promise: Promise) -> FittedSite:
    """Fit a bundle to a laboratory; every choice is made by answers for patients not fitted on.

    Args:
        parent: that is commissioned.
        images: of the laboratory.
        promise: what its answers shall keep.

    Returns:
        The fit on all images, with limits chosen by folds over their patients.
    """
    crossed = _CrossFit(parent, images, promise.seed)
    setting = crossed.choose()
    logits = crossed.logits_of(setting)
    kept = crossed.distance_limit
    sharpness = parent.thresholds.field_sharpness
    scores = image_probabilities(
        logits, crossed.distances <= kept, images, sharpness=sharpness, temperature=1.0
    )
    certified = certify_limits(
        scores, images, parent.thresholds, risk=promise.risk, confidence=promise.confidence
    )
    correction = crossed.fit_all(setting)
    temperature = parent.thresholds.temperature / correction.scale
    built_in = replace(
        correction, kernel=correction.kernel * temperature, bias=correction.bias * temperature
    )
    return FittedSite(
        heads=parent.heads if setting is None else corrected_heads(parent.heads, built_in),
        gate=extend_gate(parent.gate, images.joined),
        thresholds=replace(
            parent.thresholds,
            temperature=temperature,
            max_feature_distance=kept,
            needs_agreement=False,
            limits=certified.limits,
            # What was proven is of images as they were brought, however these are judged.
            mode_limits={},
        ),
        setting=setting,
        certificates=certified.certificates,
        of_answers=certified.of_answers,
    )


def site_probabilities(site: FittedSite, images: LocalImages) -> NDArray[np.float64]:
    """What a fitted site says of images; NaN rows where no leukocyte counts.

    Args:
        site: fitted.
        images: others than it was fitted on.

    Returns:
        Calibrated, float64 (images, classes).
    """
    logits = predict_logits(site.heads, images.pooled).fused
    distances = feature_distances(site.gate, images.joined).astype(np.float64)
    return image_probabilities(
        logits,
        distances <= site.thresholds.max_feature_distance,
        images,
        sharpness=site.thresholds.field_sharpness,
        temperature=site.thresholds.temperature,
    )


def image_probabilities(
    logits: NDArray[np.floating],
    is_near: NDArray[np.bool_],
    images: LocalImages,
    *,
    sharpness: float,
    temperature: float,
) -> NDArray[np.float64]:
    """Put cells together to images, as the decision rule does.

    Args:
        logits: fused, of the cells, float (cells, classes).
        is_near: bool (cells,): within the gate's limit.
        images: of the cells.
        sharpness: of the rule.
        temperature: of the calibration.

    Returns:
        Float64 (images, classes); NaN rows where no cell is near or the quality check blocks.
    """
    return combine_images(
        logits,
        is_near & ~images.is_blocked[images.of_image],
        images.of_image,
        n_images=len(images),
        sharpness=sharpness,
        temperature=temperature,
    )


class _CrossFit:
    """Corrected answers for every image by fits without its patient."""

    def __init__(self, parent: Parent, images: LocalImages, seed: int) -> None:
        self._parent, self._images = parent, images
        temperature = parent.thresholds.temperature
        fused = predict_logits(parent.heads, images.pooled).fused
        self._logits = np.asarray(fused / temperature, np.float64)
        summary, self._along = parent.summary, parent.axes
        self._axes = self._along.project(images.joined)
        self._summary = None if summary is None else self._summary_cells(summary)
        self._settings = _settings(parent, images)
        self._folds = [
            group_folds(images, n_folds=N_FOLDS, seed=seed + repeat) for repeat in range(N_REPEATS)
        ]
        self._crossed: dict[Setting | None, NDArray[np.float64]] = {
            setting: self._cross(setting) for setting in self._settings
        }
        self.distances = self._cross_distances()
        self.distance_limit = self._distance_limit()

    def choose(self) -> Setting | None:
        """The setting whose answers for other patients fit their labels best."""
        losses = {setting: self._loss(logits) for setting, logits in self._crossed.items()}
        return min(losses, key=lambda setting: losses[setting])

    def logits_of(self, setting: Setting | None) -> NDArray[np.float64]:
        """Corrected logits of each cell by fits without its patient, float64 (cells, classes)."""
        return self._crossed[setting]

    def fit_all(self, setting: Setting | None) -> Correction:
        """The correction by all images, on the channels of the features."""
        steps = self._fit(setting, np.arange(len(self._images)))
        kernel = self._along.components @ steps.kernel
        return Correction(
            scale=steps.scale, kernel=kernel, bias=steps.bias - self._along.mean @ kernel
        )

    def _cross(self, setting: Setting | None) -> NDArray[np.float64]:
        total = np.zeros(self._logits.shape)
        for folds in self._folds:
            for fold in folds:
                others = np.setdiff1d(np.arange(len(self._images)), fold)
                steps = self._fit(setting, others)
                own = np.isin(self._images.of_image, fold)
                total[own] += steps.apply(self._logits[own], self._axes[own])
        return total / len(self._folds)

    def _fit(self, setting: Setting | None, chosen: NDArray[np.int64]) -> Steps:
        images = self._images
        n_axes, n_classes = self._axes.shape[1], len(images.class_names)
        is_healthy = images.is_healthy[chosen]
        if setting is None or not is_healthy.any() or is_healthy.all():
            return Steps(scale=1.0, kernel=np.zeros((n_axes, n_classes)), bias=np.zeros(n_classes))
        cells = _join(self._local_cells(chosen), self._summary, share=setting.summary_share)
        return fit_steps(cells, images.class_names, setting.ridge)

    def _local_cells(self, chosen: NDArray[np.int64]) -> LabelledCells:
        images = self._images
        own = np.isin(images.of_image, chosen) & ~images.is_blocked[images.of_image]
        of_image = images.of_image[own]
        labels = images.labels[of_image]
        n_cells = np.bincount(images.of_image, minlength=len(images))
        is_healthy = images.is_healthy[of_image]
        weights = 1.0 / n_cells[of_image]
        # Health and leukemia count alike, however many images there are of each.
        for side in (is_healthy, ~is_healthy):
            weights[side] *= 0.5 * len(np.unique(of_image)) / max(weights[side].sum(), 1e-9)
        return LabelledCells(
            logits=self._logits[own], axes=self._axes[own], labels=labels, weights=weights
        )

    def _summary_cells(self, summary: TrainingSummary) -> LabelledCells:
        joined = np.concatenate(summary.pooled, axis=1)
        fused = predict_logits(self._parent.heads, summary.pooled).fused
        return LabelledCells(
            logits=np.asarray(fused / self._parent.thresholds.temperature, np.float64),
            axes=self._along.project(joined),
            labels=summary.labels,
            weights=np.full(len(joined), 1.0),
        )

    def _loss(self, logits: NDArray[np.float64]) -> float:
        images = self._images
        everything = np.ones(len(logits), np.bool_)
        rule = self._parent.thresholds
        shares = image_probabilities(
            logits, everything, images, sharpness=rule.field_sharpness, temperature=1.0
        )
        seen = np.isfinite(shares[:, 0])
        if not seen.any():
            return 0.0
        right = np.clip(shares[seen, images.labels[seen]], 1e-6, 1)
        is_healthy = images.is_healthy[seen]
        sides = [-np.log(right[side]).mean() for side in (is_healthy, ~is_healthy) if side.any()]
        return float(np.mean(sides))

    def _cross_distances(self) -> NDArray[np.float64]:
        joined = self._images.joined
        distances = np.zeros(len(joined))
        for fold in self._folds[0]:
            own = np.isin(self._images.of_image, fold)
            gate = extend_gate(self._parent.gate, joined[~own])
            distances[own] = feature_distances(gate, joined[own])
        return distances

    def _distance_limit(self) -> float:
        """The shipped limit, or one under which the laboratory's own cells are near."""
        rule = self._parent.thresholds
        if not len(self.distances):
            return rule.max_feature_distance
        own = float(np.quantile(self.distances, 1 - rule.false_reject_fraction))
        return max(rule.max_feature_distance, own)


def _settings(parent: Parent, images: LocalImages) -> tuple[Setting | None, ...]:
    n_healthy = int(images.is_healthy.sum())
    if min(n_healthy, len(images) - n_healthy) < MIN_CLASS_IMAGES:
        return (None,)
    shares: Sequence[float] = SUMMARY_SHARES if parent.summary is not None else (0.0,)
    tried = [Setting(ridge=ridge, summary_share=share) for ridge in RIDGES for share in shares]
    return (None, *tried)


def _join(local: LabelledCells, summary: LabelledCells | None, *, share: float) -> LabelledCells:
    """Local cells, with those of the shipped training for a share of the weight."""
    if summary is None or not share:
        return local
    n_images = local.weights.sum()
    return LabelledCells(
        logits=np.concatenate([local.logits, summary.logits]),
        axes=np.concatenate([local.axes, summary.axes]),
        labels=np.concatenate([local.labels, summary.labels]),
        weights=np.concatenate(
            [
                local.weights * (1 - share),
                summary.weights * n_images * share / summary.weights.sum(),
            ]
        ),
    )
