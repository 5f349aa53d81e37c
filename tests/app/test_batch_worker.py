"""The thread that reads batches: line, pause, cancel, failure, and what it leaves behind."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fake_diagnoser import FakeDiagnoser

from leukapp import resources
from leukapp.diagnosis import Diagnosis
from leukapp.errors import BatchSourceError
from leukapp.review.batch_images import BatchImages
from leukapp.review.kept_images import begin_upload, keep_upload, thumbnail_path, uploaded_sha256
from leukapp.review.records import BatchRun, ItemState, RunState
from leukapp.review.store import ReviewStore
from leukapp.review.uploads import BatchEntry
from leukapp.ui.review.worker import BatchWorker
from leukapp.ui.session import SharedDiagnoser
from leukapp.ui.texts import batch as texts

BUNDLE = FakeDiagnoser.bundle.sha256
LIMIT_SECONDS = 20


class SlowDiagnoser(FakeDiagnoser):
    """Answers only as often as it is let go on."""

    def __init__(self) -> None:
        super().__init__()
        self.may_go_on = threading.Semaphore(0)

    def diagnose(self, data: bytes) -> Diagnosis:
        assert self.may_go_on.acquire(timeout=LIMIT_SECONDS)
        return super().diagnose(data)


@pytest.fixture(autouse=True)
def batch_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(resources.BATCH_VARIABLE, str(tmp_path / "batches"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    root.mkdir()
    for number in range(4):
        (root / f"{number}.png").write_bytes(b"image %d" % number)
    return root


def create(store: ReviewStore, *sources: str) -> BatchRun:
    return store.create_run("run", [BatchEntry(name=one, source=one) for one in sources], BUNDLE)


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_batch_is_read_to_its_end_and_a_missing_file_does_not_stop_it(
    store: ReviewStore, root: Path
) -> None:
    worker = BatchWorker(store)
    run = create(store, "0.png", "gone.png", "1.png")
    worker.begin(run.id, SharedDiagnoser(FakeDiagnoser()), BatchImages(root=root), user="r@lab")
    wait_until(lambda: not worker.status(run.id).is_active)

    assert store.run(run.id).state is RunState.FINISHED
    states = [item.state for item in store.items(run.id)]
    assert states == [ItemState.DONE, ItemState.UNREADABLE, ItemState.DONE]
    assert "put it back" in str(store.items(run.id)[1].error)
    for item in store.items(run.id, state=ItemState.DONE):
        assert thumbnail_path(str(item.image_sha256)).is_file()
    assert store.verify().is_whole


def test_pause_stops_after_the_image_in_hand_and_resume_reads_each_image_once(
    store: ReviewStore, root: Path
) -> None:
    worker, networks = BatchWorker(store), SlowDiagnoser()
    diagnoser, images = SharedDiagnoser(networks), BatchImages(root=root)
    run = create(store, "0.png", "1.png", "2.png", "3.png")
    worker.begin(run.id, diagnoser, images)
    networks.may_go_on.release()
    wait_until(lambda: store.run(run.id).done == 1)
    worker.stop(run.id, RunState.PAUSED)
    networks.may_go_on.release()
    wait_until(lambda: not worker.status(run.id).is_active)
    assert store.run(run.id).state is RunState.PAUSED
    assert store.run(run.id).done == 2

    worker.begin(run.id, diagnoser, images)
    networks.may_go_on.release(2)
    wait_until(lambda: store.run(run.id).state is RunState.FINISHED)
    assert networks.diagnosed == [b"image %d" % number for number in range(4)]


def test_resuming_at_once_after_pausing_goes_on(store: ReviewStore, root: Path) -> None:
    worker, networks = BatchWorker(store), SlowDiagnoser()
    diagnoser, images = SharedDiagnoser(networks), BatchImages(root=root)
    run = create(store, "0.png", "1.png", "2.png")
    worker.begin(run.id, diagnoser, images)
    wait_until(lambda: worker.status(run.id).is_working)
    worker.stop(run.id, RunState.PAUSED)
    worker.begin(run.id, diagnoser, images)
    networks.may_go_on.release(3)
    wait_until(lambda: store.run(run.id).state is RunState.FINISHED)

    assert store.run(run.id).done == 3
    assert len(networks.diagnosed) == 3


def test_batches_wait_in_line_and_one_in_line_can_be_cancelled(
    store: ReviewStore, root: Path
) -> None:
    worker, networks = BatchWorker(store), SlowDiagnoser()
    diagnoser, images = SharedDiagnoser(networks), BatchImages(root=root)
    first, second, third = (create(store, f"{number}.png") for number in range(3))
    for run in (first, second, third, second):
        worker.begin(run.id, diagnoser, images)
    wait_until(lambda: worker.status(first.id).is_working)
    assert worker.status(second.id).is_in_line
    worker.stop(second.id, RunState.CANCELLED)
    networks.may_go_on.release(2)
    wait_until(lambda: store.run(third.id).state is RunState.FINISHED)

    assert store.run(second.id).state is RunState.CANCELLED
    assert store.run(second.id).done == 0
    assert networks.diagnosed == [b"image 0", b"image 2"]


@pytest.mark.parametrize("elsewhere", [True, False])
def test_a_batch_whose_images_are_elsewhere_is_refused_and_none_is_called_unreadable(
    store: ReviewStore, root: Path, tmp_path: Path, elsewhere: bool
) -> None:
    (tmp_path / "empty").mkdir()
    images = BatchImages(root=tmp_path / "empty" if elsewhere else None)
    worker, run = BatchWorker(store), create(store, "0.png")
    with pytest.raises(BatchSourceError, match="put them back"):
        worker.begin(run.id, SharedDiagnoser(FakeDiagnoser()), images)

    assert not worker.status(run.id).is_active
    assert store.run(run.id).unreadable == 0


def test_a_root_that_goes_away_stops_the_batch_with_a_sentence(
    store: ReviewStore, root: Path, tmp_path: Path
) -> None:
    worker, networks = BatchWorker(store), SlowDiagnoser()
    diagnoser, images = SharedDiagnoser(networks), BatchImages(root=root)
    run = create(store, "0.png", "1.png", "2.png")
    worker.begin(run.id, diagnoser, images)
    wait_until(lambda: worker.status(run.id).is_working)
    time.sleep(0.1)
    root.rename(tmp_path / "away")
    networks.may_go_on.release(3)
    wait_until(lambda: not worker.status(run.id).is_active)
    assert "LEUKAPP_REVIEW_ROOT" in str(worker.status(run.id).failure)
    assert store.run(run.id).unreadable == 0

    (tmp_path / "away").rename(root)
    worker.begin(run.id, diagnoser, images)
    wait_until(lambda: store.run(run.id).state is RunState.FINISHED)
    assert worker.status(run.id).failure is None
    assert store.run(run.id).done == 3


class FaultyDiagnoser(FakeDiagnoser):
    """Fails as no error of ours does."""

    def diagnose(self, data: bytes) -> Diagnosis:
        raise ZeroDivisionError


def test_an_unknown_failure_ends_one_batch_and_not_the_line(store: ReviewStore, root: Path) -> None:
    worker, images = BatchWorker(store), BatchImages(root=root)
    first, second = create(store, "0.png"), create(store, "1.png")
    worker.begin(first.id, SharedDiagnoser(FaultyDiagnoser()), images)
    worker.begin(second.id, SharedDiagnoser(FakeDiagnoser()), images)
    wait_until(lambda: store.run(second.id).state is RunState.FINISHED)

    assert worker.status(first.id).failure == texts.UNEXPECTED
    assert not worker.status(first.id).is_active
    assert store.run(first.id).unreadable == 0


def test_a_reader_gets_in_between_the_images_of_a_batch(store: ReviewStore, root: Path) -> None:
    worker, networks = BatchWorker(store), SlowDiagnoser()
    diagnoser = SharedDiagnoser(networks)
    run = create(store, "0.png", "1.png", "2.png", "3.png")
    worker.begin(run.id, diagnoser, BatchImages(root=root))
    wait_until(lambda: worker.status(run.id).is_working)
    reader = threading.Thread(target=diagnoser.diagnose, args=(b"reader",))
    reader.start()
    time.sleep(0.2)
    networks.may_go_on.release(5)
    reader.join(LIMIT_SECONDS)
    wait_until(lambda: store.run(run.id).state is RunState.FINISHED)

    assert networks.diagnosed.index(b"reader") <= 2


def test_an_upload_is_known_by_the_hash_of_the_reader_s_own_file(
    store: ReviewStore, encode_png: Callable[..., bytes]
) -> None:
    png = encode_png(np.full((40, 40, 3), 90, np.uint8)) + b"behind the end"
    source = keep_upload(begin_upload("5" * 32), 0, png)
    run = create(store, source)
    worker = BatchWorker(store)
    worker.begin(run.id, SharedDiagnoser(FakeDiagnoser()), BatchImages(root=None))
    wait_until(lambda: store.run(run.id).state is RunState.FINISHED)

    assert store.items(run.id)[0].image_sha256 == uploaded_sha256(source)
    assert store.items(run.id)[0].mode == "whole"
