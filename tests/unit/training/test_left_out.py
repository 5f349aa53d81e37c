"""The confidence from which calls in a laboratory never seen err rarely enough."""

from types import SimpleNamespace

import numpy as np
import pytest

from leukapp.inference.field_rule import least_sure
from leukapp.recipes.left_out import (
    CONFIDENCES,
    MAX_LEFT_OUT_RISK,
    ImageLogits,
    choose_confidence,
    sources_to_leave,
)
from leukapp.training.corpus import Corpus

HEALTHY = 2


def logits_for(probabilities):
    """Logits of (n, 3) answers that give Healthy this probability and ALL the rest."""
    healthy = np.asarray(probabilities)
    return np.log(np.stack([0.999 * (1 - healthy), 0.001 * (1 - healthy), healthy], axis=1))


def answers(p_healthy, branches=None):
    fused = logits_for(p_healthy)
    return ImageLogits(
        samples=np.arange(len(fused)),
        fused=fused,
        branches=tuple(logits_for(one) for one in branches) if branches else (fused, fused),
    )


def choose(left_out, classes):
    """With validation groups in which nothing is wrong: the first images of ``classes``."""
    right = answers(np.where(classes == HEALTHY, 0.999, 0.001))
    return choose_confidence(right, left_out, classes, temperature=1.0)


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


def test_which_leukemia_is_not_asked():
    # Everything is AML and called ALL: no error of healthy against leukemia.
    classes = np.full(2, 1)
    assert choose([answers([0.05, 0.1])], classes) == CONFIDENCES[0]


def test_mean_over_sources_decides():
    bad, good = answers([0.3] * 10), answers([0.98] * 10)
    classes = np.full(10, HEALTHY)
    assert MAX_LEFT_OUT_RISK < 0.5
    assert choose([bad, good], classes) == pytest.approx(0.70, abs=0.02)


def test_hopeless_sources_give_the_highest_confidence():
    classes = np.full(4, HEALTHY)
    chosen = choose([answers([0.0001] * 4)], classes)
    assert chosen == CONFIDENCES[-1]


def test_errors_at_home_raise_the_confidence_too():
    classes = np.full(100, HEALTHY)
    at_home = answers([0.1] * 5 + [0.97] * 95)
    chosen = choose_confidence(at_home, [], classes, temperature=1.0)
    assert chosen == pytest.approx(0.90)


def test_only_sources_without_which_no_class_is_missing_are_left_out():
    def sample(source, label):
        return SimpleNamespace(source=source, label=label)

    samples = (
        sample("a", "ALL"),
        sample("a", "Healthy"),
        sample("b", "AML"),
        sample("b", "Healthy"),
        sample("c", "ALL"),
    )
    corpus = Corpus(samples=samples, pooled=(), sample_indices=np.arange(5), imagenet_tops=())
    # Without b there is no AML: what the network then says of it is no question of laboratories.
    assert sources_to_leave(corpus, np.arange(5)) == ("a", "c")


def test_least_sure():
    fused = np.array([[0.6, 0.1, 0.3], [0.1, 0.1, 0.8], [0.4, 0.5, 0.1]])
    branch = np.array([[0.1, 0.7, 0.2], [0.1, 0.3, 0.6], [0.1, 0.9, 0.0]])
    np.testing.assert_allclose(least_sure(fused, [branch]), [0.0, 0.6, 0.5])
