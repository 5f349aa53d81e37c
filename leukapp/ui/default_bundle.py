"""Which bundle every session begins with, as an admin has set it: a small file on the server."""

import json
from pathlib import Path

from leukapp.errors import LeukappError
from leukapp.resources import settings_file
from leukapp.whole_files import whole_file


def read_default_bundle() -> Path | None:
    """Give the folder that an admin has chosen, or None where nobody has.

    Raises:
        LeukappError: the file of settings cannot be read.
    """
    path = settings_file()
    try:
        return Path(json.loads(path.read_text(encoding="utf-8"))["default_bundle"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError, TypeError) as error:
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
        content = json.dumps({"default_bundle": str(folder)}, indent=1) + "\n"
        with whole_file(path) as partial:
            partial.write_text(content, encoding="utf-8")
    except OSError as error:
        raise LeukappError(
            f"the settings file {path.name} of this server cannot be written: check its folder"
        ) from error
