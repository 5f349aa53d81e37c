"""Limits of two steps, chosen on made-up answers of laboratories."""

import numpy as np
import pytest

from leukapp.inference.fit_limits import (
    CANDIDATES,
    JudgedAnswers,
    choose_limits,
    choose_mode_limits,
    count_calls,
)
from leukapp.labels import CLASS_NAMES, HEALTHY, OTHER_LEUKEMIA
from leukapp.model.manifest import CallLimits


def judged(*rows, class_names=CLASS_NAMES, is_near=None):
    """Rows of (truth, laboratory, probabilities, how many such images)."""
    repeated = [row[:3] for row in rows for _ in range(row[3])]
    shares = np.array([shares for _, _, shares in repeated])
    return JudgedAnswers(
        class_names=class_names,
        probabilities=shares,
        branches=(shares,),
        is_near=np.ones(len(repeated), np.bool_) if is_near is None else is_near,
        truths=tuple(truth for truth, _, _ in repeated),
        laboratories=tuple(laboratory for _, laboratory, _ in repeated),
    )


def leukemia(share, of_all):
    """Probabilities with this much leukemia, and this share of it ALL."""
    return (share * of_all, share * (1 - of_all), 1 - share)


GOOD = (
    (HEALTHY, "a", leukemia(0.02, 0.5), 100),
    ("ALL", "a", leukemia(0.99, 0.98), 100),
    ("AML", "b", leukemia(0.99, 0.02), 100),
    (HEALTHY, "b", leukemia(0.02, 0.5), 100),
)


def test_answers_without_a_wrong_one_have_the_smallest_limits():
    chosen = choose_limits(judged(*GOOD))
    lowest = float(CANDIDATES[0])
    types = {"ALL": lowest, "AML": lowest}
    assert chosen.limits == CallLimits(healthy=lowest, leukemia=lowest, types=types)
    assert [
        (one.laboratory, one.n_called, one.n_typed, one.n_wrong) for one in chosen.laboratories
    ] == [("a", 200, 100, 0), ("b", 200, 100, 0)]


def test_each_step_is_bound_by_its_own_wrong_calls():
    """3 of 100 leukemias of one laboratory look 94 % healthy; 1 healthy of 100 looks leukemia."""
    chosen = choose_limits(
        judged(
            *GOOD,
            ("AML", "c", leukemia(0.06, 0.5), 3),
            ("AML", "c", leukemia(0.99, 0.02), 97),
            (HEALTHY, "c", leukemia(0.97, 0.5), 1),
            (HEALTHY, "c", leukemia(0.02, 0.5), 99),
        )
    )
    assert chosen.limits.healthy == 0.945
    assert chosen.limits.leukemia == 0.5
    assert [one.n_wrong for one in chosen.laboratories] == [0, 0, 1]


def test_no_laboratory_may_be_much_worse_than_the_mean():
    """3 % in one of four laboratories is 0.75 % in the mean: the laboratory's own bound decides."""
    rows = [("AML", name, leukemia(0.99, 0.02), 97) for name in "abcd"]
    worst = ("AML", "a", leukemia(0.1, 0.5), 3)
    others = [(HEALTHY, "a", leukemia(0.02, 0.5), 10), ("ALL", "b", leukemia(0.99, 0.98), 10)]
    answers = judged(*rows, worst, *others)
    assert choose_limits(answers).limits.healthy == 0.905
    assert choose_limits(answers, max_laboratory=0.05).limits.healthy == 0.5


def test_a_type_is_bound_by_leukemias_of_every_other_type():
    """CLL that looks like ALL raises the limit of ALL and leaves AML's alone."""
    chosen = choose_limits(judged(*GOOD, (OTHER_LEUKEMIA, "c", leukemia(0.99, 0.9), 50)))
    assert chosen.limits.types == {"ALL": 0.905, "AML": 0.5}
    of_c = chosen.laboratories[2]
    assert (of_c.n_called, of_c.n_typed, of_c.n_wrong) == (50, 0, 0)


