"""The confidence limit, chosen by how networks do in a laboratory that they never saw."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from leukapp.recipes.image_answers import ImageAnswers
from leukapp.training.corpus import Corpus, ItemVariants

MAX_LEFT_OUT_RISK: Final = 0.01
"""Share of all images, called or not, that may be called wrongly in a source that was left out; the
mean over sources."""

MAX_HELD_OUT_RISK: Final = 0.01
"""Share of the calls that may be wrong in held-out groups of the training sources."""

INDISPENSABLE_SOURCES: Final = ("pbc_healthy",)
"""Never left out. Every monocyte, eosinophil and basophil that the compact preset trains on is from
here, so a network without it would be judged by unknown cells, not by an unknown laboratory."""

CONFIDENCES: Final = np.round(np.arange(0.50, 0.995, 0.01), 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenConfidence:
    """A confidence limit.

    Attributes:
        confidence: from which calls are made, 0-1.
        keeps_risk: whether wrong calls were as rare under it as was asked; False where no limit
            that was tried kept them so, and the largest is taken.
    """

    confidence: float
    keeps_risk: bool


def choose_confidence(
    validation: ImageAnswers,
    left_out: Sequence[ImageAnswers],
    class_indices: NDArray[np.int64],
) -> "ChosenConfidence":
    """Smallest confidence from which calls err rarely enough on groups and sources not trained on.

    Args:
        validation: held-out groups of the sources that were trained on.
        left_out: of each source, answers of the network that never saw it.
        class_indices: int64 (samples of the corpus,), true classes.

    Returns:
        The smallest of ``CONFIDENCES`` under which wrong calls are at most ``MAX_HELD_OUT_RISK`` of
        the calls in the validation groups and at most ``MAX_LEFT_OUT_RISK`` of the images in the
        mean over the sources; the largest where none is, and then ``keeps_risk`` is False.
    """
    for confidence in CONFIDENCES.tolist():
        of_held_out = _judge_calls(validation, class_indices, confidence)
        of_left_out = [_judge_calls(answers, class_indices, confidence) for answers in left_out]
        if (
            of_held_out.n_called
            and of_held_out.n_wrong <= MAX_HELD_OUT_RISK * of_held_out.n_called
            and (
                not of_left_out
                or np.mean([one.n_wrong / one.n_images for one in of_left_out]) <= MAX_LEFT_OUT_RISK
            )
        ):
            return ChosenConfidence(confidence=float(confidence), keeps_risk=True)
    return ChosenConfidence(confidence=float(CONFIDENCES[-1]), keeps_risk=False)


def sources_to_leave(corpus: Corpus, samples: NDArray[np.int64]) -> tuple[str, ...]:
    """Sources without which every class and cell type is still there: left out fairly."""
    sources = np.array([corpus.samples[i].source for i in samples])
    classes = corpus.class_indices[samples]
    return tuple(
        source
        for source in sorted(set(sources.tolist()) - set(INDISPENSABLE_SOURCES))
        if set(classes[sources != source].tolist()) == set(classes.tolist())
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Calls:
    """How many images are called, and how many of them wrongly."""

    n_images: int
    n_called: int
    n_wrong: int


def _judge_calls(
    answers: ImageAnswers, class_indices: NDArray[np.int64], confidence: float
) -> _Calls:
    is_called = answers.called_from(confidence)
    called = answers.probabilities[is_called].argmax(axis=1)
    return _Calls(
        n_images=len(is_called),
        n_called=int(is_called.sum()),
        n_wrong=int((called != class_indices[answers.samples[is_called]]).sum()),
    )


def without_source(source: str, corpus: Corpus, chosen: ItemVariants) -> ItemVariants:
    """Items of every source but one."""
    sources = np.array([sample.source for sample in corpus.samples])
    is_other = sources[corpus.sample_indices[chosen[:, 0]]] != source
    return np.asarray(chosen[is_other], np.int64)
