"""Reviewers against the network: what is counted, and kappa against scikit-learn."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from review_records import make_decision, make_item
from sklearn.metrics import cohen_kappa_score

from leukapp.labels import CLASS_NAMES, LEUKEMIA, TYPE_NOT_DETERMINED
from leukapp.review.agreement import NO_TYPE, measure_agreement, reviewer_answer
from leukapp.review.records import DecisionKind
from leukapp.review.worklist import WorklistEntry

MakeEntry = Callable[[str | None, DecisionKind | None, str | None], WorklistEntry]
AGREE, OVERRIDE, UNSURE = DecisionKind.AGREE, DecisionKind.OVERRIDE, DecisionKind.UNSURE


def drawn_entries(reviewed: MakeEntry, n: int = 120) -> tuple[list[str], list[str], list]:
    """Labels of the reviewer and of the network, and the entries that say the same."""
    random = np.random.default_rng(3)
    network = [CLASS_NAMES[index] for index in random.integers(3, size=n)]
    reviewer = [
        label if keep else CLASS_NAMES[index]
        for label, keep, index in zip(
            network, random.random(n) < 0.7, random.integers(3, size=n), strict=True
        )
    ]
    entries = [
        reviewed(theirs, AGREE if theirs == mine else OVERRIDE, mine)
        for mine, theirs in zip(reviewer, network, strict=True)
    ]
    return reviewer, network, entries


def test_kappa_is_that_of_scikit_learn_and_lies_in_its_interval(reviewed: MakeEntry) -> None:
    reviewer, network, entries = drawn_entries(reviewed)
    agreement = measure_agreement(entries, n_resamples=200)

    assert agreement.comparison.kappa is not None
    assert agreement.comparison.kappa.value == pytest.approx(cohen_kappa_score(reviewer, network))
    assert agreement.comparison.kappa.low is not None
    assert agreement.comparison.kappa.high is not None
    assert (
        agreement.comparison.kappa.low
        < agreement.comparison.kappa.value
        < agreement.comparison.kappa.high
    )
    assert agreement.comparison.n_compared == agreement.n_reviewed == len(entries)


def test_more_images_give_a_narrower_interval_and_a_seed_the_same_one(reviewed: MakeEntry) -> None:
    _, _, entries = drawn_entries(reviewed)
    few = measure_agreement(entries[:30], n_resamples=200).comparison.kappa
    many = measure_agreement(entries, n_resamples=200).comparison.kappa

    assert few is not None
    assert many is not None
    assert many.high - many.low < few.high - few.low
    assert measure_agreement(entries, n_resamples=200).comparison.kappa == many
    assert measure_agreement(entries, n_resamples=200, seed=1).comparison.kappa != many


def test_each_answer_is_counted_once_in_its_cell(reviewed: MakeEntry) -> None:
    entries = [
        reviewed("ALL", AGREE, "ALL"),
        reviewed("ALL", OVERRIDE, "AML"),
        reviewed("Healthy", UNSURE, None),
        reviewed(None, OVERRIDE, "Healthy"),
        reviewed(None, AGREE, None),
        reviewed("AML", None, None),
    ]
    agreement = measure_agreement(entries)

    counts = agreement.comparison.counts[
        np.ix_(agreement.comparison.shown, agreement.comparison.shown)
    ]
    assert counts.tolist() == [[1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 1]]
    assert agreement.comparison.counts.sum() == agreement.n_reviewed == 5
    assert agreement.n_judged == 6
    assert agreement.coverage == pytest.approx(5 / 6)
    assert agreement.n_unsure == 1
    assert agreement.comparison.n_compared == 2
    assert agreement.comparison.agreed is not None
    assert agreement.comparison.agreed.value == 0.5


def test_nothing_reviewed_gives_no_figure(reviewed: MakeEntry) -> None:
    agreement = measure_agreement([reviewed("ALL", None, None)])

    assert agreement.comparison.kappa is None
    assert agreement.comparison.agreed is None
    assert agreement.coverage == 0
    assert measure_agreement([]).coverage is None


def test_one_class_throughout_has_agreement_but_no_kappa(reviewed: MakeEntry) -> None:
    agreement = measure_agreement([reviewed("ALL", AGREE, "ALL") for _ in range(5)])

    assert agreement.comparison.kappa is None
    assert agreement.comparison.agreed is not None
    assert agreement.comparison.agreed.value == 1
    assert agreement.comparison.agreed.low is not None
    assert agreement.comparison.agreed.low < 1


def test_blinded_decisions_can_be_counted_alone(reviewed: MakeEntry) -> None:
    seen = reviewed("ALL", AGREE, "ALL")
    blind = reviewed("ALL", OVERRIDE, "AML")
    assert blind.decision is not None
    blind = replace(blind, decision=replace(blind.decision, is_blinded=True))

    assert measure_agreement([seen, blind]).n_blinded == 1
    alone = measure_agreement([seen, blind], blinded_only=True)
    assert alone.n_reviewed == 1
    assert alone.comparison.counts[1, 0] == 1
    assert alone.coverage == 0.5


def test_unsure_and_undecided_stand_for_no_class(reviewed: MakeEntry) -> None:
    assert reviewer_answer(reviewed("ALL", UNSURE, None)) is None
    assert reviewer_answer(reviewed("ALL", None, None)) is None
    assert reviewer_answer(reviewed("ALL", OVERRIDE, "AML")) == "AML"


def test_a_leukemia_of_no_determined_type_counts_in_the_finding_and_not_in_the_class() -> None:
    def entry(number: int, network: str | None, decision: tuple | None) -> WorklistEntry:
        item = make_item(number, label=network)
        if network is None:
            item = replace(item, finding=LEUKEMIA)
        made = None if decision is None else make_decision(number, item.id, *decision)
        return WorklistEntry(item=item, decision=made)

    entries = [
        entry(1, None, (AGREE, None)),
        entry(2, None, (OVERRIDE, "ALL")),
        entry(3, "ALL", (OVERRIDE, None, LEUKEMIA)),
        entry(4, "Healthy", (OVERRIDE, None, LEUKEMIA)),
        entry(5, "AML", (AGREE, "AML")),
    ]
    assert [reviewer_answer(one) for one in entries] == [
        TYPE_NOT_DETERMINED,
        "ALL",
        TYPE_NOT_DETERMINED,
        TYPE_NOT_DETERMINED,
        "AML",
    ]
    agreement = measure_agreement(entries)
    assert (agreement.comparison.n_compared, agreement.comparison.n_findings) == (1, 5)
    assert agreement.comparison.finding_agreed.value == 0.8
    assert NO_TYPE in agreement.comparison.shown
    assert agreement.comparison.counts[NO_TYPE].tolist() == [1, 0, 1, 1, 0]
