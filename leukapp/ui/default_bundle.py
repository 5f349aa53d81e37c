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


def read_default_bundle() -> Path | None:
    """Give the folder that an admin has chosen, or None where nobody has.

    Raises:
        LeukappError: the file of settings cannot be read.
    """
    path = settings_file()
    try:
        return Path(from_json(_Settings, path.read_bytes()).default_bundle)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise LeukappError(
            f"the settings file {path.name} of this server cannot be read: restore or remove it"
        ) from error


def write_default_bundle(folder: Path) -> None:
    """Set the bundle that every new session begins with.

    Args:
        folder: of the bundle.

    Raises:
        LeukappError: the file cannot be written.
    """
    path = settings_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, _Settings(default_bundle=str(folder)))
    except OSError as error:
        raise LeukappError(
            f"the settings file {path.name} of this server cannot be written: check its folder"
        ) from error
