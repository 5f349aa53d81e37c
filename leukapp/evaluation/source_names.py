"""What the sources of held-out tables are called on screens, as a file beside the bundles says."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from leukapp.errors import HeldOutError
from leukapp.json_files import from_json

NAMES_FILE: Final = "source_names.json"


def read_source_names(folder: Path) -> Mapping[str, str]:
    """Read the names of sources; nothing where there is no such file.

    Args:
        folder: that holds bundles.

    Returns:
        Name for people by the name in tables.

    Raises:
        HeldOutError: the file is damaged.
    """
    try:
        return from_json(dict[str, str], (folder / NAMES_FILE).read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise HeldOutError(
            f"{NAMES_FILE} cannot be read ({error}): restore it, or remove it."
        ) from error
