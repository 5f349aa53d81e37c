"""Runs of a page begin at app.py, as a server's do."""

from typing import Any

import pytest
from streamlit.runtime.pages_manager import PagesManager


def run_through_app(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each run start at app.py, as a server does after its first one.

    AppTest forgets between runs that app.py has its own navigation, would run a page alone first,
    and a click that a page takes as a return value would be gone in the second run.
    """
    begin = PagesManager.__init__

    def begin_knowing(self: PagesManager, *args: Any, **options: Any) -> None:
        begin(self, *args, **options)
        PagesManager.uses_pages_directory = False

    monkeypatch.setattr(PagesManager, "__init__", begin_knowing)
