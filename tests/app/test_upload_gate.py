"""Files are taken from admitted sessions alone, and not without end."""

import pytest
from starlette.exceptions import HTTPException
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from leukapp.ui.upload_gate import UploadGate


def send(manager: MemoryUploadedFileManager, session_id: str, name: str, n_bytes: int) -> int:
    """The HTTP status of an upload."""
    file = UploadedFileRec(file_id=name, name=name, type="image/png", data=b"x" * n_bytes)
    try:
        manager.add_file(session_id, file)
    except HTTPException as error:
        return error.status_code
    return 204


@pytest.fixture
def manager() -> MemoryUploadedFileManager:
    return MemoryUploadedFileManager("/upload")


def test_a_session_that_nobody_admitted_leaves_nothing(manager: MemoryUploadedFileManager) -> None:
    gate = UploadGate(manager)
    assert send(manager, "stranger", "a", 10) == 403
    assert manager.file_storage == {}
    gate.let_in("reader")
    assert send(manager, "reader", "a", 10) == 204
    assert send(manager, "stranger", "a", 10) == 403

    gate.shut_out("reader")
    assert manager.file_storage == {}
    assert send(manager, "reader", "b", 10) == 403


def test_what_a_session_and_all_sessions_hold_is_bounded(
    manager: MemoryUploadedFileManager,
) -> None:
    gate = UploadGate(manager, max_session_bytes=100, max_all_bytes=150)
    for session_id in ("one", "two"):
        gate.let_in(session_id)
    assert send(manager, "one", "a", 60) == 204
    assert send(manager, "one", "b", 60) == 413
    assert send(manager, "two", "a", 80) == 204
    assert send(manager, "two", "b", 15) == 413
    manager.remove_file("one", "a")
    assert send(manager, "two", "b", 15) == 204
    assert send(manager, "one", "c", 55) == 204
