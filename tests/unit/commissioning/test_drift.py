"""The watch for a drift: how rarely it cries wolf, and how soon it finds a shift."""

import numpy as np
import pytest

from leukapp.commissioning.drift import ALARM_CAPITAL, STEPS, DriftWatch, _even_draw, _RankTest
from leukapp.inference.watch_scores import WatchedImage, WatchScores
from leukapp.model.commission_record import WatchReference

N_REFERENCE = 40


def reference(rng):
    def drawn(middle, width):
        return tuple(np.sort(rng.normal(middle, width, N_REFERENCE)).tolist())

    return WatchReference(
        n_gate_points=9, distance=drawn(0.6, 0.1), stain=drawn(0.9, 0.1), scale=drawn(60, 3)
    )


def images(rng, n, *, first=1, distance=0.6, stain=0.9, scale=60.0):
    return [
        WatchedImage(
            number=number,
            image_sha256=f"{number:064x}",
            seen_at=f"2026-01-{number:04d}",
            scores=WatchScores(
                distance=float(rng.normal(distance, 0.1)),
                stain=float(rng.normal(stain, 0.1)),
                scale=None if scale is None else float(rng.normal(scale, 3)),
            ),
        )
        for number in range(first, first + n)
    ]


def test_images_as_those_of_the_commissioning_raise_no_alarm():
    rng = np.random.default_rng(0)
    watch = DriftWatch(reference(rng))

    watch.take(images(rng, 1000))

    assert (watch.drifts, watch.n_images, watch.last_number) == ((), 1000, 1000)


def test_the_capital_passes_a_level_no_more_often_than_one_over_it():
    rng = np.random.default_rng(1)
    n_tests, level, n_passed = 150, 5.0, 0
    for _ in range(n_tests):
        test = _RankTest(rng.normal(0.6, 0.1, N_REFERENCE), STEPS["distance"])
        scores = rng.normal(0.6, 0.1, 150)
        n_passed += any(test.bet(score, rng.random()) >= level for score in scores)

    # Ville's inequality allows 30; it is passed more seldom, since most bets are small.
    assert 0 < n_passed <= n_tests / level


@pytest.mark.parametrize(("kind", "shifted"), [("distance", 0.8), ("stain", 0.7), ("scale", 66.0)])
def test_a_shift_of_two_deviations_is_found_soon_and_named_with_its_date(kind, shifted):
    rng = np.random.default_rng(2)
    watch = DriftWatch(reference(rng))
    watch.take(images(rng, 50))

    watch.take(images(rng, 60, first=51, **{kind: shifted}))

    (drift,) = watch.drifts
    assert drift.kind == kind
    assert 50 < drift.n_images <= 90
    assert drift.found_at == f"2026-01-{drift.n_images:04d}"


def test_it_goes_on_where_it_stood():
    rng = np.random.default_rng(3)
    known, coming = reference(rng), images(rng, 60, stain=0.7)
    at_once, in_parts = DriftWatch(known), DriftWatch(known)

    at_once.take(coming)
    for start in range(0, 60, 7):
        in_parts.take(coming[start : start + 7])

    assert at_once.drifts == in_parts.drifts != ()


def test_what_no_image_of_the_commissioning_gave_is_not_compared():
    rng = np.random.default_rng(4)
    known = reference(rng)
    watch = DriftWatch(
        WatchReference(n_gate_points=9, distance=known.distance, stain=known.stain, scale=())
    )

    watch.take([*images(rng, 40, scale=90.0), *images(rng, 5, first=41, scale=None)])

    assert watch.drifts == ()


def test_the_draw_among_equals_is_even_and_the_same_for_everyone():
    draws = [_even_draw(f"{number:064x}", "scale") for number in range(500)]

    assert draws == [_even_draw(f"{number:064x}", "scale") for number in range(500)]
    assert np.mean(draws) == pytest.approx(0.5, abs=0.05)
    assert pytest.approx(300) == ALARM_CAPITAL
