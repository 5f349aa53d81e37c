"""Commissionings of this server: one at a time in a thread, each in a folder that outlives it."""

import secrets
import shutil
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from leukapp.commissioning.commission import CommissionOptions, check_options, commission
from leukapp.commissioning.outcomes import ImageOutcome, read_outcomes
from leukapp.errors import BusyError, LeukappError
from leukapp.json_files import from_json, write_json
from leukapp.resources import laboratory_dir
from leukapp.structured_log import log_event
from leukapp.ui.laboratory.images import SOURCE, read_names
from leukapp.ui.texts import laboratory as texts

JOB_FILE: Final = "job.json"
BUNDLE_DIR: Final = "bundle"
IMAGES_DIR: Final = "images"
OUTCOMES_FILE: Final = "images.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What was asked for; it lies in the job's folder.

    Attributes:
        data: folder or table of the images.
        laboratory: its name.
        parent: folder of the bundle that is fitted.
        risk: asked for, 0-1.
        confidence: of the proof, 0-1.
    """

    data: str
    laboratory: str
    parent: str
    risk: float
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptJob:
    """A job of this server.

    Attributes:
        folder: its own.
        job: what was asked for.
    """

    folder: Path
    job: Job

    @property
    def bundle(self) -> Path | None:
        """The finished bundle, which waits to be accepted or discarded; None before it is done."""
        path = self.folder / BUNDLE_DIR
        return path if path.is_dir() else None

    @property
    def outcomes(self) -> tuple[ImageOutcome, ...]:
        """What became of each image, under the names that its file and its patient's folder had.

        Raises:
            LeukappError: the list or the table of the images cannot be read.
        """
        path = self.folder / OUTCOMES_FILE
        if not path.is_file():
            return ()
        name_of = read_names(self.folder / IMAGES_DIR)
        return tuple(
            replace(
                one,
                image=name_of.get(one.image, one.image),
                patient=one.patient.removeprefix(f"{SOURCE}:"),
            )
            for one in read_outcomes(path)
        )


def new_folder() -> Path:
    """Make the folder of a new job."""
    folder = laboratory_dir() / secrets.token_hex(8)
    folder.mkdir(parents=True)
    return folder


def kept_jobs() -> tuple[KeptJob, ...]:
    """The jobs of this server, the oldest first."""
    found = []
    for path in sorted(laboratory_dir().glob(f"*/{JOB_FILE}"), key=lambda one: one.stat().st_mtime):
        try:
            found.append(KeptJob(folder=path.parent, job=from_json(Job, path.read_bytes())))
        except (OSError, ValueError):
            # Removed by somebody else meanwhile, or half written by a killed server.
            continue
    return tuple(found)


def discard(kept: KeptJob) -> None:
    """Remove a job with its images and its bundle."""
    discard_folder(kept.folder)


def discard_folder(folder: Path) -> None:
    """Remove the folder of a job that has not begun."""
    shutil.rmtree(folder, ignore_errors=True)


class CommissionWorker:
    """Runs one commissioning at a time; no browser needs to stay open for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: Path | None = None
        self._lines: tuple[str, ...] = ()
        self._failure: str | None = None

    @property
    def running(self) -> Path | None:
        """Folder of the job in hand, or None."""
        return self._running

    @property
    def lines(self) -> tuple[str, ...]:
        """What the last job said, in its order; a line of progress replaces the one before."""
        return self._lines

    @property
    def failure(self) -> str | None:
        """The sentence with which the last job stopped, or None."""
        return self._failure

    def begin(self, folder: Path, job: Job) -> None:
        """Start a job, or go on with one that was interrupted.

        Args:
            folder: of the job.
            job: what is asked for.

        Raises:
            BusyError: another one is running.
            LeukappError: what is asked for is out of range, or cannot be written down.
        """
        options = CommissionOptions(
            data=Path(job.data),
            out=folder / BUNDLE_DIR,
            laboratory=job.laboratory,
            bundle=Path(job.parent),
            risk=job.risk,
            confidence=job.confidence,
            work_dir=folder / "seen",
            images_file=folder / OUTCOMES_FILE,
        )
        check_options(options)
        with self._lock:
            if self._running is not None:
                raise BusyError(texts.BUSY)
            self._running, self._lines, self._failure = folder, (), None
        write_json(folder / JOB_FILE, job)
        threading.Thread(target=self._work, args=(options,), name="commission", daemon=True).start()

    def _work(self, options: CommissionOptions) -> None:
        try:
            commission(options, report=self._note)
        except LeukappError as error:
            self._failure = str(error)
        except Exception as error:  # noqa: BLE001 - a thread has nobody else to tell
            log_event("commission_failed", kind=type(error).__name__)
            self._failure = texts.UNEXPECTED
        finally:
            with self._lock:
                self._running = None

    def _note(self, line: str) -> None:
        last = self._lines[-1:] and self._lines[-1]
        is_progress = "[" in line and bool(last) and line.split("[")[0] == str(last).split("[")[0]
        self._lines = (*(self._lines[:-1] if is_progress else self._lines), line)
