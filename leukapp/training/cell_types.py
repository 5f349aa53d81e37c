"""One set of cell types for both archives of single cells, so that sources share classes."""

from typing import Final

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


def cell_type_index(name_in_archive: str) -> int | None:
    """Index into ``CELL_TYPES`` of a type as an archive names it; None for a type not used."""
    cell_type = _BY_NAME_IN_ARCHIVE.get(name_in_archive)
    return None if cell_type is None else CELL_TYPES.index(cell_type)
