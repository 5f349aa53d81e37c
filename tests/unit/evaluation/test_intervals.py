import numpy as np
import pytest

from leukapp.evaluation.intervals import (
    Estimate,
    bootstrap_over_groups,
    bootstrap_weighted,
    rate_over_groups,
    wilson_interval,
)

RANDOM = np.random.default_rng(7)
GROUPS = np.repeat(np.arange(20), RANDOM.integers(1, 9, size=20))
HITS = RANDOM.random(len(GROUPS)) < 0.7


def test_two_groups_have_three_resamples():
    # Each resample takes both from one group (0 or 1) or one of each (1/2): 1/4, 1/2, 1/4.
    hits = np.array([True, True, False, False])
    estimate = rate_over_groups(hits, ["a", "a", "b", "b"])
    assert estimate == Estimate(value=0.5, low=0.0, high=1.0)


def test_groups_of_unlike_size_weigh_by_their_images():
    # a: 3 of 3, b: 0 of 1; the mixed resample is 3/4, and so is the value.
    hits = np.array([True, True, True, False])
    groups = ["a", "a", "a", "b"]
    seen = set()

    def note(rows):
        seen.add(float(hits[rows].mean()))
        return float(hits[rows].mean())

    assert bootstrap_over_groups(note, groups).value == 0.75
    assert seen == {0.0, 0.75, 1.0}


def test_the_three_ways_agree_draw_by_draw():
    slow = bootstrap_over_groups(lambda rows: float(HITS[rows].mean()), GROUPS, seed=3)
    fast = rate_over_groups(HITS, GROUPS, seed=3)
    weighted = bootstrap_weighted(
        lambda weights: (weights @ HITS) / weights.sum(axis=1), GROUPS, seed=3
    )
    for other in (fast, weighted):
        assert other.value == pytest.approx(slow.value, abs=1e-12)
        assert other.low == pytest.approx(slow.low, abs=1e-12)
        assert other.high == pytest.approx(slow.high, abs=1e-12)
    assert slow.low < slow.value < slow.high


def test_same_seed_same_interval_and_another_seed_another():
    assert rate_over_groups(HITS, GROUPS, seed=1) == rate_over_groups(HITS, GROUPS, seed=1)
    assert rate_over_groups(HITS, GROUPS, seed=1) != rate_over_groups(HITS, GROUPS, seed=2)


def test_groups_that_agree_inside_widen_the_interval():
    hits = np.repeat(np.arange(10) % 2 == 0, 20)
    by_group = rate_over_groups(hits, np.repeat(np.arange(10), 20))
    by_image = rate_over_groups(hits, np.arange(200))
    # 10 groups: standard error 0.158; 200 images: 0.035.
    assert by_group.high - by_group.low == pytest.approx(0.6, abs=0.05)
    assert by_image.high - by_image.low == pytest.approx(0.138, abs=0.02)


def test_undefined_resamples_are_dropped():
    values = np.array([1.0, 2.0, 3.0])

    def first_or_nothing(rows):
        return float(values[rows].mean()) if 0 in rows else float("nan")

    estimate = bootstrap_over_groups(first_or_nothing, [0, 1, 2])
    # Image 0 is always in: at most (1 + 3 + 3) / 3, and not NaN.
    assert estimate.low == 1.0
    assert estimate.high == pytest.approx(7 / 3)


def test_one_group_has_no_interval():
    hits = np.array([True, False, True])
    assert rate_over_groups(hits, ["a"] * 3) == Estimate(value=2 / 3, low=None, high=None)
    for estimate in (
        bootstrap_over_groups(lambda rows: float(hits[rows].mean()), ["a"] * 3),
        bootstrap_weighted(lambda weights: (weights @ hits) / weights.sum(axis=1), ["a"] * 3),
    ):
        assert estimate.low is None
        assert estimate.high is None


@pytest.mark.parametrize("is_hit", [True, False])
def test_a_rate_of_0_or_1_takes_wilson_over_groups_not_images(is_hit):
    estimate = rate_over_groups(np.full(30, is_hit), np.repeat(np.arange(10), 3))
    # Wilson at n of n starts at n / (n + z^2) with n = 10 groups.
    far_end = 10 / (10 + 1.959963984540054**2)
    expected = (far_end, 1.0) if is_hit else (1 - far_end, 0.0)
    assert estimate.value == float(is_hit)
    assert (estimate.low if is_hit else estimate.high) == pytest.approx(expected[0])
    assert (estimate.high if is_hit else estimate.low) == pytest.approx(expected[1])


def test_a_constant_that_is_no_rate_has_no_interval():
    assert bootstrap_over_groups(lambda _: 1.0, [0, 1, 2]).low is None


def test_wilson_at_one_half():
    estimate = wilson_interval(5, 10)
    assert estimate.value == 0.5
    assert estimate.low == pytest.approx(0.236593, abs=1e-6)
    assert estimate.high == pytest.approx(0.763407, abs=1e-6)


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (3, 2), (-1, 2)])
def test_wilson_refuses_impossible_counts(successes, n):
    with pytest.raises(ValueError, match="successes must be 0 to n"):
        wilson_interval(successes, n)


def test_a_rate_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one image"):
        rate_over_groups(np.zeros(0, bool), [])


def test_chunks_do_not_change_the_draws(monkeypatch):
    def share(weights):
        return (weights @ HITS) / weights.sum(axis=1)

    whole = bootstrap_weighted(share, GROUPS)
    monkeypatch.setattr("leukapp.evaluation.intervals.MAX_CHUNK_WEIGHTS", 10 * len(GROUPS))
    parts = bootstrap_weighted(share, GROUPS)
    assert parts.low == pytest.approx(whole.low, abs=1e-12)
    assert parts.high == pytest.approx(whole.high, abs=1e-12)
