"""Cases gather images of batches; the trail tells of each change and holds no name."""

import pytest
from fake_diagnoser import FIELD, make_field
from sqlalchemy import text

from leukapp.errors import StoreError
from leukapp.review.records import MAX_CASE_NAME, JudgedCell
from leukapp.review.store import ReviewStore
from leukapp.review.tables import AUDIT_TRAIL
from leukapp.review.uploads import BatchEntry

ACCESSION = "S-26-04711"
FIELD_OF_TWO = make_field(FIELD, ["ALL", None])


def begin(store, n=2):
    entries = [BatchEntry(name=f"{i}.png", source=f"{i}.png") for i in range(n)]
    run = store.create_run("Slides", entries, "ab" * 32)
    return run, [item.id for item in store.items(run.id)]


def trail_words(store):
    with store._engine.begin() as raw:
        return " ".join(str(row) for row in raw.execute(AUDIT_TRAIL.select()))


def test_a_case_is_made_named_filled_and_found(store):
    run, ids = begin(store, 3)
    case = store.cases.make(f"  {ACCESSION} ", user="km@lab.example")
    assert (case.name, case.n_images) == (ACCESSION, 0)
    assert store.cases.put(ACCESSION.lower(), ids[:2]).id == case.id
    assert store.cases.put(f"#{case.id}", ids[:2]).n_images == 2
    unnamed = store.cases.make()
    assert [found.id for found in store.cases.search("-26-047")] == [case.id]
    assert [found.id for found in store.cases.search(f"#{unnamed.id}")] == [unnamed.id]
    assert [found.id for found in store.cases.search()] == [unnamed.id, case.id]
    assert store.cases.search("100%_") == ()
    assert store.cases.find(ACCESSION.lower()) == store.cases.get(case.id)
    assert store.cases.find("S-26") is None
    assert [found.id for found in store.cases.of_batch(run.id)] == [case.id]
    assert store.cases.item_ids(case.id) == frozenset(ids[:2])

    store.cases.take_out(case.id, ids[:1])
    assert store.cases.put_batch(ACCESSION, run.id).n_images == 3
    store.cases.name(case.id, " ")
    assert store.cases.get(case.id).name is None
    assert ACCESSION not in trail_words(store)
    assert "case_named" in trail_words(store)
    assert store.verify().is_whole

    store.cases.remove(case.id)
    with pytest.raises(StoreError, match="search for another"):
        store.cases.get(case.id)
    assert len(store.items(run.id)) == 3
    assert store.cases.make().id > unnamed.id
    assert store.verify().is_whole


def test_what_makes_no_sense_is_refused_and_changes_nothing(store):
    _, ids = begin(store)
    case, other = store.cases.make(ACCESSION), store.cases.make()
    store.cases.put(ACCESSION, ids[:1])
    n_rows = store.verify().n_rows
    with pytest.raises(StoreError, match=f"Case {case.id} has this name"):
        store.cases.make(ACCESSION.lower())
    with pytest.raises(StoreError, match=f"Case {case.id} has this name"):
        store.cases.name(other.id, ACCESSION)
    with pytest.raises(StoreError, match="another case"):
        store.cases.put("S-26-1", ids)
    with pytest.raises(StoreError, match="reload"):
        store.cases.put(f"#{other.id}", [999])
    with pytest.raises(StoreError, match="search for another"):
        store.cases.put("#99", ids)
    with pytest.raises(StoreError, match="shorten"):
        store.cases.make("x" * (MAX_CASE_NAME + 1))
    with pytest.raises(StoreError, match="cannot begin with #"):
        store.cases.make("#4")
    assert store.cases.name(case.id, ACCESSION).name == ACCESSION
    assert [(case.id, case.n_images) for case in store.cases.search()] == [(2, 0), (1, 1)]
    assert store.verify().n_rows == n_rows


def test_a_removed_batch_leaves_its_cases(store):
    (run, ids), (_, others) = begin(store), begin(store)
    case = store.cases.put(None, ids + others)
    store.forget_run(run.id)
    assert store.cases.item_ids(case.id) == frozenset(others)
    assert store.verify().is_whole


def test_an_image_keeps_what_its_leukocytes_got(store):
    run, ids = begin(store)
    store.save_answer(store.items(run.id)[0], FIELD_OF_TWO)
    case = store.cases.put(None, ids)
    read, waiting = store.cases.images(case.id)
    boxes = [cell.box for cell in FIELD_OF_TWO.cells]
    assert read.cells == (
        JudgedCell(box=boxes[0], answer="ALL"),
        JudgedCell(box=boxes[1], answer=None),
    )
    assert waiting.cells is None
    assert read.item == store.items(run.id)[0]
    assert store.verify().is_whole


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("UPDATE cases SET name = 'x'", "case 1 was changed"),
        ("DELETE FROM case_images", "the images of case 1 were changed"),
        ("DELETE FROM cases", "case 1 is missing"),
        (
            "INSERT INTO cases (id, salt, created_at) VALUES (7, 'x', 'y')",
            "case 7 is not in the audit trail",
        ),
        ("UPDATE items SET cells = '[]'", "image 1 of batch 1 was changed"),
    ],
)
def test_what_was_changed_behind_the_trail_is_named(tmp_path, change, fault):
    store = ReviewStore.open(f"sqlite:///{tmp_path / 'review.sqlite'}")
    run, ids = begin(store, 1)
    store.save_answer(store.items(run.id)[0], FIELD_OF_TWO)
    store.cases.put(ACCESSION, ids)
    with store._engine.begin() as raw:
        raw.execute(text(change))
    assert any(fault in found for found in store.verify().faults), store.verify().faults
    store.close()
