"""Lines of progress with a bar and the time left."""

import time
from collections.abc import Callable
from typing import Final

BAR_WIDTH: Final = 20
SECONDS_BETWEEN_LINES: Final = 1.0


class Progress:
    """Counts steps of one job and reports a line for each twentieth, at most one a second.

    Args:
        what: the job in a few words.
        report: takes a line.
        clock: seconds from any start.
    """

    def __init__(
        self,
        what: str,
        report: Callable[[str], None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._what, self._report, self._clock = what, report, clock
        self._started = self._last_line = clock()
        self._filled = 0

    def step(self, done: int, total: int, note: str = "") -> None:
        """Say that so many of the steps are done.

        Args:
            done: steps done, 1 to ``total``.
            total: steps in all.
            note: what to add to the line.
        """
        filled = done * BAR_WIDTH // total
        now = self._clock()
        is_early = now - self._last_line < SECONDS_BETWEEN_LINES
        if filled == self._filled or (is_early and done < total):
            return
        self._filled, self._last_line = filled, now
        left_seconds = (now - self._started) / done * (total - done)
        bar = "#" * filled + "." * (BAR_WIDTH - filled)
        line = f"{self._what} [{bar}] {done}/{total}, {format_seconds(left_seconds)} left"
        self._report(f"{line}, {note}" if note else line)


def format_seconds(seconds: float) -> str:
    """A duration for people.

    Example:
        >>> format_seconds(12.4), format_seconds(150)
        ('12 s', '2 min 30 s')
    """
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02d} s"
