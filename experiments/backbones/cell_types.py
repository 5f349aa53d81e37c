"""What the cell backbone learns to tell apart, and what is known of a cell that is labelled."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from leukapp.labels import ALL, AML, HEALTHY

CELL_TYPES: Final = (
    "basophil",
    "blast",
    "eosinophil",
    "erythroblast",
    "immature_granulocyte",
    "lymphoblast",
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
"""``blast`` is a myeloblast or monoblast."""

OF_MYELOID_LEUKEMIA: Final = frozenset({"blast", "promyelocyte", "promonocyte"})
OF_LYMPHOID_LEUKEMIA: Final = frozenset({"lymphoblast"})
OF_HEALTH: Final = frozenset(CELL_TYPES) - OF_MYELOID_LEUKEMIA - OF_LYMPHOID_LEUKEMIA

_BY_NAME: Final = {
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
    "blast": "blast",
    "eosinophil": "eosinophil",
    "erythroblast": "erythroblast",
    "ig": "immature_granulocyte",
    "lymphoblast": "lymphoblast",
    "lymphocyte": "lymphocyte",
    "monocyte": "monocyte",
    "myeloblast": "blast",
    "neutrophil": "neutrophil",
    "normal lymphoid cell": "lymphocyte",
    "platelet": "platelet",
    "promonocyte": "promonocyte",
    "promyelocyte": "promyelocyte",
    "segmented neutrophil": "neutrophil",
}


def possible_types(name: str, label: str) -> NDArray[np.bool_]:
    """Which types a cell may be of: the one that it is named by, else those of its diagnosis.

    Args:
        name: the data set's own name of the cell, or of a field of cells; may be empty.
        label: class of the image.

    Returns:
        Bool (types,); all False where nothing is known.
    """
    known = _BY_NAME.get(name)
    of_label = {ALL: OF_LYMPHOID_LEUKEMIA, AML: OF_MYELOID_LEUKEMIA, HEALTHY: OF_HEALTH}
    possible = {known} if known else of_label.get(label, frozenset[str]())
    return np.array([cell_type in possible for cell_type in CELL_TYPES], np.bool_)
