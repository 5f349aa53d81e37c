"""Branches against both, tables against each other, groups: worked by hand."""

from collections.abc import Callable

import numpy as np
import pytest

from leukapp.evaluation.ablation import ablation_rows, compare_paired
from leukapp.evaluation.group_rows import group_rows
from leukapp.evaluation.held_out import BranchPredictions, HeldOutSet
from leukapp.evaluation.published import ABLATION, BASE_MODELS, DATA_SETS, PROPOSED
from leukapp.evaluation.source_evaluation import SourceEvaluation

MakeHeldOut = Callable[..., HeldOutSet]


def test_fused_comes_first_and_each_branch_has_its_difference(make_held_out: MakeHeldOut) -> None:
    fused, branch = ablation_rows(make_held_out())

    assert fused.branch is None
    assert fused.difference is None
    assert fused.accuracy.value == 5 / 8
    # The branch always says Healthy: right on 3 of 8.
    assert branch.branch == "first"
    assert branch.accuracy.value == 3 / 8
    assert branch.difference is not None
    assert branch.difference.value == pytest.approx(-2 / 8)
    assert branch.difference.low is not None
    assert branch.difference.low < -2 / 8


def test_a_branch_that_answers_like_both_differs_by_nothing(make_held_out: MakeHeldOut) -> None:
    held_out = make_held_out()
    same = BranchPredictions(name="same", probabilities=held_out.probabilities)
    row = ablation_rows(make_held_out(branches=(same,)))[1]

    assert row.difference is not None
    assert row.difference.value == 0
    assert row.macro_auroc == ablation_rows(held_out)[0].macro_auroc


def test_paired_comparison_counts_only_shared_images(make_held_out: MakeHeldOut) -> None:
    first = make_held_out()
    always_healthy = np.tile([0.2, 0.2, 0.6], (8, 1))
    other = make_held_out(probabilities=always_healthy).where(np.arange(8) >= 2)
    paired = compare_paired(first, other)

    # Rows 2 to 7: the first is right on 2, 3, 5, 6; always Healthy is right on 5, 6, 7.
    assert paired is not None
    assert (paired.n_images, paired.n_groups) == (6, 4)
    assert (paired.n_only_first, paired.n_only_second) == (2, 1)
    assert paired.difference.value == pytest.approx(1 / 6)


def test_order_of_rows_does_not_matter_and_no_shared_image_gives_none(
    make_held_out: MakeHeldOut,
) -> None:
    first = make_held_out()
    backwards = make_held_out(
        sample_ids=first.sample_ids[::-1],
        groups=first.groups[::-1],
        true_labels=first.true_labels[::-1],
        probabilities=first.probabilities[::-1],
    )
    paired = compare_paired(first, backwards)

    assert paired is not None
    assert paired.n_images == 8
    assert paired.difference.value == 0
    assert compare_paired(first, make_held_out(sample_ids=tuple("abcdefgh"))) is None


def test_groups_come_the_worst_first_with_their_counts(make_held_out: MakeHeldOut) -> None:
    rows = group_rows(make_held_out())

    assert [row.group for row in rows] == ["c", "e", "a", "b", "d"]
    worst, middle = rows[0], rows[2]
    assert (worst.n_images, worst.n_right, worst.accuracy, worst.n_wrong_calls) == (1, 0, 0, 1)
    assert (middle.n_images, middle.n_right, middle.n_called, middle.n_wrong_calls) == (2, 1, 1, 0)
    assert middle.support == (2, 0, 0)
    assert sum(row.n_images for row in rows) == 8


def test_a_row_without_a_group_is_named_by_its_image(make_held_out: MakeHeldOut) -> None:
    rows = group_rows(make_held_out(groups=("",) * 8, groups_known=np.zeros(8, bool)))

    assert len(rows) == 8
    assert not rows[0].is_known
    assert {row.group for row in rows} == {f"image{number}.jpg" for number in range(8)}


def test_figures_of_a_source_are_computed_once(make_held_out: MakeHeldOut) -> None:
    evaluation = SourceEvaluation(make_held_out(), 0.7)

    assert evaluation.result is evaluation.result
    assert evaluation.roc_curves is evaluation.roc_curves
    assert evaluation.result.background_balanced_accuracy == 0.7
    assert [curve.class_name for curve in evaluation.pr_curves] == [
        "ALL",
        "AML",
        "Healthy",
        "leukemia",
    ]
    assert evaluation.balanced_accuracy.value == pytest.approx((1 / 2 + 2 / 3 + 2 / 3) / 3)
    assert evaluation.coverage.value == 7 / 8


def test_published_figures_are_the_paper_s() -> None:
    table_2 = {figure.model: figure.accuracy_percent for figure in BASE_MODELS}

    assert len(table_2) == 9
    assert table_2[PROPOSED] == max(table_2.values()) == 99.3
    assert (table_2["Xception"], table_2["MobileNetV3Large"]) == (90.5, 98.4)
    assert [figure.accuracy_percent for figure in ABLATION] == [96.4, 98.8, 99.3]
    assert [figure.accuracy_percent for figure in DATA_SETS] == [100.0, 99.4, 99.8, 99.3]
