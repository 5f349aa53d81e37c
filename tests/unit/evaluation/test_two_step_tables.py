"""Held-out tables of a bundle that answers in two steps, and of leukemias that it does not know."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from leukapp.errors import HeldOutError
from leukapp.evaluation.confusion import confusion_of
from leukapp.evaluation.curve_bands import curve_with_band
from leukapp.evaluation.false_alarms import false_alarms
from leukapp.evaluation.group_rows import group_rows
from leukapp.evaluation.held_out import HeldOutSet, read_held_out, write_held_out
from leukapp.evaluation.metrics import evaluate_predictions
from leukapp.evaluation.source_evaluation import SourceEvaluation
from leukapp.labels import LEUKEMIA, OTHER_LEUKEMIA, TYPE_NOT_DETERMINED

MakeHeldOut = Callable[..., HeldOutSet]
OPEN = TYPE_NOT_DETERMINED
# Truth: ALL, ALL, AML, other, other, Healthy, Healthy, other.
TRUTH = np.array([0, 0, 1, 3, 3, 2, 2, 3])
ANSWERS = ("ALL", OPEN, "ALL", OPEN, "AML", OPEN, "Healthy", "Healthy")


@pytest.fixture
def in_steps(make_held_out: MakeHeldOut) -> MakeHeldOut:
    def make(**changes: object) -> HeldOutSet:
        answers = changes.get("answers", ANSWERS)
        values = {
            "true_labels": TRUTH,
            "answers": answers,
            "is_called": np.array([name is not None for name in answers]),
            "no_call_reasons": (None,) * 8,
        }
        return make_held_out(**(values | changes))

    return make


def test_wrong_is_a_wrong_side_or_a_wrong_type_and_an_open_type_is_right(in_steps):
    held_out = in_steps()
    assert held_out.is_wrong_call.tolist() == [
        False,
        False,
        True,
        False,
        True,
        True,
        False,
        True,
    ]
    assert held_out.is_called_leukemia.tolist() == [True] * 6 + [False] * 2
    report = evaluate_predictions(held_out)
    assert report.accuracy_of_called.value == 0.5
    assert report.leukemia_call_rate_of_healthy.value == 0.5
    assert report.coverage == 1.0
    assert false_alarms(held_out).n_called == 1
    assert sum(row.n_wrong_calls for row in group_rows(held_out)) == 4


def test_no_call_is_neither_right_nor_wrong(in_steps):
    held_out = in_steps(answers=(None, *ANSWERS[1:]))
    assert not held_out.is_wrong_call[0]
    assert evaluate_predictions(held_out).n_called == 7


def test_the_table_keeps_finding_class_and_other_leukemia(in_steps, tmp_path: Path):
    held_out = in_steps(answers=(*ANSWERS[:7], None))
    for name in ("a.csv", "a.parquet"):
        write_held_out(held_out, tmp_path / name)
        read = read_held_out(tmp_path / name)
        assert read.answers == held_out.answers
        assert read.true_names == held_out.true_names
        assert read.true_names[3] == OTHER_LEUKEMIA
        assert read.where(np.arange(8) < 2).answers == ("ALL", OPEN)
    header, first, second, *_ = (tmp_path / "a.csv").read_text().splitlines()
    assert header.endswith("is_called,no_call_reason,finding,called_class")
    assert first.endswith("true,,leukemia,ALL")
    assert second.endswith("true,,leukemia,")


def test_a_table_of_before_has_no_answers_of_two_steps(make_held_out, tmp_path: Path):
    write_held_out(make_held_out(), tmp_path / "a.csv")
    read = read_held_out(tmp_path / "a.csv")
    assert read.answers is None
    assert "finding" not in (tmp_path / "a.csv").read_text()
    assert read.is_wrong_call.tolist() == [False] * 4 + [True, False, False, True]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (",leukemia,ALL", ",Healthy,ALL", "which do not go together"),
        (",leukemia,ALL", ",,ALL", "which do not go together"),
        (",leukemia,ALL", ",leukemia,CLL", "'CLL' is not known"),
        ("true,,leukemia,ALL", "false,,leukemia,ALL", "where is_called is false"),
        (",called_class", ",called", "Column called_class is missing"),
    ],
)
def test_a_finding_that_cannot_be_is_refused(in_steps, tmp_path: Path, old, new, message):
    path = tmp_path / "a.csv"
    write_held_out(in_steps(), path)
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(HeldOutError, match=message):
        read_held_out(path)


def test_figures_of_classes_leave_other_leukemias_out(in_steps):
    held_out = in_steps()
    known = held_out.of_known_classes
    report = evaluate_predictions(held_out)
    assert len(known) == 5
    assert report.per_class == evaluate_predictions(known).per_class
    assert report.macro_auroc == evaluate_predictions(known).macro_auroc
    assert report.n_images == 8
    assert report.confusion.sum() == confusion_of(held_out).counts.sum() == 5
    # Image 4 is most probably AML, which is the right side for another leukemia; 5 and 8 too.
    right = held_out.is_right
    assert right[3]
    assert right[7]
    assert not right[4]
    # Only calls that name a class are in the matrix of calls.
    assert confusion_of(held_out, called_only=True).counts.sum() == 3
    everything = SourceEvaluation(held_out, None)
    assert (
        everything.balanced_accuracy.value == SourceEvaluation(known, None).balanced_accuracy.value
    )
    assert everything.result.brier == SourceEvaluation(known, None).result.brier


def test_a_set_of_other_leukemias_alone_has_no_figures(in_steps):
    alone = in_steps(true_labels=np.full(8, 3))
    with pytest.raises(HeldOutError, match="no images"):
        evaluate_predictions(alone)


def test_leukemia_against_healthy_has_a_curve_that_counts_other_leukemias(in_steps):
    held_out = in_steps()
    curve = curve_with_band(held_out, LEUKEMIA, "roc")
    scores, is_leukemia = 1 - held_out.probabilities[:, 2], TRUTH != 2
    pairs = scores[is_leukemia][:, None] - scores[~is_leukemia][None]
    expected = ((pairs > 0) + 0.5 * (pairs == 0)).mean()
    assert curve.area.value == pytest.approx(expected)
    assert evaluate_predictions(held_out).leukemia_auroc.value == pytest.approx(expected)
    names = [one.class_name for one in SourceEvaluation(held_out, None).roc_curves]
    assert names == ["ALL", "AML", "Healthy", LEUKEMIA]
