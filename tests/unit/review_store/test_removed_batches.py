"""A removed batch leaves its decisions, and they never show up on a later batch."""

from dataclasses import dataclass

from fake_diagnoser import make_diagnosis

from leukapp.review.records import DecisionKind
from leukapp.review.store import ReviewStore
from leukapp.review.worklist import standing_decisions


@dataclass(frozen=True)
class Entry:
    name: str
    source: str


def test_a_later_batch_inherits_no_id_and_no_decision(store: ReviewStore) -> None:
    first = store.create_run("first", [Entry("a.png", "a")], "ab" * 32)
    item, diagnosis = store.items(first.id)[0], make_diagnosis(b"a")
    store.save_answer(item, diagnosis, user=None)
    store.record_decision(
        image_sha256=diagnosis.image_sha256, image_name="a.png", bundle_sha256="ab" * 32,
        kind=DecisionKind.AGREE, label="ALL", reason="", initials="AB",
        run_id=first.id, item_id=item.id,
    )  # fmt: skip
    store.forget_run(first.id)
    second = store.create_run("second", [Entry("b.png", "b")], "ab" * 32)

    assert second.id != first.id
    assert store.items(second.id)[0].id != item.id
    assert standing_decisions(store.decisions(run_id=second.id)) == {}
    assert len(store.decisions(run_id=first.id)) == 1
    assert store.verify().is_whole
