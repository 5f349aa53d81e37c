"""What a browser's session keeps while other pages are open, and over a reload of the page.

Streamlit forgets what a page held once another one is opened, and begins a new session at each
reload. So the images and answers lie in the server's memory, under a secret that the browser keeps
in a cookie until it is closed. They are bounded, belong to whoever is signed in, and go an hour
after the last use, at sign-out, or when they are taken away.
"""

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

import streamlit as st

from leukapp.ui.reader import READER_KEY, Reader

MAX_IMAGES: Final = 20
"""Images a session looks at together; more belong in a batch."""

MAX_FILE_BYTES: Final = 256 * 1024 * 1024
"""Of the files of one session."""

MAX_ALL_BYTES: Final = 1024 * 1024 * 1024
"""Of the files and answers that are kept for a reload, over all sessions."""

MAX_IDLE_SECONDS: Final = 3600.0
SESSION_KEY: Final = "kept-session"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptImage:
    """A file that the reader brought.

    Attributes:
        key: unique in the session.
        name: file name fit to be shown as plain text; never a path.
        data: the file's bytes.
    """

    key: str
    name: str
    data: bytes


class HoldsBytes(Protocol):
    """Answers to images, as far as what keeps them needs to know them."""

    @property
    def n_bytes(self) -> int:
        """Bytes that they take in memory."""


@dataclass(slots=True, kw_only=True, eq=False)
class KeptSession:
    """What one reader in one browser looks at.

    Attributes:
        token: the secret under which the browser finds it again.
        owner: mail address of who is signed in, or None where nobody signs in.
        images: in the order in which they came, by key.
        sample: which drawing is open, or None.
        selected: key of the image on the screen, or None.
        bundle: folder of the bundle that answers, or None for the default.
        answers: of these images; None until the first is read.
        last_used: of the server's clock, in seconds.
    """

    token: str
    owner: str | None
    images: OrderedDict[str, KeptImage] = field(default_factory=OrderedDict)
    sample: str | None = None
    selected: str | None = None
    bundle: Path | None = None
    answers: HoldsBytes | None = None
    last_used: float = 0.0

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to look at yet: no image and no drawing."""
        return not self.images and self.sample is None

    @property
    def n_file_bytes(self) -> int:
        """Bytes of the files."""
        return sum(len(image.data) for image in self.images.values())

    @property
    def n_bytes(self) -> int:
        """Bytes of the files and of the answers."""
        return self.n_file_bytes + (self.answers.n_bytes if self.answers else 0)

    def add(self, images: Sequence[KeptImage]) -> tuple[KeptImage, ...]:
        """Keep images as long as there is room for them, and give those that were left out."""
        left_out = []
        for image in images:
            is_room = self.n_file_bytes + len(image.data) <= MAX_FILE_BYTES
            if is_room and len(self.images) < MAX_IMAGES:
                self.images[image.key] = image
            else:
                left_out.append(image)
        return tuple(left_out)

    def take_away(self, key: str) -> None:
        """Drop one image."""
        self.images.pop(key, None)

    def clear(self) -> None:
        """Drop every image and answer."""
        self.images.clear()
        self.sample = self.selected = self.answers = None


class KeptSessions:
    """The sessions of a server, the least recently used dropped first.

    Args:
        max_idle_seconds: after which a session is dropped.
        max_bytes: of all sessions.
        clock: gives seconds.
    """

    def __init__(
        self,
        *,
        max_idle_seconds: float = MAX_IDLE_SECONDS,
        max_bytes: int = MAX_ALL_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_idle_seconds = max_idle_seconds
        self._max_bytes = max_bytes
        self._clock = clock
        self._lock = threading.Lock()
        self._sessions: OrderedDict[str, KeptSession] = OrderedDict()
        self._timer: threading.Timer | None = None

    def open(self, token: str | None, owner: str | None) -> KeptSession:
        """Give the session of a browser, or a new one with a secret of its own.

        Args:
            token: what the browser sent; only a secret that this server gave out counts.
            owner: who is signed in; a session of somebody else is dropped, not shown.
        """
        with self._lock:
            self._drop_old()
            known = self._sessions.get(token) if token else None
            if known is not None and known.owner == owner:
                return known
            if known is not None:
                del self._sessions[known.token]
        return KeptSession(token=secrets.token_urlsafe(32), owner=owner)

    def keep(self, session: KeptSession) -> None:
        """Keep a session that is in use, dropping others where there is no room for all."""
        with self._lock:
            session.last_used = self._clock()
            self._sessions[session.token] = session
            self._sessions.move_to_end(session.token)
            self._drop_old()
            while len(self._sessions) > 1 and self._n_bytes() > self._max_bytes:
                self._sessions.popitem(last=False)
            if self._timer is None and self._n_bytes():
                self._start_timer()

    def forget(self, session: KeptSession) -> None:
        """Drop a session with everything in it."""
        with self._lock:
            self._sessions.pop(session.token, None)
        session.clear()

    def __len__(self) -> int:
        return len(self._sessions)

    def _n_bytes(self) -> int:
        return sum(session.n_bytes for session in self._sessions.values())

    def _drop_old(self) -> None:
        oldest = self._clock() - self._max_idle_seconds
        for token in [kept.token for kept in self._sessions.values() if kept.last_used < oldest]:
            del self._sessions[token]

    def _start_timer(self) -> None:
        """Look again later, so that images go though nobody opens the app any more."""
        self._timer = threading.Timer(self._max_idle_seconds + 1, self._sweep)
        self._timer.daemon = True
        self._timer.start()

    def _sweep(self) -> None:
        with self._lock:
            self._timer = None
            self._drop_old()
            if self._n_bytes():
                self._start_timer()


@st.cache_resource(show_spinner=False)
def kept_sessions() -> KeptSessions:
    """Give the sessions of this server."""
    return KeptSessions()


def this_session() -> KeptSession:
    """Give the session of the browser that this run is for."""
    reader = st.session_state.get(READER_KEY)
    owner = reader.email if isinstance(reader, Reader) else None
    session = st.session_state.get(SESSION_KEY)
    if not isinstance(session, KeptSession) or session.owner != owner:
        session = kept_sessions().open(st.context.cookies.get(cookie_name()), owner)
        st.session_state[SESSION_KEY] = session
    kept_sessions().keep(session)
    return session


def forget_this_session() -> None:
    """Drop what the browser's session keeps, for instance at sign-out."""
    session = st.session_state.pop(SESSION_KEY, None)
    if isinstance(session, KeptSession):
        kept_sessions().forget(session)


def cookie_name() -> str:
    """Name of the cookie; servers on other ports of one machine share its cookies."""
    return f"leukapp-{st.get_option('server.port')}"


def remember_in_browser(session: KeptSession) -> None:
    """Let the browser send the session's secret at the next reload, and until it is closed."""
    cookie = f"{cookie_name()}={session.token}; path=/; SameSite=Strict"
    st.html(
        f"<script>document.cookie = {cookie!r} + "
        '(location.protocol === "https:" ? "; Secure" : "");</script>',
        unsafe_allow_javascript=True,
    )
