"""ALL-IDB1: whole fields ``Im001_1.jpg``, suffix 1 = ALL, 0 = Healthy, no patient ids."""

from pathlib import Path
from typing import Final

from leukapp.data.catalog import Catalog, Sample
from leukapp.data.readers.all_idb2 import IDB_NAME, LABEL_OF_SUFFIX, tell_idb_set
from leukapp.data.readers.files import (
    build_catalog,
    finding,
    list_images,
    require_folder,
    sample_id_of,
)
from leukapp.data.readers.layout import Layout

SOURCE: Final = "all_idb1"


def read_all_idb1(folder: Path) -> Catalog:
    """Read a folder of ALL-IDB1 (images in it or in ``im/``; blast positions in ``xyc/`` are left).

    Args:
        folder: the data set's folder.

    Returns:
        The catalogue, each image its own group; misnamed images are findings.

    Raises:
        CatalogError: the folder is missing or holds no image of this naming.
    """
    require_folder(folder)
    samples, findings = [], []
    for path in list_images(folder):
        sample_id = sample_id_of(path, folder)
        match = IDB_NAME.fullmatch(path.stem)
        if match is None:
            message = "The name does not follow Im001_1, so the label is not known."
            findings.append(finding("unexpected_file", sample_id, message))
            continue
        samples.append(
            Sample(
                path=path,
                label=LABEL_OF_SUFFIX[match["suffix"]],
                group=f"{SOURCE}:{sample_id}",
                source=SOURCE,
                sample_id=sample_id,
                groups_known=False,
            )
        )
    return build_catalog(folder, samples, findings)


LAYOUT: Final = Layout(
    name=SOURCE,
    arrangement="Im001_1.jpg under im/",
    recognizes=lambda path: tell_idb_set(path) == SOURCE,
    read=read_all_idb1,
)
