"""Labelled images that a reader brings: written down under names of the server's own."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from leukapp.data.readers.folder_per_class import label_of_folder
from leukapp.errors import ImageError, LeukappError
from leukapp.review.batch_images import BatchImages
from leukapp.review.records import BatchItem, Decision
from leukapp.review.zip_files import read_zip
from leukapp.spreadsheet import restore, write_csv_rows
from leukapp.ui.texts import laboratory as texts

TABLE: Final = "samples.csv"
SOURCE: Final = "here"
NAME_COLUMN: Final = "brought_as"

Row = tuple[bytes, str, str, str]
"""Bytes of an image, its class, its patient, which may be empty, and the name that it came with."""


def keep_zip(data: bytes, folder: Path) -> Path:
    """Write the labelled images of a zip and a table of them.

    Args:
        data: of the zip, of any origin; its names become labels and patients, never paths.
        folder: of the images, made if missing.

    Returns:
        The table.

    Raises:
        LeukappError: the zip is damaged, or no image in it has a class.
    """
    return _keep(_labelled(data), folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedImage:
    """An image of a batch that was signed with a class.

    Attributes:
        item: of the batch.
        decision: that stands.
        patient: the case that the image belongs to; empty where it belongs to none.
    """

    item: BatchItem
    decision: Decision
    patient: str


def keep_decisions(images: BatchImages, signed: Iterable[SignedImage], folder: Path) -> Path:
    """Write the images of a batch that were signed with a class, and a table of them.

    Args:
        images: of the batch.
        signed: some of it.
        folder: of the images, made if missing.

    Returns:
        The table.

    Raises:
        LeukappError: no image can be read.
    """
    return _keep(_decided(images, signed), folder)


def read_names(folder: Path) -> Mapping[str, str]:
    """The names that images came with, by those that the server gave them.

    Args:
        folder: of the images; where it has no table of this server, no image was renamed.

    Raises:
        LeukappError: the table cannot be read.
    """
    try:
        with (folder / TABLE).open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, csv.Error) as error:
        raise LeukappError(texts.GONE) from error
    return {row["path"]: restore(row[NAME_COLUMN]) for row in rows if row.get(NAME_COLUMN)}


def _labelled(data: bytes) -> Iterable[Row]:
    for member in read_zip(data):
        *folders, _ = member.name.replace("\\", "/").split("/")
        labels = [label_of_folder(name) for name in folders]
        place = next((i for i, label in enumerate(labels) if label is not None), None)
        if place is None or member.error is not None:
            continue
        yield member.data, str(labels[place]), "/".join(folders[place + 1 :]), member.name


def _decided(images: BatchImages, signed: Iterable[SignedImage]) -> Iterable[Row]:
    for one in signed:
        if one.decision.label is None:
            continue
        try:
            yield images.read(one.item), one.decision.label, one.patient, one.item.name
        except ImageError:
            # The others still serve; how many did is in the report.
            continue


def _keep(rows: Iterable[Row], folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    listed: list[tuple[str, str, str, str, str]] = []
    for data, label, group, name in rows:
        path = f"{len(listed) + 1:05d}"
        (folder / path).write_bytes(data)
        listed.append((path, label, group, SOURCE, name))
    if not listed:
        raise LeukappError(texts.NO_LABELLED)
    table = folder / TABLE
    with table.open("w", encoding="utf-8", newline="") as stream:
        write_csv_rows(stream, [("path", "label", "group", "source", NAME_COLUMN), *listed])
    return table
