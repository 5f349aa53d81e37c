"""A removed batch leaves its decisions and its trail, and nothing else, killed or not."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from fake_diagnoser import make_diagnosis
from own_process import in_own_process

from leukapp.errors import StoreError
from leukapp.resources import batch_dir
from leukapp.review import removal
from leukapp.review.kept_images import begin_upload, keep_thumbnail, keep_upload, settle_upload
from leukapp.review.records import BatchRun, DecisionKind
from leukapp.review.removal import remove_batch, sweep_removed
from leukapp.review.standing import standing_decisions
from leukapp.review.store import ReviewStore

JUDGED = make_diagnosis(b"judged")


@dataclass(frozen=True)
class Entry:
    name: str
    source: str


def files() -> list[Path]:
    return sorted(
        path
        for path in batch_dir().rglob("*")
        if path.is_file() and "known-stores" not in path.parts
    )


@pytest.fixture
def uploaded(store: ReviewStore, encode_png: Callable[..., bytes]) -> BatchRun:
    """A batch of one uploaded image, judged, with its thumbnail."""
    upload_id = begin_upload(store.store_id)
    source = keep_upload(upload_id, 0, encode_png(np.full((32, 32, 3), 90, np.uint8)))
    run = store.create_run("ward", [Entry("Jane Roe.png", source)], "ab" * 32)
    settle_upload(source)
    store.save_answer(store.items(run.id)[0], JUDGED, user=None)
    keep_thumbnail(JUDGED.image_sha256, JUDGED.image)
    assert len(files()) == 3
    return run


def test_a_later_batch_inherits_no_id_and_no_decision(store: ReviewStore) -> None:
    first = store.create_run("first", [Entry("a.png", "a")], "ab" * 32)
    item = store.items(first.id)[0]
    store.save_answer(item, JUDGED, user=None)
    store.record_decision(
        image_sha256=JUDGED.image_sha256, image_name="a.png", bundle_sha256="ab" * 32,
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


def test_a_removal_leaves_no_file_and_no_name(
    store: ReviewStore, uploaded: BatchRun, tmp_path: Path
) -> None:
    remove_batch(store, uploaded.id, user="a@lab.example")
    assert files() == []
    assert store.verify().is_whole
    for path in tmp_path.glob("review.sqlite*"):
        assert b"Jane Roe" not in path.read_bytes()
    with pytest.raises(StoreError, match="not in the review store"):
        remove_batch(store, uploaded.id)


def remove_and_die(store_url: str, run_id: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(removal, "sweep_removed", lambda _store: os._exit(0))
        remove_batch(ReviewStore.open(store_url), run_id)


def test_a_removal_that_is_killed_ends_at_the_next_start(
    store: ReviewStore, uploaded: BatchRun, store_url: str
) -> None:
    assert in_own_process(remove_and_die, store_url, uploaded.id) == 0
    assert store.runs() == ()
    assert len(files()) == 3
    sweep_removed(store)
    assert files() == []


def test_a_thumbnail_that_a_runner_writes_after_the_removal_goes_as_well(
    store: ReviewStore, uploaded: BatchRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove_batch(store, uploaded.id)
    keep_thumbnail(JUDGED.image_sha256, JUDGED.image)
    assert len(files()) == 1
    sweep_removed(store)
    assert files() == []
    monkeypatch.setattr(removal, "NOTED_SECONDS", 0.0)
    sweep_removed(store)
    assert store.removals() == ()
