"""Confusion matrix of the eight images, worked by hand."""

from collections.abc import Callable

import numpy as np

from leukapp.evaluation.confusion import confusion_of, largest_error, rows_in_cell
from leukapp.evaluation.held_out import HeldOutSet

MakeHeldOut = Callable[..., HeldOutSet]


def test_counts_and_both_normalised_forms(make_held_out: MakeHeldOut) -> None:
    confusion = confusion_of(make_held_out())

    assert confusion.counts.tolist() == [[1, 1, 0], [0, 2, 1], [1, 0, 2]]
    np.testing.assert_allclose(
        confusion.share_of_true, [[1 / 2, 1 / 2, 0], [0, 2 / 3, 1 / 3], [1 / 3, 0, 2 / 3]]
    )
    np.testing.assert_allclose(
        confusion.share_of_predicted, [[1 / 2, 1 / 3, 0], [0, 2 / 3, 1 / 3], [1 / 2, 0, 2 / 3]]
    )
    assert confusion.n_left_out == 0


def test_calls_alone_leave_out_the_image_without_a_call(make_held_out: MakeHeldOut) -> None:
    confusion = confusion_of(make_held_out(), called_only=True)

    assert confusion.counts.tolist() == [[1, 0, 0], [0, 2, 1], [1, 0, 2]]
    assert confusion.n_left_out == 1


def test_an_empty_row_has_no_share(make_held_out: MakeHeldOut) -> None:
    confusion = confusion_of(make_held_out(true_labels=np.full(8, 2)))

    assert np.isnan(confusion.share_of_true[:2]).all()
    assert confusion.share_of_true[2].sum() == 1


def test_rows_behind_a_cell_come_the_surest_first(make_held_out: MakeHeldOut) -> None:
    held_out = make_held_out()

    assert rows_in_cell(held_out, "AML", "AML").tolist() == [3, 2]
    assert rows_in_cell(held_out, "ALL", "AML").tolist() == [1]
    assert rows_in_cell(held_out, "ALL", "AML", called_only=True).tolist() == []


def test_every_image_is_behind_exactly_one_cell(make_held_out: MakeHeldOut) -> None:
    held_out = make_held_out()
    names = ("ALL", "AML", "Healthy")
    rows = [row for true in names for said in names for row in rows_in_cell(held_out, true, said)]

    assert sorted(rows) == list(range(8))


def test_largest_error_is_off_the_diagonal(make_held_out: MakeHeldOut) -> None:
    sure_of_all = np.tile([0.8, 0.1, 0.1], (8, 1))
    confusion = confusion_of(make_held_out(probabilities=sure_of_all))

    assert largest_error(confusion) == ("AML", "ALL")
