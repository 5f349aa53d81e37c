"""A case counts the leukocytes of its fields, each file once, as readers corrected them."""

from review_records import make_correction, make_item

from leukapp.evaluation.intervals import wilson_interval
from leukapp.imaging.cell_boxes import CellBox
from leukapp.review.case_summary import ENOUGH_FIELDS, summarize_case
from leukapp.review.records import ARTIFACT, CaseImage, ItemState, JudgedCell

BLAST, HEALTHY = "ALL", "Healthy"


def box(index):
    return CellBox(x0=10 * index, y0=0, x1=10 * index + 8, y1=8)


def field(item_id, answers, **changes):
    cells = tuple(JudgedCell(box=box(i), answer=answer) for i, answer in enumerate(answers))
    return CaseImage(item=make_item(item_id, mode="field", **changes), cells=cells)


def test_networks_and_readers_are_counted_apart() -> None:
    first, second = field(1, [BLAST, BLAST, None]), field(2, [HEALTHY, BLAST])
    made = {
        str(first.item.image_sha256): (
            make_correction(box(0), ARTIFACT),
            make_correction(box(2), "AML"),
            make_correction(box(7), HEALTHY),
        )
    }
    summary = summarize_case([first, second], made)
    assert summary.answers == (BLAST, BLAST, None, HEALTHY, BLAST)
    # A window that is none of these cells is no correction, unless a reader marked it.
    assert summary.corrected == (BLAST, "AML", HEALTHY, BLAST)
    assert summary.n_corrected == 2
    assert (summary.counted.n_blast_like, summary.counted.n_judged) == (3, 4)
    corrected = summary.counted_as_corrected
    assert (corrected.n_blast_like, corrected.n_judged) == (3, 4)
    assert corrected.low == wilson_interval(3, 4).low
    assert summary.over_fields is None


def test_what_is_no_countable_field_is_left_out_and_told() -> None:
    twice = field(5, [BLAST], image_sha256=f"{1:064x}")
    refused = field(
        6, [BLAST], label=None, no_call_reason="out of focus", quality=("out of focus",)
    )
    images = [
        field(1, [HEALTHY, HEALTHY]),
        twice,
        CaseImage(item=make_item(2, mode="cell"), cells=()),
        CaseImage(item=make_item(3, mode="field"), cells=None),
        CaseImage(item=make_item(4, state=ItemState.WAITING, image_sha256=None), cells=None),
        refused,
    ]
    summary = summarize_case(images, {})
    assert summary.answers == (BLAST,)
    assert summary.item_ids == (5, 2, 3, 6)
    left_out = (
        summary.n_repeated,
        summary.n_not_fields,
        summary.n_refused,
        summary.n_without_cells,
    )
    assert left_out == (1, 1, 1, 1)


def test_with_enough_fields_the_interval_is_of_fields_drawn_anew() -> None:
    # Fields that differ wholly: leukocytes alone would look four times as sure.
    images = [
        field(number, [BLAST if number % 2 else HEALTHY] * 20)
        for number in range(ENOUGH_FIELDS + 1)
    ]
    between = summarize_case(images, {}).over_fields
    assert between is not None
    assert between.low is not None
    assert between.high is not None
    alone = summarize_case(images, {}).counted
    assert alone.low is not None
    assert between.low < alone.low
    assert between.value == 0.5
