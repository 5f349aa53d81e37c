"""What the server remembers of sign-ins, beyond what each session was told when it began."""

import hashlib
import json
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import streamlit as st

MAX_REMEMBERED: Final = 10_000
MAX_REFUSALS: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A sign-in that opened nothing. Whose it was is not kept.

    Attributes:
        at: UTC.
        reason: one sentence, as the reader saw it.
    """

    at: datetime
    reason: str


class SignIns:
    """Which sign-ins have ended, and whether there was a sign-in to begin with.

    A session keeps the claims that it began with: signing out in one tab changes nothing in the
    others. And settings that cannot be read for a moment, for instance while they are saved, look
    to Streamlit as if no sign-in was ever set up.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ended: OrderedDict[str, float] = OrderedDict()
        self._is_required = False
        self._refusals: deque[Refusal] = deque(maxlen=MAX_REFUSALS)

    def note_refusal(self, reason: str) -> None:
        """Record that somebody was refused at this moment.

        Args:
            reason: one of this program's own sentences.
        """
        with self._lock:
            self._refusals.append(Refusal(at=datetime.now(UTC), reason=reason))

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """Sign-ins that were refused since the server began, the newest first, at most 1,000."""
        with self._lock:
            return tuple(reversed(self._refusals))

    def end(self, claims: Mapping[str, object]) -> None:
        """Record that a sign-in ended at this moment.

        Args:
            claims: of the provider's identity token.
        """
        with self._lock:
            self._ended[_key(claims)] = time.monotonic()
            self._ended.move_to_end(_key(claims))
            while len(self._ended) > MAX_REMEMBERED:
                self._ended.popitem(last=False)

    def has_ended(self, claims: Mapping[str, object], since: float) -> bool:
        """Whether the sign-in of a session has ended after the session began.

        Args:
            claims: of the provider's identity token.
            since: when the session was let in first, by the monotonic clock in seconds.
        """
        with self._lock:
            return since <= self._ended.get(_key(claims), float("-inf"))

    def is_required_now(self, *, is_configured: bool) -> bool:
        """Whether readers must sign in: once that was so, it stays so until the server ends.

        Args:
            is_configured: whether the settings that can be read now hold a sign-in.
        """
        with self._lock:
            self._is_required = self._is_required or is_configured
            return self._is_required


@st.cache_resource(show_spinner=False)
def sign_ins() -> SignIns:
    """Give the one record of the server."""
    return SignIns()


def _key(claims: Mapping[str, object]) -> str:
    written = json.dumps(dict(claims), sort_keys=True, default=str)
    return hashlib.sha256(written.encode()).hexdigest()
