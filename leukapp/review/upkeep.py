"""When a review store was last copied and last checked, by any program of this machine.

It is noted beside the store, not in it: a check writes nothing into what it checks.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from leukapp.json_files import from_json, write_json
from leukapp.resources import data_folder, store_url
from leukapp.review.audit_trail import utc_now
from leukapp.review.known_stores import name_of_address
from leukapp.review.trail_check import ChainReport
from leukapp.structured_log import log_event

FOLDER: Final = "upkeep"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One check of a store's audit trail, or of the copy that was made of it.

    Attributes:
        at: UTC, ISO 8601.
        n_rows: rows of the trail.
        n_faults: sentences that the check found; 0 for a whole trail.
    """

    at: str
    n_rows: int
    n_faults: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Upkeep:
    """What was done for one store.

    Attributes:
        backup: the last whole copy; None where none is known of.
        verify: the last check of the trail; None as above.
    """

    backup: Checked | None = None
    verify: Checked | None = None


def read_upkeep(url: str | None = None) -> Upkeep:
    """Read what was done for a store; nothing where no note of it can be read.

    Args:
        url: of the store; None takes the default one.
    """
    try:
        return from_json(Upkeep, _note_of(url).read_bytes())
    except (OSError, ValueError):
        return Upkeep()


def note_backup(report: ChainReport, url: str | None = None) -> None:
    """Note that a store was copied now; where the disk is full, log that and go on.

    Args:
        report: the check of the copy.
        url: of the store; None takes the default one.
    """
    _write(replace(read_upkeep(url), backup=_checked(report)), url)


def note_verify(report: ChainReport, url: str | None = None) -> None:
    """Note that a trail was checked now; where the disk is full, log that and go on.

    Args:
        report: of the check.
        url: of the store; None takes the default one.
    """
    _write(replace(read_upkeep(url), verify=_checked(report)), url)


def _checked(report: ChainReport) -> Checked:
    return Checked(at=utc_now(), n_rows=report.n_rows, n_faults=len(report.faults))


def _write(upkeep: Upkeep, url: str | None) -> None:
    path = _note_of(url)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_json(path, upkeep)
    except OSError:
        log_event("upkeep_not_noted")


def _note_of(url: str | None) -> Path:
    return data_folder() / FOLDER / name_of_address(url or store_url())