def test_what_cannot_be_had_or_was_not_measured_is_never_called():
    sure_cll = (OTHER_LEUKEMIA, "c", leukemia(0.99, 1.0), 50)
    assert choose_limits(judged(*GOOD, sure_cll)).limits.types == {"ALL": None, "AML": 0.5}
    only_healthy = choose_limits(judged(GOOD[0])).limits
    assert (only_healthy.healthy, only_healthy.types) == (None, {"ALL": None, "AML": None})
    no_healthy = choose_limits(judged(*GOOD[1:3])).limits
    assert no_healthy.leukemia is None
    # One leukemia class says nothing of others until others are shown to it.
    two = judged(
        ("ALL", "a", (0.9, 0.1), 9), (HEALTHY, "a", (0.1, 0.9), 9), class_names=("ALL", HEALTHY)
    )
    assert choose_limits(two).limits.types == {"ALL": None}


def test_images_that_are_turned_away_call_nothing_wrongly():
    rows = (*GOOD, (OTHER_LEUKEMIA, "c", leukemia(0.99, 1.0), 50))
    answers = judged(*rows, is_near=np.arange(450) < 400)
    chosen = choose_limits(answers)
    assert chosen.limits.types == {"ALL": 0.5, "AML": 0.5}
    assert chosen.laboratories[2].n_called == 0
    blank = np.full(3, np.nan)
    nothing = judged(*GOOD, ("ALL", "c", blank, 5))
    assert count_calls(nothing, chosen.limits)[2].n_called == 0


def test_every_kind_of_wrong_call_is_counted_once():
    limits = CallLimits(healthy=0.9, leukemia=0.9, types={"ALL": 0.9, "AML": 0.9})
    (counted,) = count_calls(
        judged(
            ("ALL", "a", leukemia(0.01, 0.5), 1),
            (HEALTHY, "a", leukemia(0.99, 0.5), 2),
            (HEALTHY, "a", leukemia(0.99, 0.99), 4),
            ("ALL", "a", leukemia(0.99, 0.01), 8),
            (OTHER_LEUKEMIA, "a", leukemia(0.99, 0.99), 16),
            (OTHER_LEUKEMIA, "a", leukemia(0.99, 0.5), 32),
            ("ALL", "a", leukemia(0.5, 0.5), 64),
        ),
        limits,
    )
    assert (counted.n_wrong, counted.n_called, counted.n_images) == (31, 63, 127)


def test_parts_of_different_lengths_and_unknown_truths_are_refused():
    with pytest.raises(ValueError, match="one value an image"):
        judged(*GOOD, is_near=np.ones(3, np.bool_))
    with pytest.raises(ValueError, match="CLL"):
        judged(("CLL", "a", leukemia(0.9, 0.5), 1))


def test_the_hardest_mode_does_not_set_the_limits_of_the_others():
    hard = (("AML", "c", leukemia(0.01, 0.5), 40), (HEALTHY, "c", leukemia(0.99, 0.5), 40))
    answers = judged(*GOOD, *hard)
    modes = ["cell"] * 400 + ["segmented"] * 80
    chosen = choose_mode_limits(answers, modes)
    assert chosen["cell"].healthy == chosen["cell"].leukemia == CANDIDATES[0]
    of_hard = chosen["segmented"]
    assert of_hard.healthy > 0.99
    assert of_hard.leukemia > 0.99
    assert choose_limits(answers).limits.healthy == of_hard.healthy


def test_a_mode_of_one_laboratory_has_no_smaller_limit_than_all():
    """What one laboratory shows of cut-out cells may be chance, though none was called wrongly."""
    hard = (("AML", "c", leukemia(0.1, 0.5), 40), (HEALTHY, "c", leukemia(0.2, 0.5), 40))
    alone = (("AML", "d", leukemia(0.9, 0.5), 40), (HEALTHY, "d", leukemia(0.9, 0.5), 40))
    chosen = choose_mode_limits(judged(*GOOD, *hard, *alone), ["cell"] * 480 + ["segmented"] * 80)
    assert chosen["cell"].healthy == chosen["segmented"].healthy > 0.9
    assert chosen["segmented"].leukemia > chosen["cell"].leukemia


def test_a_mode_without_images_that_a_call_would_be_wrong_for_never_gets_it():
    chosen = choose_mode_limits(judged(*GOOD[:1]), ["field"] * 100)
    assert chosen == {
        "field": CallLimits(healthy=None, leukemia=0.5, types=dict.fromkeys(("ALL", "AML")))
    }
