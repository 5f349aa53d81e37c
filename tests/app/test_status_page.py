"""Page "Status": what an administrator reads, and who may not."""

from collections.abc import Callable
from pathlib import Path

import pytest
from fake_diagnoser import FakeDiagnoser, make_diagnosis
from streamlit.testing.v1 import AppTest

from leukapp.cli import main
from leukapp.review.store import ReviewStore
from leukapp.review.upkeep import read_upkeep
from leukapp.ui.reader import Reader
from leukapp.ui.sign_ins import SignIns, sign_ins
from leukapp.ui.texts import status as texts


@pytest.fixture
def store_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A store with one row of its audit trail; notes about it lie apart from other tests'."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    url = f"sqlite:///{tmp_path / 'review.db'}"
    monkeypatch.setenv("LEUKAPP_STORE_URL", url)
    store = ReviewStore.open(url)
    store.record_diagnosis(make_diagnosis(b"a"))
    store.close()
    return url


def words_of(app: AppTest) -> str:
    kinds = (app.markdown, app.caption, app.error, app.warning)
    return " ".join(element.value for kind in kinds for element in kind)


def open_status(start_app: Callable[..., AppTest]) -> AppTest:
    app = start_app()
    app.switch_page("pages/status.py").run()
    assert not app.exception
    return app


def test_an_administrator_sees_queue_store_bundle_and_refusals(
    start_app: Callable[..., AppTest], store_url: str
) -> None:
    app = start_app()
    sign_ins().note_refusal("You have no role here.")
    app.switch_page("pages/status.py").run()
    page = words_of(app)

    assert not app.exception
    assert texts.QUEUE.format(n=0) in page
    assert texts.WORKER_IDLE in page
    assert FakeDiagnoser.bundle.sha256 in page
    assert texts.TRAIL_ROWS.format(n=1) in page
    assert texts.STORE_DISK in page
    assert texts.NO_BACKUP in page
    assert texts.REFUSALS.format(n=1) in page
    assert "UTC · You have no role here." in page


def test_the_last_backup_and_the_last_check_are_shown(
    start_app: Callable[..., AppTest], store_url: str, tmp_path: Path
) -> None:
    assert main(["backup", str(tmp_path / "copy.sqlite"), "--store", store_url]) == 0
    assert read_upkeep(store_url).verify is None
    app = open_status(start_app)
    assert "Last backup" in words_of(app)
    assert texts.NO_VERIFY in words_of(app)

    app.button[-1].click().run()
    assert not app.exception
    assert "1 rows, whole" in words_of(app)
    checked = read_upkeep(store_url).verify
    assert checked is not None
    assert (checked.n_rows, checked.n_faults) == (1, 0)
    assert main(["verify", "--store", store_url]) == 0
    again = read_upkeep(store_url).verify
    assert again is not None
    assert again.at > checked.at


def test_only_administrators_may_open_it() -> None:
    for role in ("reviewer", "researcher"):
        assert not Reader(email="a@b", roles=frozenset({role})).may_open("Status")
    assert Reader(email="a@b", roles=frozenset({"admin"})).may_open("Status")


def test_a_thousand_refusals_are_kept_and_no_more() -> None:
    kept = SignIns()
    for number in range(1001):
        kept.note_refusal(str(number))

    assert len(kept.refusals) == 1000
    assert kept.refusals[0].reason == "1000"
