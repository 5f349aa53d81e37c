"""The tail that raises a limit: of the next patient, not of the next image."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit

from leukapp.commissioning.limits import _Asked


def asked_of(odds: NDArray[np.float64]) -> _Asked:
    shares = expit(odds)
    return _Asked(sureness=shares, shares=shares)


def names(numbers: NDArray[np.int64]) -> NDArray[np.str_]:
    return np.array([f"patient {number}" for number in numbers])


@pytest.mark.parametrize("a_patient", [1, 4])
def test_the_next_patients_image_exceeds_the_limit_as_often_as_was_asked(a_patient: int) -> None:
    rng = np.random.default_rng(a_patient)
    exceeded = []
    for _ in range(4000):
        patients = rng.normal(-3, 1.5, 11)
        odds = patients.repeat(a_patient) + rng.normal(0, 0.7, 11 * a_patient)
        known, following = odds[:-a_patient], odds[-1]
        groups = names(np.arange(10).repeat(a_patient))
        exceeded.append(expit(following) > asked_of(known).expected_limit(groups, 0.05))
    assert np.mean(exceeded) == pytest.approx(0.05, abs=0.015)


def test_as_many_images_of_fewer_patients_ask_for_more() -> None:
    odds = np.random.default_rng(0).normal(-3, 1, 12)
    limits = [
        asked_of(odds).expected_limit(names(np.arange(12) % patients), 0.02)
        for patients in (12, 4, 2, 1)
    ]
    assert limits == sorted(limits)
    assert limits[-1] == 1.0


def test_two_images_ask_for_nothing() -> None:
    assert asked_of(np.array([-3.0, -2.0])).expected_limit(names(np.arange(2)), 0.02) == 0.0
