"""Equal shares are no answer, in every figure."""

import numpy as np
import pytest

from leukapp.evaluation.confusion import confusion_of
from leukapp.evaluation.metrics import evaluate_predictions
from leukapp.inference.answers import NO_ANSWER, answered_labels


def test_equal_shares_are_no_answer_and_a_tie_of_two_is_one():
    thirds = np.array([[1 / 3, 1 / 3, 1 / 3], [0.4, 0.4, 0.2], [0.1, 0.2, 0.7]])
    assert answered_labels(thirds).tolist() == [NO_ANSWER, 0, 2]
    assert answered_labels(thirds.astype(np.float32)).tolist() == [NO_ANSWER, 0, 2]


@pytest.fixture
def unanswered(make_held_out):
    """The eight images, but nothing was judged in the first, an ALL that was answered right."""
    complete = make_held_out()
    probabilities = complete.probabilities.copy()
    probabilities[0] = 1 / 3
    return make_held_out(
        probabilities=probabilities,
        is_called=np.array([False, *complete.is_called[1:]]),
        no_call_reasons=("No leukocyte was found.", *complete.no_call_reasons[1:]),
    )


def test_no_answer_is_never_right(make_held_out, unanswered):
    assert evaluate_predictions(make_held_out()).accuracy.value == pytest.approx(5 / 8)
    report = evaluate_predictions(unanswered)
    assert report.accuracy.value == pytest.approx(4 / 8)
    assert report.weighted_recall == pytest.approx(4 / 8)
    of_all = report.per_class[0]
    assert (of_all.recall, of_all.precision, of_all.support) == (0.0, 0.0, 2)


def test_no_answer_has_no_cell_in_the_confusion_matrix(unanswered):
    confusion = confusion_of(unanswered)
    assert confusion.counts.sum() == 7
    assert confusion.n_left_out == 1
    assert evaluate_predictions(unanswered).confusion.sum() == 7
