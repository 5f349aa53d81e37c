"""ASH image bank: a folder of AML images without patient ids."""

from pathlib import Path
from typing import Final

from leukapp.data.catalog import Catalog, Sample
from leukapp.data.readers.files import build_catalog, list_images, require_folder, sample_id_of
from leukapp.data.readers.layout import Layout
from leukapp.labels import AML

SOURCE: Final = "ash"


def read_ash(folder: Path) -> Catalog:
    """Read a folder in which every image is AML.

    Args:
        folder: the folder of images, subfolders included.

    Returns:
        The catalogue, each image its own group.

    Raises:
        CatalogError: the folder is missing or holds no image.
    """
    require_folder(folder)
    return build_catalog(
        folder,
        [
            Sample(
                path=path,
                label=AML,
                group=f"{SOURCE}:{sample_id_of(path, folder)}",
                source=SOURCE,
                sample_id=sample_id_of(path, folder),
                groups_known=False,
            )
            for path in list_images(folder)
        ],
    )


def _is_ash(path: Path) -> bool:
    return path.resolve().name.lower().startswith(SOURCE) and bool(list_images(path))


LAYOUT: Final = Layout(
    name=SOURCE,
    arrangement="a folder of AML images, named ASH",
    recognizes=_is_ash,
    read=read_ash,
)
