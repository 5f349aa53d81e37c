"""Which bundle every session begins with, as an admin has set it: a small file on the server."""

from dataclasses import dataclass
from pathlib import Path

from leukapp.errors import LeukappError
from leukapp.json_files import from_json, write_json
from leukapp.resources import settings_file


@dataclass(frozen=True, slots=True, kw_only=True)
class _Settings:
    """What the file holds."""

    default_bundle: str
    previous_bundle: str | None = None


def read_default_bundle() -> Path | None:
    """Give the folder that an admin has chosen, or None where nobody has.

    Raises:
        LeukappError: the file of settings cannot be read.
    """
    settings = _read()
    return None if settings is None else Path(settings.default_bundle)


def read_previous_bundle() -> Path | None:
    """Give the folder that answered before a commissioned bundle was accepted, or None.

    Raises:
        LeukappError: the file of settings cannot be read.
    """
    settings = _read()
    if settings is None or settings.previous_bundle is None:
        return None
    return Path(settings.previous_bundle)


def _read() -> _Settings | None:
    path = settings_file()
    try:
        return from_json(_Settings, path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise LeukappError(
            f"the settings file {path.name} of this server cannot be read: restore or remove it"
        ) from error


def write_default_bundle(folder: Path, *, previous: Path | None = None) -> None:
    """Set the bundle that every new session begins with.

    Args:
        folder: of the bundle.
        previous: that is gone back to, where a commissioned bundle is accepted.

    Raises:
        LeukappError: the file cannot be written.
    """
    path = settings_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        before = None if previous is None else str(previous)
        write_json(path, _Settings(default_bundle=str(folder), previous_bundle=before))
    except OSError as error:
        raise LeukappError(
            f"the settings file {path.name} of this server cannot be written: check its folder"
        ) from error
