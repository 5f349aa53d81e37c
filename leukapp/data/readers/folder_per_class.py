"""One subfolder a class: ``ALL/``, ``AML/``, ``Healthy/``; patients may be folders below."""

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
from leukapp.labels import CLASS_NAMES, HEALTHY

LABEL_OF_FOLDER: Final = {
    **{name.lower(): name for name in CLASS_NAMES},
    "normal": HEALTHY,
    "benign": HEALTHY,
    "hem": HEALTHY,
}
_PARTS_WITH_PATIENT: Final = 3


def label_of_folder(name: str) -> str | None:
    """The class a folder name stands for, whatever its case, or None."""
    return LABEL_OF_FOLDER.get(name.strip().lower())


def read_folder_per_class(folder: Path) -> Catalog:
    """Read a folder with one subfolder a class.

    A folder inside a class is a patient; the same name under two classes is the same patient. An
    image directly in a class folder is its own group. The source is the folder's name.

    Args:
        folder: the folder above the class folders.

    Returns:
        The catalogue; images under no known class are findings.

    Raises:
        CatalogError: the folder is missing or holds no image under a known class name.
    """
    require_folder(folder)
    source = folder.resolve().name
    samples, findings = [], []
    for path in list_images(folder):
        sample_id = sample_id_of(path, folder)
        parts = path.relative_to(folder).parts
        label = label_of_folder(parts[0]) if len(parts) > 1 else None
        if label is None:
            message = f"{sample_id} is in no folder named {', '.join(sorted(LABEL_OF_FOLDER))}."
            findings.append(finding("unknown_label", sample_id, message))
            continue
        has_patient = len(parts) >= _PARTS_WITH_PATIENT
        samples.append(
            Sample(
                path=path,
                label=label,
                group=f"{source}:{parts[1] if has_patient else sample_id}",
                source=source,
                sample_id=sample_id,
                groups_known=has_patient,
            )
        )
    return build_catalog(folder, samples, findings)


def _has_class_folder(path: Path) -> bool:
    return any(child.is_dir() and label_of_folder(child.name) for child in path.iterdir())


LAYOUT: Final = Layout(
    name="folder_per_class",
    arrangement=", ".join(f"{name}/" for name in CLASS_NAMES),
    recognizes=_has_class_folder,
    read=read_folder_per_class,
)
