"""Curves with bands: hand-worked areas, and bands that hold what resampling groups can give."""

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from leukapp.evaluation.curve_bands import curve_with_band
from leukapp.evaluation.held_out import HeldOutSet
from leukapp.evaluation.intervals import bootstrap_over_groups

MakeHeldOut = Callable[..., HeldOutSet]


@pytest.fixture(scope="module")
def many() -> dict[str, object]:
    """Sixty images of twelve groups; AML scores are above the others by about one spread."""
    random = np.random.default_rng(5)
    labels = np.repeat([0, 1, 2], 20)
    p_aml = np.clip(random.normal(0.35 + 0.2 * (labels == 1), 0.15), 0.01, 0.98).round(2)
    rest = (1 - p_aml) / 2
    return {
        "sample_ids": tuple(f"{number}.png" for number in range(60)),
        "groups": tuple(f"g{number // 5}" for number in range(60)),
        "groups_known": np.ones(60, bool),
        "sources": ("lab",) * 60,
        "true_labels": labels,
        "probabilities": np.stack([rest, p_aml, rest], axis=1),
        "branches": (),
        "is_called": np.ones(60, bool),
        "no_call_reasons": (None,) * 60,
    }


@pytest.mark.parametrize("kind", ["roc", "pr"])
def test_area_and_interval_are_those_of_scikit_learn_on_the_same_resamples(
    make_held_out: MakeHeldOut, many: dict[str, object], kind: str
) -> None:
    held_out = make_held_out(**many)
    curve = curve_with_band(held_out, "AML", kind)
    is_aml, scores = held_out.true_labels == 1, held_out.probabilities[:, 1]
    area = roc_auc_score if kind == "roc" else average_precision_score

    def of_rows(rows: np.ndarray) -> float:
        some = is_aml[rows]
        return float(area(some, scores[rows])) if some.any() and not some.all() else np.nan

    expected = bootstrap_over_groups(of_rows, held_out.independent_groups)

    assert curve is not None
    assert curve.area.value == pytest.approx(expected.value, abs=1e-12)
    assert curve.area.low == pytest.approx(expected.low, abs=0.005)
    assert curve.area.high == pytest.approx(expected.high, abs=0.005)
    assert curve.chance == (0.5 if kind == "roc" else pytest.approx(1 / 3))


@pytest.mark.parametrize("kind", ["roc", "pr"])
def test_band_lies_around_the_curve(
    make_held_out: MakeHeldOut, many: dict[str, object], kind: str
) -> None:
    curve = curve_with_band(make_held_out(**many), "AML", kind)

    assert curve is not None
    assert np.all(curve.band_low <= curve.band_high)
    inner = (curve.x > 0.05) & (curve.x < 0.95)
    low = np.interp(curve.x[inner], curve.band_x, curve.band_low)
    high = np.interp(curve.x[inner], curve.band_x, curve.band_high)
    inside = (curve.y[inner] >= low - 0.06) & (curve.y[inner] <= high + 0.06)
    assert inside.mean() > 0.95
    assert np.mean(high - low) > 0.1


def test_perfect_scores_have_a_band_without_width(make_held_out: MakeHeldOut) -> None:
    perfect = np.eye(3)[[0, 0, 1, 1, 1, 2, 2, 2]] * 0.97 + 0.01
    curve = curve_with_band(make_held_out(probabilities=perfect), "AML", "roc")

    assert curve is not None
    assert curve.area.value == 1
    assert curve.band_low.min() == curve.band_high.max() == 1


def test_one_group_has_a_curve_but_no_band(make_held_out: MakeHeldOut) -> None:
    curve = curve_with_band(make_held_out(groups=("a",) * 8), "ALL", "pr")

    assert curve is not None
    assert len(curve.band_x) == len(curve.band_low) == 0
    assert curve.area.low is None


def test_a_class_that_is_absent_or_alone_has_no_curve(make_held_out: MakeHeldOut) -> None:
    healthy = make_held_out(true_labels=np.full(8, 2))

    assert curve_with_band(healthy, "Healthy", "roc") is None
    assert curve_with_band(healthy, "ALL", "pr") is None
