"""The bundles that are at hand, found without reading their weights."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from leukapp.model.bundle import MANIFEST_FILE, MAX_MANIFEST_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedBundle:
    """A folder that holds a bundle, or should.

    Attributes:
        folder: where it lies, links resolved.
        class_names: that it tells apart; empty where its manifest cannot be read, and then it
            cannot be opened either.
    """

    folder: Path
    class_names: tuple[str, ...]

    @property
    def name(self) -> str:
        """Folder name."""
        return self.folder.name


def list_bundles(
    bundles: Sequence[Path], folders_of_bundles: Sequence[Path]
) -> tuple[ListedBundle, ...]:
    """List bundles, each once.

    Args:
        bundles: folders that are listed even where there is no bundle in them.
        folders_of_bundles: folders whose subfolders are listed where they hold a manifest; may be
            missing.

    Returns:
        First ``bundles`` in their order, then the others by folder and name.
    """
    found = dict.fromkeys(folder.resolve() for folder in bundles)
    for parent in folders_of_bundles:
        for manifest in sorted(parent.glob(f"*/{MANIFEST_FILE}")):
            found[manifest.parent.resolve()] = None
    return tuple(ListedBundle(folder=one, class_names=_class_names(one)) for one in found)


def _class_names(folder: Path) -> tuple[str, ...]:
    """The classes that a manifest names; whether the bundle is whole is seen when it is opened."""
    try:
        with (folder / MANIFEST_FILE).open("rb") as stream:
            names = json.loads(stream.read(MAX_MANIFEST_BYTES))["class_names"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return ()
    is_list = isinstance(names, list) and all(isinstance(name, str) for name in names)
    return tuple(names) if is_list else ()
