"""Which sessions may send files to the server, and how much of them it holds in memory.

Streamlit takes files from any open session, before and beside every page. Here it takes them only
from sessions whose reader was admitted, within bounds.
"""

import threading
from functools import cache
from typing import Final

from streamlit import runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from leukapp.structured_log import log_event

MAX_SESSION_BYTES: Final = 500_000_000
MAX_ALL_BYTES: Final = 1_500_000_000
"""Of the files of all sessions that are waiting to be read."""

FORBIDDEN, TOO_LARGE = 403, 413


class UploadGate:
    """Decides which uploads Streamlit may store: those of admitted sessions, within bounds.

    Args:
        manager: of the server; what it is given passes here first.
        max_session_bytes: of one session's files.
        max_all_bytes: of all sessions' files.
    """

    def __init__(
        self,
        manager: MemoryUploadedFileManager,
        *,
        max_session_bytes: int = MAX_SESSION_BYTES,
        max_all_bytes: int = MAX_ALL_BYTES,
    ) -> None:
        self._manager = manager
        self._max_session_bytes = max_session_bytes
        self._max_all_bytes = max_all_bytes
        self._lock = threading.Lock()
        self._admitted: set[str] = set()
        self._add_file = manager.add_file
        manager.add_file = self.add_file  # type: ignore[method-assign]

    def let_in(self, session_id: str) -> None:
        """Take files from a session from now on."""
        with self._lock:
            self._admitted.add(session_id)

    def shut_out(self, session_id: str) -> None:
        """Take no files from a session any more, and drop those that it sent."""
        with self._lock:
            self._admitted.discard(session_id)
        self._manager.remove_session_files(session_id)

    def add_file(self, session_id: str, file: UploadedFileRec) -> None:
        """Keep a file of an admitted session, as long as there is room.

        Raises:
            HTTPException: the session may send no files, or no more.
        """
        from starlette.exceptions import HTTPException

        with self._lock:
            if session_id not in self._admitted:
                log_event("refused_upload", reason="not admitted")
                raise HTTPException(FORBIDDEN, "Sign in first.")
            held = self._held_bytes()
            self._admitted &= set(self._live(self._admitted))
            mine = held.get(session_id, 0) + len(file.data)
            if mine > self._max_session_bytes:
                log_event("refused_upload", reason="session is full")
                raise HTTPException(TOO_LARGE, "Too many files at once: send fewer.")
            if sum(held.values()) + len(file.data) > self._max_all_bytes:
                log_event("refused_upload", reason="server is full")
                raise HTTPException(TOO_LARGE, "The server is busy: try again in a minute.")
            self._add_file(session_id, file)

    def _held_bytes(self) -> dict[str, int]:
        return {
            session_id: sum(len(file.data) for file in list(files.values()))
            for session_id, files in list(self._manager.file_storage.items())
        }

    @staticmethod
    def _live(session_ids: set[str]) -> list[str]:
        """Sessions that are still open; what is known of the others can go."""
        if not runtime.exists():
            return list(session_ids)
        server = runtime.get_instance()
        return [name for name in session_ids if server.is_active_session(name)]


@cache
def _gate(manager: MemoryUploadedFileManager) -> UploadGate:
    return UploadGate(manager)


def let_this_session_upload(*, is_admitted: bool) -> None:
    """Open or shut the gate for the session of this run; without a server there is none.

    Args:
        is_admitted: whether its reader may use the app.
    """
    context = get_script_run_ctx()
    if context is None or not runtime.exists():
        return
    manager = runtime.get_instance().uploaded_file_mgr
    if not isinstance(manager, MemoryUploadedFileManager):
        return
    gate = _gate(manager)
    if is_admitted:
        gate.let_in(context.session_id)
    else:
        gate.shut_out(context.session_id)
