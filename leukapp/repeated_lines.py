"""A fault that comes back thousands of times a second is one line of the server's log a minute."""

import logging
import time
from typing import Final

SECONDS_BETWEEN: Final = 60.0
MOST_KINDS: Final = 200
LOGGERS: Final = ("asyncio", "uvicorn.error")
"""A server out of file descriptors says so through the first at every try to take a connection."""


class OnceAMinute(logging.Filter):
    """Lets the first line of a kind pass, and after a minute the next one with their number."""

    def __init__(self) -> None:
        super().__init__()
        self._kinds: dict[tuple[int, str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written."""
        message = record.getMessage()
        error = record.exc_info[0] if record.exc_info else None
        kind = (record.levelno, message.partition("\n")[0], error.__name__ if error else "")
        now = time.monotonic()
        written_at, n_left_out = self._kinds.get(kind, (-SECONDS_BETWEEN, 0))
        if now - written_at < SECONDS_BETWEEN:
            self._kinds[kind] = (written_at, n_left_out + 1)
            return False
        if len(self._kinds) >= MOST_KINDS:
            self._kinds.clear()
        self._kinds[kind] = (now, 0)
        if n_left_out:
            record.msg, record.args = f"{message}\n({n_left_out} more of these lines)", None
        return True


def limit_repeated_lines() -> None:
    """Limit them in this process; to be called once or more often."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(one, OnceAMinute) for one in logger.filters):
            logger.addFilter(OnceAMinute())
