"""Who may use the networks next: a numbered line of bounded length, first come first served."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from leukapp.errors import BusyError

MAX_WAITING: Final = 100
REPORT_SECONDS: Final = 0.5

OnPosition = Callable[[int], None]


class Admission:
    """Lets ``n_places`` callers in at once; the others wait in line, or are turned away.

    Args:
        n_places: callers inside at the same time.
        max_waiting: callers in line; one more is turned away.
    """

    def __init__(self, n_places: int = 1, *, max_waiting: int = MAX_WAITING) -> None:
        self._n_places = n_places
        self._max_waiting = max_waiting
        self._n_inside = 0
        self._line: deque[object] = deque()
        self._moved = threading.Condition()

    @property
    def n_waiting(self) -> int:
        """Callers in line."""
        with self._moved:
            return len(self._line)

    @contextmanager
    def enter(self, on_position: OnPosition | None = None) -> Iterator[None]:
        """Hold a place for the block.

        Args:
            on_position: told the caller's position in line, from 1, whenever it has changed; not
                called where there is no wait. What it raises ends the wait.

        Raises:
            BusyError: the line is full.
        """
        self._wait_for_place(on_position or (lambda _: None))
        try:
            yield
        finally:
            with self._moved:
                self._n_inside -= 1
                self._moved.notify_all()

    def _wait_for_place(self, on_position: OnPosition) -> None:
        ticket = object()
        with self._moved:
            if self._n_inside >= self._n_places and len(self._line) >= self._max_waiting:
                raise BusyError(
                    f"The server is busy: {len(self._line)} images wait already; "
                    "try again in a minute."
                )
            self._line.append(ticket)
        told = 0
        try:
            while True:
                with self._moved:
                    position = self._line.index(ticket) + 1
                    if position == 1 and self._n_inside < self._n_places:
                        self._line.popleft()
                        self._n_inside += 1
                        # The next one in line may find a place, too.
                        self._moved.notify_all()
                        return
                    if position == told:
                        self._moved.wait(REPORT_SECONDS)
                        continue
                # Outside the lock: it may take its time, or raise because the reader has left.
                on_position(position)
                told = position
        except BaseException:
            with self._moved:
                if ticket in self._line:
                    self._line.remove(ticket)
                self._moved.notify_all()
            raise
