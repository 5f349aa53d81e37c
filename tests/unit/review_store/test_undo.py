"""An undo takes back one decision that stands, once, in the name of who pressed the button."""

import threading

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError
from test_store import decide

from leukapp.errors import StoreError
from leukapp.review.records import DecisionKind

IMAGE = "cd" * 32
OTHERS = "another reader's"
FALLEN = "does not stand any more"


def test_undo_names_its_decision_and_who_takes_it_back(store):
    first = decide(store)
    second = decide(store, kind=DecisionKind.OVERRIDE, label="AML", initials="AB")
    undone = store.undo_decision(second.id, initials="KM")
    assert (undone.takes_back, undone.initials, undone.reason) == (second.id, "KM", "")
    assert store.current_decision(image_sha256=IMAGE) == first
    assert [one.kind for one in store.decisions()] == ["agree", "override", "undone"]
    store.undo_decision(first.id, initials="KM")
    assert store.current_decision(image_sha256=IMAGE) is None
    assert store.verify().is_whole


@pytest.mark.parametrize("times", [1, 2])
def test_what_was_taken_back_cannot_be_taken_back_again(store, times):
    first, second = decide(store), decide(store)
    undone = store.undo_decision(second.id, initials="KM")
    for _ in range(times):
        with pytest.raises(StoreError, match=FALLEN):
            store.undo_decision(second.id, initials="XY")
    with pytest.raises(StoreError, match="not in the review log"):
        store.undo_decision(undone.id, initials="XY")
    with pytest.raises(StoreError, match="not in the review log"):
        store.undo_decision(77, initials="XY")
    assert store.current_decision(image_sha256=IMAGE) == first


def test_a_decision_that_a_later_one_follows_does_not_stand(store):
    first, second = decide(store), decide(store)
    with pytest.raises(StoreError, match=FALLEN):
        store.undo_decision(first.id, initials="KM")
    assert store.current_decision(image_sha256=IMAGE) == second


def test_two_readers_at_once_take_back_one_decision_once(store):
    first, second = decide(store), decide(store)
    start = threading.Barrier(2)
    refused = []

    def press(initials):
        start.wait()
        try:
            store.undo_decision(second.id, initials=initials)
        except StoreError as error:
            refused.append(str(error))

    readers = [threading.Thread(target=press, args=(initials,)) for initials in ("AB", "KM")]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert [FALLEN in sentence for sentence in refused] == [True]
    assert store.current_decision(image_sha256=IMAGE) == first
    assert [one.kind for one in store.decisions()].count(DecisionKind.UNDONE) == 1


def test_a_reviewer_cannot_revert_another_ones_decision_and_an_admin_can(store):
    made = decide(store, user="a@lab.example")
    for reader in ("b@lab.example", None):
        with pytest.raises(StoreError, match=OTHERS):
            store.undo_decision(made.id, initials="BB", user=reader)
    assert store.current_decision(image_sha256=IMAGE) == made
    undone = store.undo_decision(made.id, initials="CC", user="c@lab.example", is_admin=True)
    assert (undone.user, undone.initials) == ("c@lab.example", "CC")
    again = decide(store, user="a@lab.example")
    store.undo_decision(again.id, initials="AA", user="a@lab.example")
    assert store.current_decision(image_sha256=IMAGE) is None


def test_the_database_itself_refuses_a_second_taking_back(store):
    made = decide(store)
    undone = store.undo_decision(made.id, initials="KM")
    with pytest.raises(DatabaseError), store._engine.begin() as raw:
        raw.execute(
            text(
                "INSERT INTO decisions (image_sha256, image_name, bundle_sha256, kind, reason, "
                "initials, decided_at, is_blinded, takes_back) VALUES ('a', 'b', 'c', 'undone', "
                "'', 'X', '2026-01-01T00:00:00+00:00', false, :id)"
            ),
            {"id": made.id},
        )
    assert store.decisions() == (made, undone)
