"""Laboratories left out of training, and the limits that are chosen by how they do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from leukapp.inference.fit_limits import (
    JudgedAnswers,
    choose_limits,
    choose_mode_limits,
    strictest_limits,
)
from leukapp.labels import ImageMode
from leukapp.model.manifest import CallLimits
from leukapp.training.corpus import Corpus, ImageAnswers, ItemVariants

MAX_WRONG: Final = 0.01
"""Share of the images that a call would be wrong for which may get it; the mean over laboratories,
for those that were left out and for held-out groups of the others."""

MAX_WRONG_OF_LABORATORY: Final = 0.02
"""The same in any single laboratory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenCalls:
    """Limits of a bundle.

    Attributes:
        limits: for an image of any mode.
        mode_limits: for images of each mode that there are images of; empty where modes are not
            known.
    """

    limits: CallLimits
    mode_limits: Mapping[ImageMode, CallLimits]


def choose_calls(
    corpus: Corpus, held_out: ImageAnswers, left_out: Sequence[ImageAnswers]
) -> ChosenCalls:
    """Smallest limits under which calls err rarely enough on what was not trained on.

    Args:
        corpus: images and features.
        held_out: answers for held-out groups of the laboratories that were trained on.
        left_out: of each laboratory, answers of the network that never saw it; with none, the
            held-out groups alone choose.

    Returns:
        For each step the larger of the limits that the laboratories left out and the held-out
        groups ask for; see ``choose_limits``.
    """
    judged = [_judged(corpus, answers) for answers in ([held_out], left_out) if answers]
    limits = [
        choose_limits(answers, max_mean=MAX_WRONG, max_laboratory=MAX_WRONG_OF_LABORATORY).limits
        for answers, _ in judged
    ]
    of_modes = [
        choose_mode_limits(
            answers, modes, max_mean=MAX_WRONG, max_laboratory=MAX_WRONG_OF_LABORATORY
        )
        for answers, modes in judged
    ]
    modes = list(dict.fromkeys(mode for asked_for in of_modes for mode in asked_for))
    return ChosenCalls(
        limits=strictest_limits(limits),
        mode_limits={
            mode: strictest_limits([asked_for[mode] for asked_for in of_modes if mode in asked_for])
            for mode in modes
        },
    )


def _judged(
    corpus: Corpus, answers: Sequence[ImageAnswers]
) -> tuple[JudgedAnswers, list[ImageMode]]:
    """Answers with their truths, and how each image was judged; no modes where none is known."""
    indices = [i for of_one in answers for i in of_one.samples.tolist()]
    samples = [corpus.samples[i] for i in indices]
    n_branches = len(answers[0].branch_probabilities)
    judged = JudgedAnswers(
        class_names=corpus.class_names,
        probabilities=np.concatenate([one.probabilities for one in answers]),
        branches=tuple(
            np.concatenate([one.branch_probabilities[branch] for one in answers])
            for branch in range(n_branches)
        ),
        is_near=np.concatenate([one.is_near for one in answers]),
        truths=tuple(sample.label for sample in samples),
        laboratories=tuple(sample.laboratory for sample in samples),
    )
    return judged, [corpus.modes[i] for i in indices] if corpus.modes else []


def laboratories_to_leave(corpus: Corpus, samples: NDArray[np.int64]) -> tuple[str, ...]:
    """Laboratories without which every class is still there: left out fairly."""
    laboratories = np.array([corpus.samples[i].laboratory for i in samples])
    classes = corpus.class_indices[samples]
    return tuple(
        laboratory
        for laboratory in sorted(set(laboratories.tolist()))
        if set(classes[laboratories != laboratory].tolist()) == set(classes.tolist())
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
