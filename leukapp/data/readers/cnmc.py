"""C-NMC 2019: single cells cut out on black, in folds, named after their patients."""

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
from leukapp.labels import ALL, HEALTHY

SOURCE: Final = "cnmc"
CNMC_NAME: Final = re.compile(
    r"UID_(?P<patient>[0-9A-Z]+)_(?P<image>\d+)_(?P<cell>\d+)_(?P<kind>all|hem)", re.IGNORECASE
)
LABEL_OF_KIND: Final = {"all": ALL, "hem": HEALTHY}


def read_cnmc(folder: Path) -> Catalog:
    """Read a folder of C-NMC 2019: ``fold_0/all/UID_1_1_1_all.bmp`` and so on, or a part of it.

    The published folds part patients only by chance, so they are not taken over: the patient is the
    group, and the splits of training keep groups together.

    Args:
        folder: the data set's folder, with the folds in it, or one fold, or images alone.

    Returns:
        The catalogue. Images of another name, and those whose folder (``all`` or ``hem``)
        contradicts their name, are findings.

    Raises:
        CatalogError: the folder is missing or holds no image of this naming.

    Source:
        A. Gupta, R. Gupta, ALL Challenge dataset of ISBI 2019, The Cancer Imaging Archive, 2019.
    """
    require_folder(folder)
    samples, findings = [], []
    for path in list_images(folder):
        sample_id = sample_id_of(path, folder)
        match = CNMC_NAME.fullmatch(path.stem)
        if match is None:
            message = "The name does not follow UID_1_1_1_all, so patient and label are not known."
            findings.append(finding("unexpected_file", sample_id, message))
            continue
        kind = match["kind"].lower()
        parent = path.parent.name.lower()
        if parent in LABEL_OF_KIND and parent != kind:
            message = f"The file is named {kind} and lies in folder {parent}: which is right?"
            findings.append(finding("unexpected_file", sample_id, message))
            continue
        samples.append(
            Sample(
                path=path,
                label=LABEL_OF_KIND[kind],
                group=f"{SOURCE}:UID_{match['patient'].upper()}",
                source=SOURCE,
                sample_id=sample_id,
            )
        )
    return build_catalog(folder, samples, findings)


def _is_cnmc(path: Path) -> bool:
    return any(CNMC_NAME.fullmatch(image.stem) for image in list_images(path))


LAYOUT: Final = Layout(
    name=SOURCE,
    arrangement="C-NMC 2019: UID_1_1_1_all.bmp in folds",
    recognizes=_is_cnmc,
    read=read_cnmc,
)
