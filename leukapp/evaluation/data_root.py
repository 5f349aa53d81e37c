"""Finding an image's pixels from its id, inside one configured folder and nowhere else."""

from pathlib import Path
from typing import Final

SUBFOLDERS: Final = (".", "smears")
"""Where ids may start: the folder itself, or the collection in it."""


def find_pixels(root: Path, sample_id: str) -> Path | None:
    """The image file of a sample, or None where it is not at hand.

    Args:
        root: the only folder that is looked in; links that lead out of it are not followed.
        sample_id: relative path as a held-out table gives it, of any origin.

    Returns:
        An existing file below the root, links resolved.
    """
    confines = root.resolve()
    for subfolder in SUBFOLDERS:
        try:
            path = (confines / subfolder / sample_id).resolve()
            if path.is_relative_to(confines) and path.is_file():
                return path
        except (OSError, ValueError):
            # A name that no file system takes, e.g. with a NUL or too long, is no file.
            continue
    return None
