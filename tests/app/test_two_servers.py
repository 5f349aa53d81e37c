"""Two app servers share one PostgreSQL and one folder of kept images, as behind a balancer."""

import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest
from fake_diagnoser import FakeDiagnoser
from own_process import LONGEST_SECONDS, start_own_process
from postgres_server import find_postgres, running_postgres
from streamlit.testing.v1 import AppTest
from through_app import run_through_app

from leukapp.batch import runner
from leukapp.diagnosis import Diagnosis
from leukapp.review import batch_rows
from leukapp.review.records import ItemState, RunState
from leukapp.review.store import ReviewStore
from leukapp.ui import session
from leukapp.ui.texts import batch as texts

REPOSITORY = Path(__file__).resolve().parents[2]
N_IMAGES = 6


class NotingDiagnoser(FakeDiagnoser):
    """Notes each image that it is asked for; the first server's stays at its second one."""

    def diagnose(self, data: bytes) -> Diagnosis:
        diagnosis = super().diagnose(data)
        with Path(os.environ["NOTES"]).open("a", encoding="ascii") as notes:
            notes.write(diagnosis.image_sha256 + "\n")
        if os.environ["NAME"] == "first" and len(self.diagnosed) == 2:
            time.sleep(LONGEST_SECONDS)
        return diagnosis


def serve(name: str, folder: Path, url: str, uploads: list[bytes], events: Connection) -> None:
    """One server and its reader: begins the batch, or goes on with the one that is there."""
    os.environ |= {
        "NAME": name,
        "NOTES": str(folder / name),
        "LEUKAPP_STORE_URL": url,
        "LEUKAPP_BATCH_DIR": str(folder / "batches"),
        "LEUKAPP_SETTINGS": str(folder / f"settings-{name}.json"),
        "LEUKAPP_BUNDLE": str(folder),
        "XDG_DATA_HOME": str(folder / f"data-{name}"),
    }
    # What a killed server had in hand comes free sooner.
    batch_rows.CLAIM_SECONDS, runner.RENEW_SECONDS = 6.0, 1.0
    run_through_app(pytest.MonkeyPatch())
    session.Diagnoser = NotingDiagnoser  # type: ignore[assignment, misc]
    app = AppTest.from_file(str(REPOSITORY / "app.py"), default_timeout=LONGEST_SECONDS).run()
    app.switch_page("pages/batch_review.py")
    if uploads:
        app.run()
        for number, data in enumerate(uploads):
            upload = app.file_uploader(key="batch-upload-0-0")
            upload.upload(f"{number}.png", data, "image/png")
        app.run()
        app.button(key="batch-start").click().run()
    else:
        app.query_params["batch"] = "1"
        app.run()
        app.button(key="batch-resume").click().run()
    assert not app.exception
    events.send(app.query_params["batch"])
    events.recv()
    # The same session, later: what the batch shows by now.
    app.segmented_control(key="batch-section").set_value(texts.WORKLIST).run()
    assert not app.exception
    events.send(len(app.image))


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., tuple[Connection, Callable[[], None]]]]:
    """Start a server; gives its end of a pipe, and what kills it."""
    running = []

    def start_one(*arguments: object) -> tuple[Connection, Callable[[], None]]:
        here, there = multiprocessing.Pipe()
        process = start_own_process(serve, *arguments, there)
        there.close()
        running.append(process)

        def kill() -> None:
            process.kill()
            process.join()

        return here, kill

    yield start_one
    for process in running:
        process.kill()
        process.join()


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONGEST_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def told(server: Connection) -> object:
    assert server.poll(LONGEST_SECONDS), "the server says nothing"
    return server.recv()


def test_a_batch_goes_on_at_another_server_and_nothing_is_lost_or_judged_twice(
    start: Callable[..., tuple[Connection, Callable[[], None]]],
    tmp_path: Path,
    encode_png: Callable[..., bytes],
) -> None:
    programs = find_postgres()
    if programs is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL is not installed: apt-get install postgresql")
        pytest.skip("PostgreSQL is not installed")
    uploads = [encode_png(np.full((32, 32, 3), 90 + i, np.uint8)) for i in range(N_IMAGES)]
    with running_postgres(programs) as server:
        first, kill_first = start("first", tmp_path, server.url, uploads)
        # The address is what a reader carries to the other server.
        assert told(first) == "1"
        store = ReviewStore.open(server.url)
        wait_until(lambda: len(noted(tmp_path / "first")) == 2)
        in_hand = noted(tmp_path / "first")[1]

        second, _ = start("second", tmp_path, server.url, [])
        assert told(second) == "1"
        wait_until(lambda: store.run(1).done == N_IMAGES - 1)
        # The first server lives: what it has in hand is its own.
        assert in_hand not in noted(tmp_path / "second")

        kill_first()
        wait_until(lambda: store.run(1).state is RunState.FINISHED)
        judged = Counter(noted(tmp_path / "first") + noted(tmp_path / "second"))
        assert judged == Counter([*judged, in_hand])
        assert len(judged) == N_IMAGES
        assert {item.state for item in store.items(1)} == {ItemState.DONE}
        assert store.verify().is_whole
        # Uploaded at the one, shown by the other.
        second.send("look")
        assert told(second) == N_IMAGES
        store.close()


def noted(path: Path) -> list[str]:
    return path.read_text("ascii").split() if path.is_file() else []
