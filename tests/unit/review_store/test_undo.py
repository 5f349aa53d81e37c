"""An undo takes back one decision that stands, once, in the name of who pressed the button."""

import threading
from dataclasses import replace

import pytest
from fake_diagnoser import make_diagnosis
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError
from test_store import BUNDLE, ENTRIES, Entry, decide

from leukapp.errors import StoreError
from leukapp.review.double_reading import read_doubly, settled_decisions
from leukapp.review.records import DecisionKind
from leukapp.review.standing import standing_decisions

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


def read_batch(store, n=3):
    run = store.create_run("May", ENTRIES[:n], BUNDLE)
    for item in store.items(run.id):
        store.save_answer(item, make_diagnosis(item.source.encode()), user=None)
    return run, store.items(run.id)


def test_agreeing_with_several_signs_each_once_and_is_taken_back_as_one(store):
    run, items = read_batch(store)
    own = decide(
        store, image=items[0].image_sha256, run_id=run.id, item_id=items[0].id, user="a@lab.example"
    )
    made = store.agree_with_all(items, run, initials="KM", user="a@lab.example")
    assert [one.item_id for one in made] == [items[1].id, items[2].id]
    assert {one.act for one in made} == {made[0].act}
    assert {(one.kind, one.label, one.initials) for one in made} == {
        (DecisionKind.AGREE, "ALL", "KM")
    }
    assert store.agree_with_all(items, run, initials="KM") == ()
    with pytest.raises(StoreError, match=OTHERS):
        store.undo_act(made[0].act, initials="XY", user="b@lab.example")

    undone = store.undo_act(made[0].act, initials="KM", user="a@lab.example")
    assert [one.takes_back for one in undone] == [one.id for one in made]
    assert standing_decisions(store.decisions(run_id=run.id)) == {items[0].id: own}
    with pytest.raises(StoreError, match=FALLEN):
        store.undo_act(made[0].act, initials="KM", user="a@lab.example")
    report = store.verify()
    assert report.is_whole
    assert report.n_rows == 1 + len(items) + 1 + 2 * len(made)


def test_several_are_signed_or_none(store):
    run, items = read_batch(store)
    gone = replace(items[2], image_sha256="00" * 32)
    with pytest.raises(StoreError, match="not the one that was judged"):
        store.agree_with_all([*items[:2], gone], run, initials="KM")
    assert store.decisions(run_id=run.id) == ()
    assert store.verify().is_whole


def test_a_decision_made_alone_after_is_left_when_the_others_are_taken_back(store):
    run, items = read_batch(store)
    made = store.agree_with_all(items, run, initials="KM")
    later = decide(store, image=items[0].image_sha256, run_id=run.id, item_id=items[0].id)
    store.undo_act(made[0].act, initials="KM")
    assert standing_decisions(store.decisions(run_id=run.id)) == {items[0].id: later}


def sign(store, run, item, reader, label, **changed):
    return decide(
        store,
        image=item.image_sha256,
        kind=DecisionKind.OVERRIDE,
        label=label,
        initials=reader,
        run_id=run.id,
        item_id=item.id,
        **changed,
    )


def test_a_batch_that_asks_for_two_readers_takes_two_and_an_adjudication(store):
    run = store.create_run("May", ENTRIES[:1], BUNDLE, n_readers=2)
    assert store.run(run.id).n_readers == 2
    store.save_answer(store.items(run.id)[0], make_diagnosis(b"a"), user=None)
    [item] = store.items(run.id)
    first = sign(store, run, item, "AB", "ALL")
    with pytest.raises(StoreError, match="nothing to adjudicate"):
        sign(store, run, item, "XY", "ALL", is_adjudication=True)
    second = sign(store, run, item, "KM", "AML")
    with pytest.raises(StoreError, match="Two readers have signed"):
        sign(store, run, item, "XY", "ALL")
    assert store.agree_with_all([item], run, initials="XY") == ()
    settling = sign(store, run, item, "XY", "AML", is_adjudication=True)
    lines = store.decisions(run_id=run.id)
    assert settled_decisions(lines) == (settling,)
    # The first reader's decision can be taken back though the second one's came later.
    store.undo_decision(settling.id, initials="XY")
    store.undo_decision(first.id, initials="AB")
    [reading] = read_doubly(store.decisions(run_id=run.id)).values()
    assert reading.readings == (second,)
    assert store.verify().is_whole


def test_a_batch_that_asks_for_one_reader_takes_no_adjudication(store):
    run, items = read_batch(store, 1)
    with pytest.raises(StoreError, match="nothing to adjudicate"):
        sign(store, run, items[0], "XY", "ALL", is_adjudication=True)


def test_what_was_signed_on_diagnose_goes_along_once_with_its_reader_and_its_time(store):
    images = [f"{number:x}" * 64 for number in range(4)]
    signed = decide(store, images[0], initials="AB", user="a@lab.example")
    other_networks = decide(store, images[1], bundle_sha256="9" * 64)
    taken_back = decide(store, images[2])
    store.undo_decision(taken_back.id, initials="AB")
    kept = [
        Entry(f"field {number}.png", f"upload:{'0' * 16}/{number:06d}-{image}-{'f' * 64}.png")
        for number, image in enumerate(images)
    ]
    run = store.create_run("kept", kept, BUNDLE)
    item = store.items(run.id)[0]

    [carried] = store.carry_decisions(run.id, user="b@lab.example")

    assert carried == replace(
        signed, id=carried.id, image_name="field 0.png", run_id=run.id, item_id=item.id
    )
    assert store.carry_decisions(run.id) == ()
    assert store.current_decision(image_sha256=images[0]) == signed
    assert store.current_decision(image_sha256=images[1]) == other_networks
    # Who kept the image is in the trail, and which decision it was.
    query = text("SELECT user_mail FROM audit_trail WHERE detail LIKE :told")
    with store._engine.connect() as raw:
        told = raw.execute(query, {"told": f'%"carried_from":{signed.id},%'}).scalars().all()
    assert told == ["b@lab.example"]
    with pytest.raises(StoreError, match=OTHERS):
        store.undo_decision(carried.id, initials="KM", user="b@lab.example")
    store.undo_decision(carried.id, initials="AB", user="a@lab.example")
    assert store.carry_decisions(run.id) == ()
    assert store.verify().is_whole
