"""Trainings that each leave one source out: how the network does in a laboratory it never saw."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from leukapp.inference.field_rule import combine_cells, least_sure
from leukapp.labels import CLASS_NAMES, HEALTHY
from leukapp.model.dense import FloatArray
from leukapp.model.fusion import Heads, predict_logits, softmax
from leukapp.model.presets import Preset
from leukapp.training.corpus import Corpus, ItemVariants
from leukapp.training.items import weigh_items
from leukapp.training.two_stage import train_heads

MAX_LEFT_OUT_RISK: Final = 0.15
"""Share of calls on the wrong side, healthy or leukemia, that the confidence limit aims at in a
source that was left out; the mean over sources."""

MAX_HELD_OUT_RISK: Final = 0.01
"""The same for held-out groups of the sources that were trained on."""

CONFIDENCES: Final = np.round(np.arange(0.50, 0.995, 0.01), 2)
HEALTHY_INDEX: Final = CLASS_NAMES.index(HEALTHY)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImageLogits:
    """Uncalibrated answers for images, their cells put together.

    Attributes:
        samples: int64 (images,): which images of the corpus; only those with a leukocyte.
        fused: float32 (images, classes).
        branches: of each branch, as ``fused``.
    """

    samples: NDArray[np.int64]
    fused: FloatArray
    branches: tuple[FloatArray, ...]


def combine_images(
    heads: Heads, corpus: Corpus, samples: Sequence[int] | NDArray[np.int64], sharpness: float
) -> ImageLogits:
    """Answer for images from all their cells; no cell is turned away.

    Args:
        heads: trained.
        corpus: images and features.
        samples: which images; those without a leukocyte are left out.
        sharpness: of the rule that puts cells together.
    """
    items = corpus.items_of(samples)
    logits = predict_logits(heads, tuple(pooled[items, 0] for pooled in corpus.pooled))
    of_image = corpus.sample_indices[items]
    images = np.unique(of_image)

    def combine(of_items: FloatArray) -> FloatArray:
        return np.array([combine_cells(of_items[of_image == one], sharpness) for one in images])

    return ImageLogits(
        samples=images,
        fused=combine(logits.fused),
        branches=tuple(combine(one) for one in logits.branches),
    )


def train_without(  # noqa: PLR0913
    source: str,
    preset: Preset,
    corpus: Corpus,
    train: ItemVariants,
    validation: ItemVariants,
    *,
    seed: int,
    checkpoint_dir: Path | None = None,
    report: Callable[[str], None] = lambda _line: None,
) -> Heads:
    """Train the heads on every source but one.

    Args:
        source: the one that is left out, of training and of validation.
        preset: the recipe.
        corpus: images and features.
        train: items of the training part.
        validation: items that stop the training.
        seed: of everything random.
        checkpoint_dir: keeps finished stages.
        report: takes a line of progress.
    """
    report(f"training without {source}")
    return train_heads(
        preset,
        corpus.imagenet_tops,
        weigh_items(preset, corpus, without_source(source, corpus, train)),
        weigh_items(preset, corpus, without_source(source, corpus, validation)),
        seed=seed,
        report=report,
        checkpoint_dir=checkpoint_dir,
    ).heads


def choose_confidence(
    validation: ImageLogits,
    left_out: Sequence[ImageLogits],
    class_indices: NDArray[np.int64],
    *,
    temperature: float,
) -> float:
    """Smallest confidence from which calls err rarely enough, at home and abroad.

    An image is called where the fused decision and both branches name one class and the least sure
    of them reaches the confidence; it errs where the side, healthy or leukemia, is wrong. Which
    leukemia it is cannot be asked of a source that was left out.

    Args:
        validation: held-out groups of the sources that were trained on.
        left_out: of each source, answers of the network that never saw it.
        class_indices: int64 (samples of the corpus,), true classes.
        temperature: calibrates the fused logits.

    Returns:
        The smallest of ``CONFIDENCES`` under which the risk is at most ``MAX_HELD_OUT_RISK`` in
        the validation groups and at most ``MAX_LEFT_OUT_RISK`` in the mean over the sources; the
        largest where none is.
    """

    def risk(answers: ImageLogits, confidence: float) -> float | None:
        return _risk(answers, class_indices, temperature, confidence)

    for confidence in CONFIDENCES:
        at_home = risk(validation, float(confidence))
        abroad = [one for a in left_out if (one := risk(a, float(confidence))) is not None]
        if (
            at_home is not None
            and at_home <= MAX_HELD_OUT_RISK
            and (not abroad or float(np.mean(abroad)) <= MAX_LEFT_OUT_RISK)
        ):
            return float(confidence)
    return float(CONFIDENCES[-1])


def sources_to_leave(corpus: Corpus, samples: NDArray[np.int64]) -> tuple[str, ...]:
    """Sources without which every class is still there: only these can be left out fairly."""
    sources = np.array([corpus.samples[i].source for i in samples])
    classes = corpus.class_indices[samples]
    return tuple(
        source
        for source in sorted(set(sources.tolist()))
        if set(classes[sources != source].tolist()) == set(classes.tolist())
    )


def _risk(
    answers: ImageLogits, class_indices: NDArray[np.int64], temperature: float, confidence: float
) -> float | None:
    fused = softmax(answers.fused, temperature)
    branches = [softmax(one) for one in answers.branches]
    is_called = least_sure(fused, branches) >= confidence
    if not is_called.any():
        return None
    says_healthy = answers.fused.argmax(axis=1) == HEALTHY_INDEX
    is_healthy = class_indices[answers.samples] == HEALTHY_INDEX
    return float((says_healthy != is_healthy)[is_called].mean())


def without_source(source: str, corpus: Corpus, chosen: ItemVariants) -> ItemVariants:
    """Items of every source but one."""
    sources = np.array([sample.source for sample in corpus.samples])
    is_other = sources[corpus.sample_indices[chosen[:, 0]]] != source
    return np.asarray(chosen[is_other], np.int64)
