"""Running the app without a browser, on a fake Diagnoser."""

from collections.abc import Callable
from pathlib import Path

import pytest
import streamlit as st
from fake_diagnoser import FakeDiagnoser
from streamlit.testing.v1 import AppTest

from leukapp.ui import session

RUN_LIMIT_SECONDS = 30


@pytest.fixture
def start_app(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, repository: Path
) -> Callable[..., AppTest]:
    """Runs app.py once; ``bundle`` is its bundle's folder, by default an empty one."""
    monkeypatch.setattr(session, "Diagnoser", FakeDiagnoser)
    st.cache_resource.clear()

    def start(bundle: Path = tmp_path) -> AppTest:
        monkeypatch.setenv(session.BUNDLE_VARIABLE, str(bundle))
        app = AppTest.from_file(str(repository / "app.py"), default_timeout=RUN_LIMIT_SECONDS)
        return app.run()

    return start
