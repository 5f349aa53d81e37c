"""Laboratories left out of training, and the limits that are chosen by how they do."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from leukapp.inference.fit_limits import JudgedAnswers, choose_limits, strictest_limits
from leukapp.model.manifest import CallLimits
from leukapp.training.corpus import Corpus, ImageAnswers, ItemVariants

MAX_WRONG: Final = 0.01
"""Share of the images that a call would be wrong for which may get it; the mean over laboratories,
for those that were left out and for held-out groups of the others."""

MAX_WRONG_OF_LABORATORY: Final = 0.02
"""The same in any single laboratory."""


def choose_calls(
    corpus: Corpus, held_out: ImageAnswers, left_out: Sequence[ImageAnswers]
) -> CallLimits:
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
    asked_for = [
        choose_limits(
            _judged(corpus, answers), max_mean=MAX_WRONG, max_laboratory=MAX_WRONG_OF_LABORATORY
        ).limits
        for answers in ([held_out], left_out)
        if answers
    ]
    return strictest_limits(asked_for)


def _judged(corpus: Corpus, answers: Sequence[ImageAnswers]) -> JudgedAnswers:
    samples = [corpus.samples[i] for of_one in answers for i in of_one.samples.tolist()]
    n_branches = len(answers[0].branch_probabilities)
    return JudgedAnswers(
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
