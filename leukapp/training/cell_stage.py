"""The cell backbone as a step of a training: its cells, their types, and a copy kept on disk."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from leukapp.data.catalog import Sample
from leukapp.data.cells import (
    CELL_SIDE_PX,
    CellSample,
    excluded_cell_names,
    read_cell_images,
    read_cells,
)
from leukapp.imaging.cell_crop import CROP_PX
from leukapp.imaging.enhance import EnhancementConfig
from leukapp.imaging.white_balance import BACKGROUND_LEVEL, balance_white, measure_background
from leukapp.model.weights_io import Arrays, read_arrays, write_arrays

WINDOW_PX: Final = CELL_SIDE_PX * 240 / 360
"""Window of a crop in an archived cell: 360 px of the original are 112, and erythrocytes are 75."""

CELL_TYPES: Final = (
    "basophil",
    "blast",
    "eosinophil",
    "erythroblast",
    "immature_granulocyte",
    "lymphocyte",
    "lymphocyte_variant",
    "monocyte",
    "neutrophil",
    "plasma_cell",
    "platelet",
    "promonocyte",
    "promyelocyte",
    "smudge_cell",
)
"""What the cell backbone learns to tell apart."""

_BY_NAME_IN_ARCHIVE: Final = {
    "Band neutrophils": "neutrophil",
    "Basophil": "basophil",
    "Blast, no lineage spec": "blast",
    "Eosinophils": "eosinophil",
    "Erythroblast": "erythroblast",
    "Giant thrombocyte": "platelet",
    "Lymphocyte": "lymphocyte",
    "Lymphocyte, variant": "lymphocyte_variant",
    "Metamyelocyte": "immature_granulocyte",
    "Monocyte": "monocyte",
    "Myelocyte": "immature_granulocyte",
    "Plasma cells": "plasma_cell",
    "Prolymphocyte": "lymphocyte_variant",
    "Promonocyte": "promonocyte",
    "Promyelocyte": "promyelocyte",
    "Segmented neutrophils": "neutrophil",
    "Smudge cells": "smudge_cell",
    "Thrombocyte aggregation": "platelet",
    "basophil": "basophil",
    "eosinophil": "eosinophil",
    "erythroblast": "erythroblast",
    "ig": "immature_granulocyte",
    "lymphocyte": "lymphocyte",
    "monocyte": "monocyte",
    "neutrophil": "neutrophil",
    "platelet": "platelet",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CellBackbone:
    """A trained cell backbone and what it saw.

    Attributes:
        arrays: weights of its backbone.
        n_cells: cells it was trained on.
        n_excluded: cells left out because a held-out image shows them or their patient.
        groups: groups (patients) with known identity among its cells, sorted.
    """

    arrays: Arrays
    n_cells: int
    n_excluded: int
    groups: tuple[str, ...]


def obtain_cell_backbone(
    data_root: Path,
    held_out: Sequence[Sample],
    *,
    enhancement: EnhancementConfig,
    seed: int,
    work_dir: Path,
    report: Callable[[str], None],
) -> CellBackbone:
    """Train the cell backbone, or take the one that the same cells, settings and seed gave before.

    Args:
        data_root: folder with ``cells.csv`` and its archives.
        held_out: samples of validation, test and external sets; none of their cells is used.
        enhancement: that of the preset.
        seed: of the training.
        work_dir: keeps checkpoints and the finished weights.
        report: takes a line of progress.

    Returns:
        The trained backbone.

    Raises:
        CatalogError: the cells cannot be read.
    """
    from leukapp.training.cell_backbone import DEFAULT_STAGES, Cells, train_cell_backbone

    all_cells = read_cells(data_root)
    excluded = excluded_cell_names(all_cells, held_out)
    cells = [
        cell
        for cell in all_cells
        if cell.name not in excluded and cell_type_index(cell.cell_type) is not None
    ]
    recipe = {
        "cells": sorted(cell.name for cell in cells),
        "enhancement": asdict(enhancement),
        "crop": [WINDOW_PX, CROP_PX, BACKGROUND_LEVEL],
        "seed": seed,
        "stages": [asdict(stage) for stage in DEFAULT_STAGES],
    }
    key = hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()[:16]
    path = work_dir / f"cell_backbone_{key}.npz"
    if path.exists():
        report(f"cell backbone: taken from {path.name}")
    else:
        report(f"cell backbone: {len(cells)} cells, {len(excluded)} left out")
        arrays = train_cell_backbone(
            Cells(
                images=_balanced(read_cell_images(cells)),
                window_px=WINDOW_PX,
                type_indices=_type_indices(cells),
            ),
            enhancement=enhancement,
            seed=seed,
            work_dir=work_dir / key,
            report=report,
        )
        write_arrays(path, arrays)
    return CellBackbone(
        arrays=read_arrays(path),
        n_cells=len(cells),
        n_excluded=len(excluded),
        groups=tuple(sorted({cell.group for cell in cells if cell.group != cell.name})),
    )


def _balanced(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.stack([balance_white(image, measure_background(image)) for image in images])


def _type_indices(cells: Sequence[CellSample]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array([cell_type_index(cell.cell_type) for cell in cells], np.int64)


def cell_type_index(name_in_archive: str) -> int | None:
    """Index into ``CELL_TYPES`` of a type as an archive names it; None for a type not used."""
    cell_type = _BY_NAME_IN_ARCHIVE.get(name_in_archive)
    return None if cell_type is None else CELL_TYPES.index(cell_type)
