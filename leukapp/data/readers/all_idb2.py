"""ALL-IDB2: single cells ``Im001_1.tif``, suffix 1 = ALL, 0 = Healthy, no patient ids."""

import re
from pathlib import Path
from typing import Final

from leukapp.data.catalog import Catalog, Role, Sample
from leukapp.data.readers.files import (
    build_catalog,
    finding,
    list_images,
    require_folder,
    sample_id_of,
)
from leukapp.labels import ALL, HEALTHY

SOURCE: Final = "all_idb2"
BLOCK_LENGTH: Final = 10
IDB_NAME: Final = re.compile(r"Im(?P<number>\d{3})_(?P<suffix>[01])", re.IGNORECASE)
LABEL_OF_SUFFIX: Final = {"1": ALL, "0": HEALTHY}

_FIRST_NUMBER: Final = {ALL: 1, HEALTHY: 131}
_GROUP_PREFIX: Final = {ALL: "idb2_ALL", HEALTHY: "idb2_H"}


def block_group(number: int, label: str) -> str:
    """The block of ten neighbouring numbers that stands for a patient, who is not known.

    Args:
        number: image number, 1-260; ALL begins at 1, Healthy at 131.
        label: ``ALL`` or ``Healthy``.

    Returns:
        Group name, e.g. ``idb2_H_blk00`` for 131-140.

    Example:
        >>> block_group(20, "ALL"), block_group(131, "Healthy")
        ('idb2_ALL_blk01', 'idb2_H_blk00')
    """
    block = (number - _FIRST_NUMBER[label]) // BLOCK_LENGTH
    return f"{_GROUP_PREFIX[label]}_blk{block:02d}"


def read_all_idb2(folder: Path, *, role: Role = "train") -> Catalog:
    """Read a folder of ALL-IDB2 (images directly in it or in a subfolder such as ``img/``).

    Args:
        folder: the data set's folder; TIFF as published, PNG or JPEG as converted.
        role: role of every sample.

    Returns:
        The catalogue; misnamed images are findings.

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
        label = LABEL_OF_SUFFIX[match["suffix"]]
        samples.append(
            Sample(
                path=path,
                label=label,
                group=block_group(int(match["number"]), label),
                source=SOURCE,
                role=role,
                sample_id=sample_id,
            )
        )
    return build_catalog(folder, samples, findings)
