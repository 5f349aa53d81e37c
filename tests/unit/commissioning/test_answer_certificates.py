"""Of the answers given at most so many are wrong: how often that holds, and what is missing."""

import numpy as np
import pytest
from scipy.stats import beta, binom, norm

from leukapp.commissioning.answer_certificates import certify_answers, error_level
from leukapp.commissioning.certificates import reachable_level
from leukapp.commissioning.limits import certify_limits
from leukapp.commissioning.local_images import LocalImages
from leukapp.commissioning.report import describe_answers
from leukapp.model.commission_record import FALSE_ALARM, MISSED
from leukapp.model.manifest import Thresholds

NAMES = ("ALL", "Healthy")
SHIFT = 1.2
N_CLASS = 30


def certify(n_wrong_for, n_right_for, n_given, *, risk=0.02, kind=MISSED):
    """A patient an image; the answer is given to some of those that it is right for."""
    is_wrong_for = np.repeat([True, False], [n_wrong_for, n_right_for])
    is_given = np.zeros(len(is_wrong_for), np.bool_)
    is_given[n_wrong_for : n_wrong_for + n_given] = True
    groups = np.array([f"p{i}" for i in range(len(is_given))])
    return certify_answers(kind, is_given, is_wrong_for, groups, risk=risk, confidence=0.95)


def test_both_parts_are_bounds_of_the_tables():
    certificate = certify(20, 20, 15)

    assert certificate.error_bound == pytest.approx(reachable_level(20, 0.96))
    assert certificate.right_bound == pytest.approx(beta.ppf(0.01, 15, 6), abs=1e-5)
    wrong = certificate.error_bound / (certificate.error_bound + certificate.right_bound)
    assert certificate.certified == pytest.approx(wrong)


def test_the_first_part_is_tested_at_what_the_patients_can_certify_down_to_half_the_risk():
    assert error_level(40, risk=0.02, confidence=0.95) == reachable_level(40, 0.96)
    assert error_level(4000, risk=0.02, confidence=0.95) == 0.01


def test_many_patients_certify_the_risk_and_never_say_that_none_are_missing():
    assert certify(400, 400, 320).is_reached
    for n_groups in (60, 120, 200, 260):
        certificate = certify(n_groups, n_groups, n_groups * 3 // 4)
        assert certificate.is_reached != (certificate.n_more_groups > 0)


def test_rarer_leukemia_makes_missed_ones_rarer_and_false_alarms_of_more_weight():
    missed, false_alarm = certify(40, 40, 30), certify(40, 40, 30, kind=FALSE_ALARM)

    assert missed.certified_at(0.05) < missed.certified < missed.certified_at(0.8)
    assert false_alarm.certified_at(0.05) > false_alarm.certified


def test_the_patients_that_are_said_to_be_missing_certify_it():
    few = certify(40, 40, 30)
    assert not few.is_reached
    assert f"it needs {few.n_more_groups} patients with leukemia more" in describe_answers(few)

    enough = certify(40 + few.n_more_groups, 40 + few.n_more_groups, 30 + few.n_more_groups)

    assert enough.is_reached


def test_an_answer_that_is_never_given_certifies_nothing():
    certificate = certify(20, 20, 0)

    assert (certificate.certified, certificate.n_more_groups) == (1.0, None)
    assert describe_answers(certificate).startswith("No image is called Healthy")


def test_a_patient_with_images_of_both_has_no_say_in_the_second_part():
    is_wrong_for = np.array([True, False, False])

    certificate = certify_answers(
        MISSED, ~is_wrong_for, is_wrong_for, np.array(["a", "a", "a"]), risk=0.02, confidence=0.95
    )

    assert (certificate.right_bound, certificate.certified) == (0.0, 1.0)


def test_the_bound_holds_for_limits_that_were_chosen_on_the_same_images():
    rng = np.random.default_rng(0)
    shipped = Thresholds(
        temperature=1.0, min_confidence=0.9, max_feature_distance=1.0, false_reject_fraction=0.02
    )
    labels = np.repeat([0, 1], N_CLASS)
    n_draws, n_broken = 40, 0
    for _ in range(n_draws):
        odds = rng.normal(np.where(labels == 0, SHIFT, -SHIFT), 1)
        of_leukemia = 1 / (1 + np.exp(-2 * SHIFT * odds))
        certified = certify_limits(
            np.stack([of_leukemia, 1 - of_leukemia], axis=1),
            images_of(labels),
            shipped,
            risk=0.2,
            confidence=0.9,
        )
        missed, false_alarm = certified.of_answers
        n_broken += wrong_healthy(certified.limits.healthy) > missed.certified
        n_broken += wrong_healthy(certified.limits.leukemia) > false_alarm.certified

    # More would be seen once in a thousand times if the bound held in 90 % of the cases.
    assert n_broken <= binom.ppf(0.999, 2 * n_draws, 0.1)


def images_of(labels):
    return LocalImages(
        class_names=NAMES,
        pooled=(np.zeros((len(labels), 1), np.float32),),
        of_image=np.arange(len(labels)),
        labels=labels,
        groups=np.array([f"p{i}" for i in range(len(labels))]),
        is_blocked=np.zeros(len(labels), np.bool_),
    )


def wrong_healthy(limit):
    """True share of wrong answers under a limit; both sides are mirrored normal distributions."""
    if limit is None:
        return 0.0
    least = np.log(limit / (1 - limit)) / (2 * SHIFT)
    wrong, right = norm.sf(least, -SHIFT), norm.sf(least, SHIFT)
    return wrong / (wrong + right)
