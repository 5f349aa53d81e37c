"""Running the app without a browser, on a fake Diagnoser."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from fake_diagnoser import FakeDiagnoser
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from leukapp.resources import BUNDLE_VARIABLE
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
    _run_through_app(monkeypatch)
    monkeypatch.setattr(guarded, "note_unexpected", _raise)
    st.cache_resource.clear()
    st.cache_data.clear()

    def start(bundle: Path = tmp_path) -> AppTest:
        monkeypatch.setenv(BUNDLE_VARIABLE, str(bundle))
        app = AppTest.from_file(str(repository / "app.py"), default_timeout=RUN_LIMIT_SECONDS)
        return app.run()

    return start


def _raise(error: Exception) -> None:
    """An error that nobody expected fails the test; a reader would see a sentence."""
    raise error


def _run_through_app(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each run start at app.py, as a server does after its first one.

    AppTest forgets between runs that app.py has its own navigation, would run a page alone first,
    and a click that a page takes as a return value would be gone in the second run.
    """
    begin = PagesManager.__init__

    def begin_knowing(self: PagesManager, *args: Any, **options: Any) -> None:
        begin(self, *args, **options)
        PagesManager.uses_pages_directory = False

    monkeypatch.setattr(PagesManager, "__init__", begin_knowing)
