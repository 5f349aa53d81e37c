"""A held-out table and its figures follow the classes of the bundle that answered."""

from collections.abc import Callable

import numpy as np
import pytest

from leukapp.errors import HeldOutError
from leukapp.evaluation.confusion import confusion_of, largest_error
from leukapp.evaluation.held_out import HeldOutSet, parse_held_out, read_held_out, write_held_out
from leukapp.evaluation.metrics import evaluate_predictions
from leukapp.evaluation.operating_point import operating_point, targets_of
from leukapp.evaluation.report import EvaluationReport, build_report, report_to_markdown
from leukapp.evaluation.source_evaluation import SourceEvaluation

TWO = ("ALL", "Healthy")


@pytest.fixture
def two(make_held_out: Callable[..., HeldOutSet]) -> HeldOutSet:
    """Four of ALL, one of them missed; four Healthy, two of them called ALL."""
    of_leukemia = np.array([0.9, 0.8, 0.7, 0.4, 0.6, 0.55, 0.2, 0.1])
    return make_held_out(
        class_names=TWO,
        true_labels=np.array([0, 0, 0, 0, 1, 1, 1, 1]),
        probabilities=np.stack([of_leukemia, 1 - of_leukemia], axis=1),
        branches=(),
        is_called=np.ones(8, bool),
        no_call_reasons=(None,) * 8,
    )


def test_a_table_of_two_classes_is_read_as_it_was_written(two: HeldOutSet, tmp_path) -> None:
    for suffix in ("csv", "parquet"):
        path = tmp_path / f"held_out.{suffix}"
        write_held_out(two, path)
        again = read_held_out(path)
        assert again.class_names == TWO
        np.testing.assert_array_equal(again.probabilities, two.probabilities)
        np.testing.assert_array_equal(again.true_labels, two.true_labels)
    assert two.of_source("lab").class_names == TWO


def test_leukemia_is_every_class_but_healthy(two: HeldOutSet) -> None:
    report = evaluate_predictions(two)
    assert [one.class_name for one in report.per_class] == list(TWO)
    np.testing.assert_array_equal(report.confusion, [[3, 1], [2, 2]])
    assert report.leukemia_call_rate_of_healthy is not None
    assert report.leukemia_call_rate_of_healthy.value == 0.5
    # 14 of the 16 pairs of an ALL and a Healthy image are in the right order.
    assert report.leukemia_auroc is not None
    assert report.leukemia_auroc.value == 14 / 16
    point = operating_point(two, "leukemia", threshold=0.5, prevalence=0.1)
    assert (point.n_true_positive, point.n_false_positive) == (3, 2)
    assert targets_of(two) == ("leukemia", *TWO)


def test_every_figure_of_the_page_takes_two_classes(two: HeldOutSet) -> None:
    figures = SourceEvaluation(two, None)
    assert [curve.class_name for curve in figures.roc_curves] == list(TWO)
    assert figures.groups[0].support
    assert {len(row.support) for row in figures.groups} == {2}
    confusion = confusion_of(two)
    assert confusion.class_names == TWO
    assert largest_error(confusion) == ("Healthy", "ALL")
    report = build_report((two,), "two")
    assert "ALL 4, Healthy 4" in report_to_markdown(report)
    assert EvaluationReport.from_json(report.to_json()).sources[0].report.n_images == 8


def test_a_column_that_a_branch_names_and_the_fusion_lacks_is_missed(
    make_held_out: Callable[..., HeldOutSet], tmp_path
) -> None:
    path = tmp_path / "table.csv"
    write_held_out(make_held_out(), path)
    text = path.read_text().replace(",p_AML,", ",other,")
    with pytest.raises(HeldOutError, match="Column p_AML is missing"):
        parse_held_out(text.encode(), "table.csv")


def test_a_set_without_healthy_is_refused(make_held_out: Callable[..., HeldOutSet]) -> None:
    with pytest.raises(HeldOutError, match="there must be Healthy"):
        make_held_out(class_names=("ALL", "AML", "CML"))
