"""Two readers of an image: who sees what, what counts, and how well they agree."""

from dataclasses import replace

import pytest
from review_records import make_decision, make_item
from sklearn.metrics import cohen_kappa_score

from leukapp.review.agreement import measure_readers
from leukapp.review.double_reading import read_doubly, settled_decisions
from leukapp.review.records import Decision, DecisionKind
from leukapp.review.worklist import build_double_worklist


def signed(number: int, reader: str, label: str | None, *, item: int = 1) -> Decision:
    kind = DecisionKind.OVERRIDE if label else DecisionKind.UNSURE
    return replace(make_decision(number, item, kind, label), initials=reader)


def undone(number: int, target: Decision) -> Decision:
    line = make_decision(number, target.item_id, DecisionKind.UNDONE)
    return replace(line, takes_back=target.id, initials=target.initials)


def test_neither_reader_sees_the_other_before_signing():
    first = signed(1, "AB", "ALL")
    [of_first] = build_double_worklist([make_item(1)], [first], reader="AB")
    [of_second] = build_double_worklist([make_item(1)], [first], reader="KM")
    [of_nobody] = build_double_worklist([make_item(1)], [first], reader="")
    assert (of_first.decision, of_first.reading) == (first, None)
    assert (of_second.decision, of_second.reading) == (None, None)
    assert (of_nobody.decision, of_nobody.reading) == (None, None)
    assert settled_decisions([first]) == ()


def test_both_see_both_once_both_have_signed_and_the_same_is_settled():
    lines = [signed(1, "AB", "ALL"), signed(2, "KM", "ALL")]
    for reader in ("AB", "KM", "XY"):
        [entry] = build_double_worklist([make_item(1)], lines, reader=reader)
        assert entry.decision == lines[0]
        assert entry.reading.readings == tuple(lines)
    assert settled_decisions(lines) == (lines[0],)


def test_what_differs_waits_until_it_is_adjudicated():
    lines = [signed(1, "AB", "ALL"), signed(2, "KM", None)]
    differing, other = build_double_worklist([make_item(1), make_item(2)], lines, reader="AB")
    assert differing.decision == lines[0]
    assert differing.reading.is_disagreement
    assert other.reading is None
    assert settled_decisions(lines) == ()

    settling = replace(signed(3, "XY", "AML"), is_adjudication=True)
    assert settled_decisions([*lines, settling]) == (settling,)
    [entry] = build_double_worklist([make_item(1)], [*lines, settling], reader="KM")
    assert entry.decision == settling
    assert not entry.reading.is_disagreement
    assert settled_decisions([*lines, settling, undone(4, settling)]) == ()


def test_a_decision_signed_after_the_other_was_shown_is_not_independent():
    first, second = signed(1, "AB", "ALL"), signed(2, "KM", "AML")
    assert read_doubly([first, second])[1].is_independent
    later = [first, second, undone(3, first), signed(4, "AB", "AML")]
    reading = read_doubly(later)[1]
    assert reading.settled == second
    assert not reading.is_independent
    # One that was taken back before the other signed does no harm.
    early = [first, undone(2, first), signed(3, "AB", "AML"), signed(4, "KM", "AML")]
    assert read_doubly(early)[1].is_independent


def test_kappa_of_two_readers_is_over_what_both_signed_by_themselves():
    of_first = ["ALL", "ALL", "AML", "Healthy", "Healthy", "Healthy", "AML", "ALL"]
    of_second = ["ALL", "AML", "AML", "Healthy", "Healthy", "ALL", "AML", "ALL"]
    lines = []
    for item, (first, second) in enumerate(zip(of_first, of_second, strict=True), start=1):
        pair = [("AB", first), ("KM", second)]
        # Who comes first does not matter.
        for reader, label in pair if item % 2 else reversed(pair):
            lines.append(signed(len(lines) + 1, reader, label, item=item))
    changed = signed(len(lines) + 2, "KM", "ALL", item=6)
    lines += [undone(len(lines) + 1, next(o for o in lines if o.item_id == 6)), changed]
    [found] = measure_readers(read_doubly(lines).values(), n_resamples=200)
    assert found.readers == ("AB", "KM")
    assert (found.n_both, found.n_later) == (8, 1)
    kept = [place for place in range(8) if place != 5]
    expected = cohen_kappa_score([of_first[i] for i in kept], [of_second[i] for i in kept])
    assert found.comparison.kappa.value == pytest.approx(expected)
    assert found.comparison.kappa.low < found.comparison.kappa.high
    assert found.comparison.counts[0].tolist() == [2, 1, 0, 0, 0]
