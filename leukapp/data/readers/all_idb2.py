"""ALL-IDB2: single cells ``Im001_1.tif``, suffix 1 = ALL, 0 = Healthy, no patient ids."""

import re
from pathlib import Path
from typing import Final

from leukapp.data.catalog import Catalog, Sample
from leukapp.data.readers.files import (
    build_catalog,
    finding,
    list_images,
    require_folder,
    sample_id_of,
)
from leukapp.data.readers.layout import Layout
from leukapp.errors import CatalogError
from leukapp.labels import ALL, HEALTHY

SOURCE: Final = "all_idb2"
BLOCK_LENGTH: Final = 10
IDB_NAME: Final = re.compile(r"Im(?P<number>\d{3})_(?P<suffix>[01])", re.IGNORECASE)
LABEL_OF_SUFFIX: Final = {"1": ALL, "0": HEALTHY}

_LAST_NUMBER_OF_IDB1: Final = 108
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


def read_all_idb2(folder: Path) -> Catalog:
    """Read a folder of ALL-IDB2 (images directly in it or in a subfolder such as ``img/``).

    Args:
        folder: the data set's folder; TIFF as published, PNG or JPEG as converted.

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
                sample_id=sample_id,
            )
        )
    return build_catalog(folder, samples, findings)


def tell_idb_set(path: Path) -> str | None:
    """Tell ALL-IDB1, 108 JPEG fields in ``im/``, from ALL-IDB2, TIFF or numbered beyond 108.

    Args:
        path: a folder.

    Returns:
        ``all_idb1`` or ``all_idb2``; None where no image is named as theirs are.

    Raises:
        CatalogError: it may be either.
    """
    images = list_images(path)
    numbers = [int(match["number"]) for image in images if (match := IDB_NAME.match(image.stem))]
    if not any(IDB_NAME.fullmatch(image.stem) for image in images):
        return None
    plain_name = path.resolve().name.lower().replace("-", "").replace("_", "")
    if "idb1" in plain_name or (path / "xyc").is_dir() or (path / "im").is_dir():
        return "all_idb1"
    has_tiff = any(image.suffix.lower() in {".tif", ".tiff"} for image in images)
    if "idb2" in plain_name or has_tiff or max(numbers) > _LAST_NUMBER_OF_IDB1:
        return SOURCE
    if len(numbers) == _LAST_NUMBER_OF_IDB1:
        return "all_idb1"
    raise CatalogError(
        f"{path.name!r} may be part of ALL-IDB1 or of ALL-IDB2; rename the folder ALL_IDB1 or "
        "ALL_IDB2, whichever it is."
    )


LAYOUT: Final = Layout(
    name=SOURCE,
    arrangement="Im001_1.tif",
    recognizes=lambda path: tell_idb_set(path) == SOURCE,
    read=read_all_idb2,
)
