"""Bounds against figures of the tables, and against how often they hold."""

import numpy as np
import pytest
from scipy.stats import beta

from leukapp.commissioning.certificates import (
    group_losses,
    groups_needed,
    p_value,
    reachable_level,
)


def test_of_single_images_the_test_is_the_one_of_clopper_and_pearson():
    losses = np.array([1.0] * 2 + [0.0] * 48)

    bound = beta.ppf(0.95, 3, 48)

    assert p_value(losses, bound + 1e-6) <= 0.05 < p_value(losses, bound - 1e-6)


def test_without_an_error_groups_certify_what_their_number_allows():
    assert reachable_level(149, 0.95) <= 0.02 < reachable_level(148, 0.95)
    assert p_value(np.zeros(20), reachable_level(20, 0.95)) == pytest.approx(0.05)
    assert reachable_level(0, 0.95) == 1.0
    assert p_value(np.zeros(0), 0.5) == 1.0


def test_errors_ask_for_more_groups():
    assert groups_needed(0.02, 0.95) == 149
    assert groups_needed(0.02, 0.95, 2) == 313
    assert groups_needed(1e-6, 0.95, 50) is None


def test_the_loss_of_a_group_is_the_share_of_its_wrong_images():
    is_wrong = np.array([True, False, False, False])

    losses = group_losses(is_wrong, np.array(["b", "b", "a", "b"]))

    np.testing.assert_allclose(losses, [0, 1 / 3])


def test_a_false_risk_is_rarely_certified_for_groups_of_several_images():
    rng = np.random.default_rng(0)
    shares = rng.beta(0.2, 1.8, (2000, 30))  # mean 0.1

    certified = np.mean([p_value(losses, 0.0999) <= 0.05 for losses in shares])

    assert certified <= 0.05
