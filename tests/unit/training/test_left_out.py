"""The confidence from which calls in a laboratory never seen err rarely enough."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from leukapp.inference.decision import least_confidence
from leukapp.inference.probabilities import ClassProbabilities
from leukapp.recipes.left_out import (
    CONFIDENCES,
    MAX_LEFT_OUT_RISK,
    choose_confidence,
    laboratories_to_leave,
    without_images,
)
from leukapp.training.corpus import Corpus, ImageAnswers

HEALTHY = 2


def shares_for(probabilities):
    """Shares of (n, 3) answers that give Healthy this probability and ALL the rest."""
    healthy = np.asarray(probabilities)
    return np.stack([0.999 * (1 - healthy), 0.001 * (1 - healthy), healthy], axis=1)


def answers(p_healthy, branches=None):
    fused = shares_for(p_healthy)
    of_branches = tuple(shares_for(shares) for shares in branches) if branches else (fused, fused)
    images = [
        [ClassProbabilities(tuple(shares)) for shares in rows]
        for rows in zip(fused.tolist(), *(rows.tolist() for rows in of_branches), strict=True)
    ]
    return ImageAnswers(
        answers=(None,) * len(fused),
        is_near=np.ones(len(fused), np.bool_),
        samples=np.arange(len(fused)),
        probabilities=fused,
        branch_probabilities=of_branches,
        least_confidence=np.array([least_confidence(joined, rest) for joined, *rest in images]),
    )


def choose(left_out, classes):
    """With validation groups in which nothing is wrong: the first images of ``classes``."""
    right = answers(np.where(classes == HEALTHY, 0.999, 0.001))
    return choose_confidence(right, left_out, classes).confidence


def test_confidence_rises_until_the_errors_are_gone():
    # Healthy images, a fifth of them called ALL with just under 0.8: from there on all are right.
    p_healthy = [0.2, 0.95, 0.95, 0.95, 0.95]
    classes = np.full(5, HEALTHY)
    assert choose([answers(p_healthy)], classes) == pytest.approx(0.80)


def test_no_errors_need_no_more_than_half():
    classes = np.full(3, HEALTHY)
    assert choose([answers([0.9, 0.8, 0.7])], classes) == CONFIDENCES[0]


def test_errors_on_which_the_branches_disagree_do_not_count():
    p_healthy = [0.2, 0.95, 0.95]
    split = answers(p_healthy, branches=([0.2, 0.95, 0.95], [0.9, 0.95, 0.95]))
    classes = np.full(3, HEALTHY)
    assert choose([split], classes) == CONFIDENCES[0]


def test_the_wrong_leukemia_is_an_error_too():
    # The one image of the source is AML and called ALL, with a probability just under 0.95.
    at_home = replace(answers([0.999]), samples=np.array([1]))
    classes = np.array([1, HEALTHY])
    assert choose_confidence(at_home, [answers([0.05])], classes).confidence == pytest.approx(0.95)


def test_mean_over_sources_decides():
    # One wrong image of 100, surer than two others that are too many.
    p_healthy = [0.1, 0.3, 0.3] + [0.98] * 97
    bad, good = answers(p_healthy), answers([0.98] * 100)
    classes = np.full(100, HEALTHY)
    assert MAX_LEFT_OUT_RISK == 0.01
    assert choose([bad], classes) == pytest.approx(0.70, abs=0.02)
    assert choose([bad, good, good], classes) == CONFIDENCES[0]


def test_images_that_are_not_called_count_among_all():
    # The wrong one is half of the calls, but one image of 100.
    p_healthy = [0.1, 0.98]
    divided = answers(
        p_healthy + [0.98] * 98, branches=(p_healthy + [0.98] * 98, p_healthy + [0.1] * 98)
    )
    assert choose([divided], np.full(100, HEALTHY)) == CONFIDENCES[0]


def test_hopeless_sources_give_the_highest_confidence():
    classes = np.full(4, HEALTHY)
    chosen = choose([answers([0.0001] * 4)], classes)
    assert chosen == CONFIDENCES[-1]
    at_home = answers([0.999] * 4)
    assert choose_confidence(at_home, [], classes).keeps_risk
    assert not choose_confidence(at_home, [answers([0.0001] * 4)], classes).keeps_risk


def test_errors_at_home_raise_the_confidence_too():
    classes = np.full(100, HEALTHY)
    at_home = answers([0.1] * 5 + [0.97] * 95)
    chosen = choose_confidence(at_home, [], classes).confidence
    assert chosen == pytest.approx(0.90)


def test_only_laboratories_without_which_no_class_is_missing_are_left_out():
    def sample(laboratory, label):
        return SimpleNamespace(laboratory=laboratory, label=label)

    samples = (
        sample("a", "ALL"),
        sample("a", "Healthy"),
        sample("b", "AML"),
        sample("b", "Healthy"),
        sample("c", "ALL"),
    )
    corpus = Corpus(samples=samples, pooled=(), sample_indices=np.arange(5), imagenet_tops=())
    # Without b there is no AML: what the network then says of it is no question of laboratories.
    assert laboratories_to_leave(corpus, np.arange(5)) == ("a", "c")


def test_items_of_images_that_are_left_out_are_gone():
    corpus = Corpus(samples=(), pooled=(), sample_indices=np.array([0, 0, 1, 2]), imagenet_tops=())
    chosen = np.array([(0, 0), (1, 0), (2, 0), (3, 1)])
    kept = without_images(np.array([True, False, False]), corpus, chosen)
    assert kept.tolist() == [[2, 0], [3, 1]]
