"""How long a command took in all its starts, kept beside what it writes."""

import json
import time
from pathlib import Path
from typing import Final

from leukapp.errors import LeukappError
from leukapp.whole_files import whole_file

FILE_NAME: Final = "time_spent.json"
SECONDS_BETWEEN_NOTES: Final = 5.0


class TimeSpent:
    """Wall and processor time of a command that may be killed and started again.

    Args:
        folder: of the command's output; made if missing.

    Raises:
        LeukappError: what an earlier start noted cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / FILE_NAME
        self._earlier_seconds = self._earlier_processor_seconds = 0.0
        self._earlier_starts = 0
        if self._path.exists():
            try:
                noted = json.loads(self._path.read_text(encoding="utf-8"))
                self._earlier_seconds = float(noted["seconds"])
                self._earlier_processor_seconds = float(noted["processor_seconds"])
                self._earlier_starts = int(noted["n_starts"])
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise LeukappError(
                    f"{self._path.name} in {folder.name!r} cannot be read; remove it or name "
                    "another folder with --out"
                ) from error
        self._started, self._started_processor = time.monotonic(), time.process_time()
        self._noted = 0.0

    @property
    def seconds(self) -> float:
        """Wall time of all starts."""
        return self._earlier_seconds + time.monotonic() - self._started

    @property
    def processor_seconds(self) -> float:
        """Processor time of all starts, over all threads."""
        return self._earlier_processor_seconds + time.process_time() - self._started_processor

    @property
    def n_starts(self) -> int:
        """Starts up to now, this one among them."""
        return self._earlier_starts + 1

    def note(self) -> None:
        """Write the times down, a few seconds apart at most, so that a kill loses little."""
        now = time.monotonic()
        if now - self._noted < SECONDS_BETWEEN_NOTES and self._path.exists():
            return
        self._noted = now
        noted = {
            "seconds": round(self.seconds, 1),
            "processor_seconds": round(self.processor_seconds, 1),
            "n_starts": self.n_starts,
        }
        with whole_file(self._path) as partial:
            partial.write_text(json.dumps(noted) + "\n", encoding="utf-8")
