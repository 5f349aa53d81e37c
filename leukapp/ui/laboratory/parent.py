"""Which bundle a laboratory's images are fitted to."""

from pathlib import Path

from leukapp.model.artifacts import ListedBundle
from leukapp.model.manifest import MANIFEST_FILE
from leukapp.resources import bundle_folders


def parent_of(bundle: ListedBundle) -> Path:
    """The bundle itself or, where it is commissioned, the one that its parent is now.

    Args:
        bundle: that answers in this session.

    Returns:
        A folder; the commissioned bundle's own where its parent is gone, which is refused later.
    """
    if bundle.commission is None:
        return bundle.folder
    places = [folder / bundle.commission.parent_name for folder in bundle_folders()]
    return next((place for place in places if (place / MANIFEST_FILE).is_file()), bundle.folder)
