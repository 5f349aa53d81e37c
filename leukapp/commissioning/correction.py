"""A linear correction of a bundle's answers, fitted to a few labelled cells of a laboratory.

The shipped network stays as it is; what is fitted is added to its logits, and ridge keeps it small:
without evidence for a change the answers are those of the shipped bundle.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from leukapp.errors import TrainingError
from leukapp.labels import HEALTHY
from leukapp.model.dense import DenseLayer, FloatArray
from leukapp.model.fusion import BranchHead, Heads

SCALE_RANGE: Final = (0.25, 4.0)
"""How far the shipped network's own evidence may be weighed anew."""

MAX_ITERATIONS: Final = 100
TOLERANCE: Final = 1e-6
"""Of the loss, relative: cross-validation does not tell finer fits apart."""

BIAS_RIDGE: Final = 0.1
SCALE_RIDGE: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Correction:
    """What is added to the logits of a network.

    Attributes:
        scale: multiplies the shipped logits; above 0.
        kernel: float64 (channels of all branches, classes).
        bias: float64 (classes,).
    """

    scale: float
    kernel: NDArray[np.float64]
    bias: NDArray[np.float64]

    def apply(self, logits: NDArray[np.floating], joined: FloatArray) -> NDArray[np.float64]:
        """Corrected logits, float64 (cells, classes).

        Args:
            logits: of the shipped network, float (cells, classes).
            joined: features of the cells, float32 (cells, channels).
        """
        return np.asarray(self.scale * logits + joined @ self.kernel + self.bias, np.float64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelledCells:
    """Cells to fit a correction on.

    Attributes:
        logits: of the shipped network over its temperature, float64 (cells, classes).
        axes: features on the axes that are corrected along, float64 (cells, axes).
        labels: int64 (cells,).
        weights: float64 (cells,); their sum is the number of local images, which a ridge is weighed
            against.
    """

    logits: NDArray[np.float64]
    axes: NDArray[np.float64]
    labels: NDArray[np.int64]
    weights: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Steps:
    """A correction on axes: scale of the logits, kernel float64 (axes, classes), and bias."""

    scale: float
    kernel: NDArray[np.float64]
    bias: NDArray[np.float64]

    def apply(self, logits: NDArray[np.float64], axes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Corrected logits, float64 (cells, classes).

        Args:
            logits: of the shipped network over its temperature.
            axes: features on the axes, float64 (cells, axes).
        """
        return self.scale * logits + axes @ self.kernel + self.bias


def fit_steps(cells: LabelledCells, class_names: tuple[str, ...], ridge: float) -> Steps:
    """Fit healthy against leukemia, then the type where two of them are labelled.

    Args:
        cells: of a laboratory, and of the shipped training where the bundle brings some along.
        class_names: of the bundle.
        ridge: how dear a change is; above 0.

    Returns:
        The correction on the axes. A step with one class alone is not corrected.
    """
    n_axes, n_classes = cells.axes.shape[1], len(class_names)
    healthy = class_names.index(HEALTHY)
    kernel, bias, scale = np.zeros((n_axes, n_classes)), np.zeros(n_classes), 1.0
    types = np.array([index for index in range(n_classes) if index != healthy])
    is_leukemia = cells.labels != healthy
    odds = logsumexp(cells.logits[:, types], axis=1) - cells.logits[:, healthy]
    if 0 < is_leukemia.sum() < len(is_leukemia):
        fitted = _fit_logistic(cells.axes, odds, is_leukemia, cells.weights, ridge)
        scale = fitted.scale
        kernel[:, types] += fitted.kernel[:, None] / 2
        kernel[:, healthy] -= fitted.kernel / 2
        bias[types] += fitted.bias / 2
        bias[healthy] -= fitted.bias / 2
    present = np.unique(cells.labels[is_leukemia])
    if len(present) == 2:
        first, second = present.tolist()
        of_types = np.isin(cells.labels, present)
        own = scale * (cells.logits[of_types, first] - cells.logits[of_types, second])
        fitted = _fit_logistic(
            cells.axes[of_types],
            own,
            cells.labels[of_types] == first,
            _balanced(cells.weights[of_types], cells.labels[of_types]),
            ridge,
            keeps_scale=True,
        )
        kernel[:, first] += fitted.kernel / 2
        kernel[:, second] -= fitted.kernel / 2
        bias[first] += fitted.bias / 2
        bias[second] -= fitted.bias / 2
    return Steps(scale=scale, kernel=kernel, bias=bias)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Logistic:
    scale: float
    kernel: NDArray[np.float64]
    bias: float


def _balanced(weights: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Weights of the same sum under which the classes count alike."""
    balanced = weights.copy()
    present = np.unique(labels)
    for label in present:
        balanced[labels == label] *= weights.sum() / (len(present) * weights[labels == label].sum())
    return balanced


def _fit_logistic(
    axes: NDArray[np.float64],
    odds: NDArray[np.float64],
    is_positive: NDArray[np.bool_],
    weights: NDArray[np.float64],
    ridge: float,
    *,
    keeps_scale: bool = False,
) -> _Logistic:
    """Logistic regression beside given log-odds."""
    # Only a fit needs it, and it takes a while to import.
    from scipy.optimize import minimize

    n_axes = axes.shape[1]
    sign = np.where(is_positive, 1.0, -1.0)
    low, high = np.log(SCALE_RANGE)

    def loss(values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        log_scale = 0.0 if keeps_scale else values[-1]
        scale = np.exp(log_scale)
        margin = sign * (scale * odds + axes @ values[:n_axes] + values[n_axes])
        slope = -weights * sign / (1 + np.exp(np.clip(margin, -500, 500)))
        gradient = np.zeros_like(values)
        gradient[:n_axes] = axes.T @ slope + ridge * values[:n_axes]
        gradient[n_axes] = slope.sum() + BIAS_RIDGE * values[n_axes]
        if not keeps_scale:
            gradient[-1] = scale * (slope @ odds) + SCALE_RIDGE * log_scale
        total = float(weights @ np.logaddexp(0, -margin))
        total += 0.5 * ridge * float(values[:n_axes] @ values[:n_axes])
        total += 0.5 * BIAS_RIDGE * float(values[n_axes] ** 2) + 0.5 * SCALE_RIDGE * log_scale**2
        return total, gradient

    start = np.zeros(n_axes + (1 if keeps_scale else 2))
    bounds = [(None, None)] * (n_axes + 1) + ([] if keeps_scale else [(low, high)])
    settings = {"maxiter": MAX_ITERATIONS, "ftol": TOLERANCE}
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=settings).x
    return _Logistic(
        scale=1.0 if keeps_scale else float(np.exp(found[-1])),
        kernel=found[:n_axes],
        bias=float(found[n_axes]),
    )


def corrected_heads(heads: Heads, correction: Correction) -> Heads:
    """Build a correction into heads, as two further units in each branch's embedding and class.

    The rectified units of a linear map and of its negative give the map back, so the corrected
    network has layers like any other: engines and heatmaps need not know of it.

    Args:
        heads: of the shipped network.
        correction: whose kernel is of all branches; ``scale`` is not built in, since a temperature
            holds it.

    Raises:
        TrainingError: the fused answer holds no vote of the branches to correct.
    """
    n_branches = len(heads.branches)
    share = heads.late_fusion if heads.fusion else 1.0
    if not share:
        raise TrainingError(
            "this bundle joins its branches by the meta-classifier alone, so its answers cannot be "
            "corrected for a laboratory; name one with late fusion, as compact"
        )
    if any(head.imagenet_top for head in heads.branches):
        raise TrainingError(
            "this bundle hands ImageNet probabilities on, which hold too little of a laboratory to "
            "be fitted to it; name one of pooled features, as compact"
        )
    widths = [len(head.embed[0].kernel) for head in heads.branches]
    kernels = np.split(correction.kernel * (n_branches / share), np.cumsum(widths)[:-1])
    bias = correction.bias / share
    branches = tuple(
        _corrected_branch(head, kernel, bias)
        for head, kernel in zip(heads.branches, kernels, strict=True)
    )
    return replace(heads, branches=branches, fusion=_wider_fusion(heads))


def _corrected_branch(
    head: BranchHead, kernel: NDArray[np.float64], bias: NDArray[np.float64]
) -> BranchHead:
    (embed,), (classify,) = head.embed, head.classify
    widened = DenseLayer(
        kernel=np.concatenate([embed.kernel, kernel, -kernel], axis=1).astype(np.float32),
        bias=np.concatenate([embed.bias, bias, -bias]).astype(np.float32),
        activation=embed.activation,
    )
    identity = np.eye(len(bias), dtype=np.float32)
    counted = DenseLayer(
        kernel=np.concatenate([classify.kernel, identity, -identity]),
        bias=classify.bias,
        activation=classify.activation,
    )
    return BranchHead(imagenet_top=head.imagenet_top, embed=(widened,), classify=(counted,))


def _wider_fusion(heads: Heads) -> tuple[DenseLayer, ...]:
    """The meta-classifier with rows of zeros for the units that it does not know."""
    if not heads.fusion:
        return heads.fusion
    first, *others = heads.fusion
    widths = [len(head.embed[-1].bias) for head in heads.branches]
    zeros = np.zeros((2 * len(heads.class_names), first.kernel.shape[1]), np.float32)
    parts = np.split(first.kernel, np.cumsum(widths)[:-1])
    joined = np.concatenate([rows for part in parts for rows in (part, zeros)])
    return (replace(first, kernel=joined), *others)
