"""Laboratories left out of training, and the confidence limit that is chosen by how they do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from leukapp.training.corpus import Corpus, ImageAnswers, ItemVariants

MAX_LEFT_OUT_RISK: Final = 0.01
"""Share of all images, called or not, that may be called wrongly in a laboratory that was left out;
the mean over laboratories."""

MAX_HELD_OUT_RISK: Final = 0.01
"""Share of the calls that may be wrong in held-out groups of the laboratories trained on."""

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
    """Smallest confidence from which calls err rarely enough on what was not trained on.

    Args:
        validation: held-out groups of the laboratories that were trained on.
        left_out: of each laboratory, answers of the network that never saw it.
        class_indices: int64 (samples of the corpus,), true classes.

    Returns:
        The smallest of ``CONFIDENCES`` under which wrong calls are at most ``MAX_HELD_OUT_RISK`` of
        the calls in the validation groups and at most ``MAX_LEFT_OUT_RISK`` of the images in the
        mean over the laboratories; the largest where none is, and then ``keeps_risk`` is False.
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


def laboratories_to_leave(corpus: Corpus, samples: NDArray[np.int64]) -> tuple[str, ...]:
    """Laboratories without which every class is still there: left out fairly."""
    laboratories = np.array([corpus.samples[i].laboratory for i in samples])
    classes = corpus.class_indices[samples]
    return tuple(
        laboratory
        for laboratory in sorted(set(laboratories.tolist()))
        if set(classes[laboratories != laboratory].tolist()) == set(classes.tolist())
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


def without_images(
    is_left_out: NDArray[np.bool_], corpus: Corpus, chosen: ItemVariants
) -> ItemVariants:
    """Items of the images that are not left out.

    Args:
        is_left_out: bool (images of the corpus,).
        corpus: images and features.
        chosen: items.
    """
    is_kept = ~is_left_out[corpus.sample_indices[chosen[:, 0]]]
    return np.asarray(chosen[is_kept], np.int64)
