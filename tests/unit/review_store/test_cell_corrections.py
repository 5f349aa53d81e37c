"""A cell is corrected in the audit trail, by whom it says, and the correction can be taken back."""

import pytest
from fake_diagnoser import FIELD, make_field

from leukapp.errors import StoreError
from leukapp.imaging.cell_boxes import CellBox
from leukapp.review.corrected_cells import correct_cells, count_corrected
from leukapp.review.records import ARTIFACT, REACTIVE, REMOVED

FIELD_OF_TWO = make_field(FIELD, ["ALL", None])
FIRST, SECOND = (cell.box for cell in FIELD_OF_TWO.cells)
IMAGE = FIELD_OF_TWO.image_sha256


def standing(store):
    return {made.box: (made.answer, made.initials) for made in store.cell_corrections(IMAGE)}


def test_the_last_correction_of_a_cell_stands_until_it_is_taken_back(store):
    store.correct_cell(FIELD_OF_TWO, FIRST, ARTIFACT, initials="KM")
    store.correct_cell(FIELD_OF_TWO, SECOND, "AML", initials="KM")
    store.correct_cell(FIELD_OF_TWO, FIRST, REACTIVE, initials="AB")
    assert standing(store) == {FIRST: (REACTIVE, "AB"), SECOND: ("AML", "KM")}
    [last] = [made for made in store.cell_corrections(IMAGE) if made.box == FIRST]
    store.take_back_correction(FIELD_OF_TWO, last, initials="AB")
    assert standing(store) == {FIRST: (ARTIFACT, "KM"), SECOND: ("AML", "KM")}
    with pytest.raises(StoreError, match="does not stand any more"):
        store.take_back_correction(FIELD_OF_TWO, last, initials="AB")
    assert store.cell_corrections("ef" * 32) == ()
    assert store.current_decision(image_sha256=IMAGE) is None
    assert store.verify().is_whole
    assert store.verify().n_rows == 4


def test_another_readers_correction_is_taken_back_by_an_admin_alone(store):
    store.correct_cell(FIELD_OF_TWO, FIRST, ARTIFACT, initials="KM", user="km@lab.example")
    [made] = store.cell_corrections(IMAGE)
    with pytest.raises(StoreError, match="another reader's"):
        store.take_back_correction(FIELD_OF_TWO, made, initials="AB", user="ab@lab.example")
    store.take_back_correction(
        FIELD_OF_TWO, made, initials="AB", user="ab@lab.example", is_admin=True
    )
    assert standing(store) == {}


def test_only_a_known_answer_is_written(store):
    with pytest.raises(ValueError, match="answer must be one of"):
        store.correct_cell(FIELD_OF_TWO, FIRST, "blast", initials="KM")
    assert store.verify().n_rows == 0


def test_a_marked_cell_and_a_removed_one_are_rows_like_any_correction(store):
    place = CellBox(x0=30, y0=30, x1=56, y1=56)
    store.correct_cell(FIELD_OF_TWO, FIRST, REMOVED, initials="KM")
    store.correct_cell(FIELD_OF_TWO, place, "AML", initials="KM", is_marked=True)
    store.correct_cell(FIELD_OF_TWO, SECOND, "AML", initials="KM")
    cells = correct_cells(FIELD_OF_TWO.cells, store.cell_corrections(IMAGE))
    assert [(cell.box, cell.answer, cell.is_leukocyte) for cell in cells] == [
        (FIRST, REMOVED, False), (SECOND, "AML", True), (place, "AML", True),
    ]  # fmt: skip
    assert [cell.cell is None for cell in cells] == [False, False, True]
    assert count_corrected(cells).n_found == 2
    [mark] = [made for made in store.cell_corrections(IMAGE) if made.is_marked]
    store.take_back_correction(FIELD_OF_TWO, mark, initials="KM")
    assert len(correct_cells(FIELD_OF_TWO.cells, store.cell_corrections(IMAGE))) == 2
    assert store.verify().is_whole
