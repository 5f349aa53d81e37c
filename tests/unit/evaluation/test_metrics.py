import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from leukapp.evaluation.auroc import weighted_auroc
from leukapp.evaluation.metrics import evaluate_predictions, pr_curve_of, roc_curve_of


def test_the_hand_worked_set(make_held_out):
    report = evaluate_predictions(make_held_out())
    assert (report.n_images, report.n_groups, report.groups_known) == (8, 5, True)
    assert report.confusion.tolist() == [[1, 1, 0], [0, 2, 1], [1, 0, 2]]
    assert report.confusion.dtype == np.int64
    assert report.accuracy.value == 5 / 8
    assert report.accuracy.low < 5 / 8 < report.accuracy.high
    assert report.weighted_precision == pytest.approx(5 / 8)
    assert report.weighted_recall == pytest.approx(5 / 8)
    assert report.weighted_f1 == pytest.approx(5 / 8)
    assert report.macro_precision == pytest.approx(11 / 18)
    assert report.macro_recall == pytest.approx(11 / 18)
    assert report.macro_f1 == pytest.approx(11 / 18)


def test_figures_of_each_class(make_held_out):
    acute, myeloid, healthy = evaluate_predictions(make_held_out()).per_class
    assert [one.class_name for one in (acute, myeloid, healthy)] == ["ALL", "AML", "Healthy"]
    assert (acute.precision, acute.recall, acute.f1, acute.support) == (0.5, 0.5, 0.5, 2)
    assert (myeloid.precision, myeloid.recall, myeloid.support) == (2 / 3, 2 / 3, 3)
    # p_ALL of the two ALL images is 0.8 and 0.3: of 6 others only 0.5 lies above 0.3.
    assert acute.auroc == pytest.approx(11 / 12)
    assert acute.auprc == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)


def test_areas_with_their_intervals(make_held_out):
    report = evaluate_predictions(make_held_out())
    # Of 5 x 3 pairs only (0.5, 0.6) is the wrong way round.
    assert report.leukemia_auroc.value == pytest.approx(14 / 15)
    assert report.leukemia_auroc.low < 14 / 15
    assert report.macro_auroc.value == pytest.approx(
        np.mean([one.auroc for one in report.per_class])
    )


def test_calls_change_only_the_figures_of_calls(make_held_out):
    report = evaluate_predictions(make_held_out())
    # Image 1, a wrong one, has no call; of three Healthy images one is called ALL.
    assert report.n_called == 7
    assert report.coverage == 7 / 8
    assert report.accuracy_of_called.value == pytest.approx(5 / 7)
    assert report.leukemia_call_rate_of_healthy.value == pytest.approx(1 / 3)

    other = evaluate_predictions(make_held_out(is_called=np.arange(8) != 7))
    assert other.accuracy == report.accuracy
    assert other.leukemia_call_rate_of_healthy.value == 0
    # Two Healthy groups, d and e: Wilson's interval of 0 of 2.
    assert other.leukemia_call_rate_of_healthy.low == 0
    assert other.leukemia_call_rate_of_healthy.high == pytest.approx(1 - 2 / (2 + 1.95996398454**2))


def test_nothing_called(make_held_out):
    report = evaluate_predictions(make_held_out(is_called=np.zeros(8, bool)))
    assert (report.n_called, report.coverage, report.accuracy_of_called) == (0, 0.0, None)
    assert report.leukemia_call_rate_of_healthy.value == 0


def test_a_set_of_one_class_has_no_areas(make_held_out):
    held_out = make_held_out().where(np.array([0, 0, 1, 1, 1, 0, 0, 0], bool))
    report = evaluate_predictions(held_out)
    assert (report.macro_auroc, report.leukemia_auroc) == (None, None)
    assert report.leukemia_call_rate_of_healthy is None
    acute, myeloid, healthy = report.per_class
    assert (acute.precision, acute.recall, acute.f1, acute.auroc, acute.auprc) == (None,) * 5
    assert (myeloid.precision, myeloid.recall) == (1.0, 2 / 3)
    assert (myeloid.auroc, myeloid.support) == (None, 3)
    # One AML image is predicted Healthy: none of what is predicted Healthy is.
    assert (healthy.precision, healthy.recall, healthy.support) == (0.0, None, 0)
    # Macro means run over AML alone.
    assert report.macro_recall == pytest.approx(2 / 3)
    assert roc_curve_of(held_out, "AML") is None
    assert pr_curve_of(held_out, "ALL") is None


def test_two_leukemias_without_healthy(make_held_out):
    report = evaluate_predictions(make_held_out().where(np.arange(8) < 5))
    assert report.leukemia_auroc is None
    assert report.macro_auroc is not None


def test_a_perfect_area_has_no_false_certainty(make_held_out):
    probabilities = np.eye(3)[[0, 0, 1, 1, 1, 2, 2, 2]]
    report = evaluate_predictions(make_held_out(probabilities=probabilities))
    assert report.leukemia_auroc.value == 1
    assert report.leukemia_auroc.low is None
    # Accuracy 1 takes Wilson's interval over the 5 groups.
    assert report.accuracy.low == pytest.approx(5 / (5 + 1.95996398454**2))


def test_unknown_groups_are_said(make_held_out):
    held_out = make_held_out(groups=("",) * 8, groups_known=np.zeros(8, bool))
    report = evaluate_predictions(held_out)
    assert (report.n_groups, report.groups_known) == (8, False)


def test_roc_curve_of_a_class(make_held_out):
    curve = roc_curve_of(make_held_out(), "ALL")
    # Thresholds 0.8 (hit), 0.5 (false alarm), 0.3 (hit), then the ties at 0.2 and 0.1.
    points = list(zip(curve.false_positive_rate.tolist(), curve.sensitivity.tolist(), strict=True))
    assert points[:4] == [(0, 0), (0, 0.5), (1 / 6, 0.5), (1 / 6, 1)]
    assert points[-1] == (1, 1)
    assert curve.auroc == pytest.approx(11 / 12)


def test_precision_recall_curve_of_a_class(make_held_out):
    curve = pr_curve_of(make_held_out(), "ALL")
    assert curve.recall[-1] == 0
    assert curve.precision[-1] == 1
    at = curve.thresholds.tolist().index(0.3)
    assert (curve.recall[at], curve.precision[at]) == (1, pytest.approx(2 / 3))
    assert curve.auprc == pytest.approx(5 / 6)


def test_weighted_areas_agree_with_scikit_learn():
    random = np.random.default_rng(1)
    scores = random.integers(0, 6, size=60) / 5
    is_positive = random.random(60) < 0.4
    weights = random.integers(0, 4, size=(5, 60)).astype(float)
    weights[4, is_positive] = 0
    areas = weighted_auroc(scores, is_positive, weights)
    for area, weight in zip(areas[:4], weights[:4], strict=True):
        assert area == pytest.approx(roc_auc_score(is_positive, scores, sample_weight=weight))
    assert np.isnan(areas[4])
