"""The cells that a backbone may learn from: those of the archives, and crops of the table."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import numpy as np

from experiments.backbones.archives import (
    CELL_SIDE_PX,
    TABLE_NAME,
    excluded_cell_names,
    read_cell_images,
    read_cells,
)
from experiments.backbones.cell_types import possible_types
from experiments.backbones.training import LabelledCells
from leukapp.data.catalog import Sample
from leukapp.fields.crops import cut_cells
from leukapp.fields.learned_finder import LearnedFinder
from leukapp.imaging.arrays import RgbImage
from leukapp.imaging.cell_crop import CROP_PX
from leukapp.imaging.image_io import read_image
from leukapp.imaging.white_balance import balance_white, measure_background
from leukapp.training.progress import Progress

WINDOW_PX: Final = CELL_SIDE_PX * 240 / 360
"""Window of a crop in an archived cell: 360 px of the original are 112, and erythrocytes are 75."""

MAX_OF_IMAGE: Final = 8
"""Cells of one field at most."""


def gather_cells(
    data: Path,
    train: Sequence[Sample],
    held_out: Sequence[Sample],
    *,
    without: Sequence[str],
    finder: LearnedFinder,
    report: Callable[[str], None],
) -> LabelledCells:
    """Collect cells with what is known of their types.

    Args:
        data: folder with the archives.
        train: images of the training part.
        held_out: images that judge; neither they nor their patients' cells are used.
        without: laboratories of which nothing is used.
        finder: cuts the cells of the table's images.
        report: takes a line of progress.
    """
    images: list[RgbImage] = []
    possible, windows_px, laboratories = [], [], []
    archived = read_cells(data)
    excluded = excluded_cell_names(archived, held_out)
    used = [
        cell
        for cell in archived
        if cell.name not in excluded
        and cell.laboratory not in without
        and possible_types(cell.cell_type, "").any()
    ]
    for cell, image in zip(used, read_cell_images(used), strict=True):
        images.append(balance_white(image, measure_background(image)))
        possible.append(possible_types(cell.cell_type, ""))
        windows_px.append(WINDOW_PX)
        laboratories.append(cell.laboratory)
    report(f"{len(used)} cells of {TABLE_NAME}, {len(excluded)} left out as held out")
    known = [
        sample
        for sample in train
        if sample.laboratory not in without
        and possible_types(sample.cell_label, sample.label).any()
    ]
    progress = Progress("cells cut from images", report)

    def cut(sample: Sample) -> list[RgbImage]:
        crops = cut_cells(read_image(sample.path), finder=finder).crops
        chosen = np.random.default_rng(len(crops)).permutation(len(crops))[:MAX_OF_IMAGE]
        return [crops[i].image for i in np.sort(chosen)]

    with ThreadPoolExecutor(max_workers=2) as readers:
        for index, (sample, crops) in enumerate(zip(known, readers.map(cut, known), strict=True)):
            images += crops
            possible += [possible_types(sample.cell_label, sample.label)] * len(crops)
            windows_px += [float(CROP_PX)] * len(crops)
            laboratories += [sample.laboratory] * len(crops)
            progress.step(index + 1, len(known))
    report(f"{len(images) - len(used)} cells of {len(known)} images")
    return LabelledCells(
        images=images,
        windows_px=np.array(windows_px, np.float64),
        possible=np.array(possible, np.bool_),
        laboratories=laboratories,
    )
