"""Running the app without a browser, on a fake Diagnoser."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from fake_diagnoser import FakeDiagnoser
from streamlit.testing.v1 import AppTest
from through_app import run_through_app

from leukapp.resources import BUNDLE_VARIABLE
from leukapp.review.store import ReviewStore
from leukapp.ui import guarded, session

RUN_LIMIT_SECONDS = 30


@pytest.fixture
def start_app(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, repository: Path
) -> Callable[..., AppTest]:
    """Runs app.py once; ``bundle`` is its bundle's folder, by default an empty one."""
    monkeypatch.setattr(session, "Diagnoser", FakeDiagnoser)
    monkeypatch.setenv("LEUKAPP_STORE_URL", f"sqlite:///{tmp_path / 'review.db'}")
    monkeypatch.setenv("LEUKAPP_BATCH_DIR", str(tmp_path / "batches"))
    monkeypatch.setenv("LEUKAPP_SETTINGS", str(tmp_path / "settings.json"))
    run_through_app(monkeypatch)
    monkeypatch.setattr(guarded, "note_unexpected", _raise)
    st.cache_resource.clear()
    st.cache_data.clear()

    def start(bundle: Path = tmp_path) -> AppTest:
        monkeypatch.setenv(BUNDLE_VARIABLE, str(bundle))
        app = AppTest.from_file(str(repository / "app.py"), default_timeout=RUN_LIMIT_SECONDS)
        return app.run()

    return start


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ReviewStore]:
    """The store that a page opens, too."""
    opened = ReviewStore.open(f"sqlite:///{tmp_path / 'review.db'}")
    yield opened
    opened.close()


def _raise(error: Exception) -> None:
    """An error that nobody expected fails the test; a reader would see a sentence."""
    raise error
