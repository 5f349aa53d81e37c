"""Keeping the memory of a server that answers in many threads from growing."""

import ctypes
import sys
from contextlib import suppress
from typing import Final

M_ARENA_MAX: Final = -8
"""Parameter of glibc's ``mallopt``: how many heaps the threads of a process share at most."""

N_ARENAS: Final = 2


def share_heaps() -> None:
    """Let all threads share two heaps, on Linux with glibc; elsewhere nothing is done.

    Streamlit runs each visit in threads of its own. glibc gives new threads heaps of their own, and
    each keeps what its threads have freed.
    """
    if sys.platform != "linux":
        return
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, N_ARENAS)
