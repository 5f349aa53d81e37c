"""What each stage of a long command will take, said before it starts."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from leukapp.json_files import from_json, write_json
from leukapp.training.progress import format_seconds

MUCH_FASTER: Final = 4
"""A stage that was this much faster than the last of its kind was taken from files."""


class StageCosts:
    """Seconds that a unit of work takes on this machine, kept from one run to the next.

    Args:
        path: of the JSON file that keeps them; its folder is made if missing.
        report: takes a line.
    """

    def __init__(self, path: Path, report: Callable[[str], None]) -> None:
        self._path, self._report = path, report
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._seconds = from_json(dict[str, float], path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            self._seconds = {}

    @contextmanager
    def stage(self, what: str, kind: str, n_units: int) -> Iterator[None]:
        """Say what a stage will take, and time it.

        Args:
            what: the stage in words.
            kind: stages of one kind take the same time a unit.
            n_units: units of work, at least 1.
        """
        known = self._seconds.get(kind)
        if known is None:
            self._report(f"{what}: not timed on this machine yet")
        else:
            self._report(f"{what}: at most about {format_seconds(known * n_units)}")
        started = time.monotonic()
        yield
        seconds = (time.monotonic() - started) / n_units
        if known is None or seconds * MUCH_FASTER > known:
            self._seconds[kind] = seconds
            write_json(self._path, self._seconds)
