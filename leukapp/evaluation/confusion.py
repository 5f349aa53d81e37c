"""Confusion matrix as counts and as shares, and the images behind each cell."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leukapp.evaluation.held_out import HeldOutSet
from leukapp.inference.answers import NO_ANSWER


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Confusion:
    """True against predicted class.

    Attributes:
        counts: int64 (classes, classes), row = true, column = predicted; read-only.
        share_of_true: float64 (classes, classes), each row sums to 1; NaN in an empty row. The
            diagonal is the sensitivity.
        share_of_predicted: float64 (classes, classes), each column sums to 1; NaN in an empty
            column. The diagonal is the precision.
        class_names: of the rows and columns.
        n_left_out: images without a call of a class where only calls are counted, else those
            without an answer; and those of another leukemia.
    """

    counts: NDArray[np.int64]
    share_of_true: NDArray[np.float64]
    share_of_predicted: NDArray[np.float64]
    class_names: tuple[str, ...]
    n_left_out: int


def confusion_of(held_out: HeldOutSet, *, called_only: bool = False) -> Confusion:
    """Count true against most probable class.

    Args:
        held_out: one source under one protocol.
        called_only: leave out images whose answer was "no call", or leukemia of an open type.
    """
    counted = _counted(held_out, called_only)
    n_classes = len(held_out.class_names)
    counts = np.zeros((n_classes, n_classes), np.int64)
    np.add.at(counts, (held_out.true_labels[counted], held_out.predicted_labels[counted]), 1)
    counts.flags.writeable = False
    return Confusion(
        counts=counts,
        share_of_true=_shares(counts, axis=1),
        share_of_predicted=_shares(counts, axis=0),
        class_names=held_out.class_names,
        n_left_out=int((~counted).sum()),
    )


def largest_error(confusion: Confusion) -> tuple[str, str]:
    """True and predicted class of the cell off the diagonal that holds most images.

    Args:
        confusion: of any set; where there is no error the first such cell is given.
    """
    counts = confusion.counts.copy()
    np.fill_diagonal(counts, -1)
    row, column = np.unravel_index(int(counts.argmax()), counts.shape)
    return confusion.class_names[int(row)], confusion.class_names[int(column)]


def rows_in_cell(
    held_out: HeldOutSet, true_class: str, predicted_class: str, *, called_only: bool = False
) -> NDArray[np.int64]:
    """Rows of the images behind one cell, the surest answer first.

    Args:
        held_out: one source under one protocol.
        true_class: one of the set's ``class_names``.
        predicted_class: one of the set's ``class_names``.
        called_only: leave out images whose answer was "no call".

    Returns:
        int64 (images in the cell,).
    """
    inside = (
        _counted(held_out, called_only)
        & (held_out.true_labels == held_out.class_names.index(true_class))
        & (held_out.predicted_labels == held_out.class_names.index(predicted_class))
    )
    rows = np.flatnonzero(inside)
    confidence = held_out.probabilities[rows].max(axis=1)
    return np.asarray(rows[np.argsort(-confidence, kind="stable")], np.int64)


def _counted(held_out: HeldOutSet, called_only: bool) -> NDArray[np.bool_]:
    """Images of a class of the set that have an answer, or a call of one class."""
    counted = held_out.predicted_labels != NO_ANSWER
    if called_only and held_out.answers is None:
        counted = held_out.is_called
    elif called_only:
        counted = np.array([name in held_out.class_names for name in held_out.answers or ()])
    return np.asarray(counted & (held_out.true_labels != held_out.other_index), np.bool_)


def _shares(counts: NDArray[np.int64], *, axis: int) -> NDArray[np.float64]:
    """Counts over their sum along an axis, NaN where that is zero."""
    sums = counts.sum(axis=axis, keepdims=True)
    shares = np.full(counts.shape, np.nan)
    np.divide(counts, sums, out=shares, where=np.broadcast_to(sums > 0, counts.shape))
    return shares
