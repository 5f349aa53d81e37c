"""The limits under which calls in a laboratory never seen err rarely enough."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from leukapp.inference.fit_decision import widen_max_distance
from leukapp.labels import CLASS_NAMES
from leukapp.recipes.left_out import choose_calls, laboratories_to_leave, without_images
from leukapp.training.corpus import Corpus, ImageAnswers

HEALTHY = CLASS_NAMES.index("Healthy")
LOWEST = 0.5


def corpus_of(*parts):
    """Images of parts (laboratory, label, how many)."""
    samples = [
        SimpleNamespace(laboratory=laboratory, label=label)
        for laboratory, label, count in parts
        for _ in range(count)
    ]
    return Corpus(samples=tuple(samples), pooled=(), sample_indices=np.arange(0), imagenet_tops=())


def answers(corpus, leukemia, *, share_all=None, branches=None):
    """Answers of this probability of leukemia, an image each; the type is right if not told."""
    labels = np.array([sample.label for sample in corpus.samples])
    if share_all is None:
        share_all = np.where(labels == "AML", 0.02, 0.98)

    def shares(values):
        values = np.asarray(values, np.float64)
        return np.stack([values * share_all, values * (1 - share_all), 1 - values], axis=1)

    fused = shares(leukemia)
    return ImageAnswers(
        answers=(None,) * len(fused),
        is_near=np.ones(len(fused), np.bool_),
        distances=np.zeros(len(fused)),
        samples=np.arange(len(fused)),
        probabilities=fused,
        branch_probabilities=(fused, fused if branches is None else shares(branches)),
        least_confidence=np.ones(len(fused)),
    )


PARTS = (("a", "ALL", 100), ("a", "Healthy", 100), ("b", "AML", 100), ("b", "Healthy", 100))
DATA = corpus_of(*PARTS)
RIGHT = np.where([sample.label == "Healthy" for sample in DATA.samples], 0.02, 0.98)


def test_answers_without_an_error_have_the_smallest_limits():
    limits = choose_calls(DATA, answers(DATA, RIGHT), [answers(DATA, RIGHT)]).limits
    assert (limits.healthy, limits.leukemia) == (LOWEST, LOWEST)
    assert limits.types == {"ALL": LOWEST, "AML": LOWEST}


@pytest.mark.parametrize("is_left_out", [True, False])
def test_errors_of_a_laboratory_left_out_and_those_at_home_raise_a_limit_alike(is_left_out):
    """Five of 100 ALL look 90 % healthy: the limit of Healthy rises above, no other does."""
    wrong = RIGHT.copy()
    wrong[:5] = 0.1
    parts = [answers(DATA, RIGHT), answers(DATA, wrong)]
    held_out, left_out = parts if is_left_out else reversed(parts)
    limits = choose_calls(DATA, held_out, [left_out]).limits
    assert limits.healthy == pytest.approx(0.905)
    assert (limits.leukemia, limits.types) == (LOWEST, {"ALL": LOWEST, "AML": LOWEST})


def test_errors_on_which_the_branches_disagree_do_not_count():
    wrong = RIGHT.copy()
    wrong[:5] = 0.1
    split = answers(DATA, wrong, branches=RIGHT)
    assert choose_calls(DATA, answers(DATA, RIGHT), [split]).limits.healthy == LOWEST


def test_the_wrong_leukemia_is_an_error_too():
    share_all = np.where(RIGHT > 0.5, 0.98, 0.5)
    share_all[200:] = 0.02
    share_all[200:205] = 0.9
    left_out = answers(DATA, RIGHT, share_all=share_all)
    limits = choose_calls(DATA, answers(DATA, RIGHT), [left_out]).limits
    assert limits.types["ALL"] == pytest.approx(0.905)
    assert limits.healthy == LOWEST


def test_a_call_that_cannot_be_kept_right_is_never_made():
    hopeless = RIGHT.copy()
    hopeless[:100] = 0.0
    limits = choose_calls(DATA, answers(DATA, RIGHT), [answers(DATA, hopeless)]).limits
    assert limits.healthy is None
    assert limits.leukemia == LOWEST


def test_where_no_laboratory_can_be_left_out_the_held_out_groups_choose():
    wrong = RIGHT.copy()
    wrong[:5] = 0.1
    assert choose_calls(DATA, answers(DATA, wrong), []).limits.healthy == pytest.approx(0.905)


def test_the_errors_of_a_mode_raise_its_own_limits_alone():
    """Two laboratories photograph fields, two cells; five fields of leukemia look healthy."""
    cells = [(f"cells of {laboratory}", label, count) for laboratory, label, count in PARTS]
    data = replace(corpus_of(*PARTS, *cells), modes=("field",) * 400 + ("cell",) * 400)
    right = np.tile(RIGHT, 2)
    wrong = right.copy()
    wrong[:5] = 0.1
    chosen = choose_calls(data, answers(data, right), [answers(data, wrong)])
    assert chosen.limits.healthy == pytest.approx(0.905)
    assert chosen.mode_limits["field"].healthy == pytest.approx(0.905)
    assert chosen.mode_limits["cell"].healthy == LOWEST


def test_a_corpus_of_unknown_modes_has_the_same_limits_for_all():
    assert choose_calls(DATA, answers(DATA, RIGHT), [answers(DATA, RIGHT)]).mode_limits == {}


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


def test_a_new_laboratory_is_not_turned_away_for_being_new():
    """Of every laboratory left out, 98 of 100 images lie within the distance limit."""
    near, far = np.linspace(0.5, 1.0, 100), np.linspace(0.9, 1.4, 100)
    limit = widen_max_distance(1.0, [near, far, np.zeros(0)])
    assert 1 <= np.count_nonzero(far > limit) <= 2
    assert widen_max_distance(1.0, [near]) == 1.0
