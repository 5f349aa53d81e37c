"""The data sets of the paper, from whatever folder a researcher has."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from leukapp.data.catalog import Catalog, Sample
from leukapp.data.readers.all_idb1 import read_all_idb1
from leukapp.data.readers.all_idb2 import SOURCE as ALL_IDB2
from leukapp.data.readers.combined import find_combined_folders, read_combined
from leukapp.data.readers.detect import read_catalog
from leukapp.data.readers.smears import JHU_SOURCE, find_smears_folder, read_smears
from leukapp.data.splits import keep_duplicates_together
from leukapp.errors import TrainingError
from leukapp.labels import ALL, AML, HEALTHY

N_STAND_IN: Final = 130
"""AML images of the paper's ASH set."""

COMBINED: Final = "three classes"
IDB2: Final = "ALL-IDB2"
ASH: Final = "AML and healthy"
IDB1: Final = "ALL-IDB1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReproductionSet:
    """One data set to train and judge on.

    Attributes:
        name: of the set, as the table prints it.
        samples: its images.
        split_groups: group of each image for the split; copies of an image share one.
        published_name: of the paper's set that it stands for, or None.
        has_ablation: whether each branch alone through the meta-classifier is asked for.
    """

    name: str
    samples: tuple[Sample, ...]
    split_groups: tuple[str, ...]
    published_name: str | None
    has_ablation: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReproductionData:
    """All sets of a data folder.

    Attributes:
        sets: the three-class set first, where there is one.
        notes: sentences on what the images stand for.
    """

    sets: tuple[ReproductionSet, ...]
    notes: tuple[str, ...]


def read_reproduction_data(
    data: Path, *, groups_seen: frozenset[str], seed: int
) -> ReproductionData:
    """Read the paper's sets, or take any labelled images as one set.

    A folder with the project's collection gives ALL-IDB2, and 130 seeded AML blasts of another
    laboratory as the stand-in for ASH. A folder with ALL-IDB2 and ASH (and ALL-IDB1) gives the sets
    themselves. Anything else that can be read is one set.

    Args:
        data: folder or table of samples.
        groups_seen: groups that a backbone was trained on; the stand-in avoids them if it can.
        seed: of the choice of the stand-in.

    Returns:
        The sets.

    Raises:
        CatalogError: the data cannot be read.
        TrainingError: the data has fewer than two classes.
    """
    if data.is_dir() and find_smears_folder(data) is not None:
        return _with_stand_in(read_smears(data), groups_seen, seed)
    combined = find_combined_folders(data) if data.is_dir() else None
    if combined is not None:
        catalog = keep_duplicates_together(read_combined(*combined))
        note = "The images are those of ALL-IDB2 and ASH as found in the data folder."
        sets = (*_paper_sets(catalog, catalog.samples), *_all_idb1(data))
        return ReproductionData(sets=sets, notes=(note,))
    catalog = read_catalog(data)
    samples = tuple(sample for sample in catalog.samples if sample.role == "train")
    if len({sample.label for sample in samples}) < 2:
        raise TrainingError("the data has fewer than two classes; add images of another")
    joined = keep_duplicates_together(replace(catalog, samples=samples))
    one = _named(data.stem, samples, joined, None, has_ablation=True)
    return ReproductionData(sets=(one,), notes=("The images are none of the paper's sets.",))


def _with_stand_in(catalog: Catalog, groups_seen: frozenset[str], seed: int) -> ReproductionData:
    idb2 = [sample for sample in catalog.samples if sample.source == ALL_IDB2]
    blasts = [s for s in catalog.samples if s.source == JHU_SOURCE and s.label == AML]
    unseen = [sample for sample in blasts if sample.group not in groups_seen]
    if len(unseen) >= N_STAND_IN:
        of_whom = "of patients whose cells no backbone was trained on"
        blasts = unseen
    else:
        of_whom = "of patients whose other cells the cell backbone was trained on, which flatters"
    if len(blasts) < N_STAND_IN:
        raise TrainingError(
            f"the data has {len(blasts)} AML blasts, the stand-in for ASH needs {N_STAND_IN}"
        )
    blasts.sort(key=lambda sample: sample.sample_id)
    chosen = sorted(np.random.default_rng(seed).choice(len(blasts), N_STAND_IN, replace=False))
    samples = (*idb2, *(blasts[index] for index in chosen))
    n_patients = len({sample.group for sample in samples if sample.label == AML})
    note = (
        f"ASH is not part of the data: {N_STAND_IN} AML blasts of {n_patients} patients of one "
        f"other laboratory ({JHU_SOURCE}), drawn with seed {seed} and {of_whom}, stand in for it. "
        "ALL-IDB2 is the 103-pixel copy; blocks of ten neighbouring numbers stand for its patients."
    )
    joined = keep_duplicates_together(replace(catalog, samples=samples))
    return ReproductionData(sets=_paper_sets(joined, samples), notes=(note,))


def _paper_sets(joined: Catalog, samples: tuple[Sample, ...]) -> tuple[ReproductionSet, ...]:
    """Three classes, ALL-IDB2 alone, and AML with the healthy cells of ALL-IDB2."""
    labels_of = {COMBINED: (ALL, AML, HEALTHY), IDB2: (ALL, HEALTHY), ASH: (AML, HEALTHY)}
    published = {
        COMBINED: "ALL-IDB2 and ASH combined, 3 classes",
        IDB2: "ALL-IDB2",
        ASH: "ASH and healthy",
    }
    sets = []
    for name, labels in labels_of.items():
        rows = [row for row, sample in enumerate(samples) if sample.label in labels]
        part = replace(joined, samples=tuple(joined.samples[row] for row in rows))
        chosen = tuple(samples[row] for row in rows)
        sets.append(_named(name, chosen, part, published[name], has_ablation=name == COMBINED))
    return tuple(sets)


def _all_idb1(data: Path) -> tuple[ReproductionSet, ...]:
    folders = [
        child
        for child in sorted(data.iterdir())
        if child.is_dir() and child.name.lower().replace("-", "").replace("_", "") == "allidb1"
    ]
    if not folders:
        return ()
    catalog = read_all_idb1(folders[0])
    joined = keep_duplicates_together(catalog)
    return (_named(IDB1, catalog.samples, joined, "ALL-IDB1", has_ablation=False),)


def _named(
    name: str,
    samples: tuple[Sample, ...],
    joined: Catalog,
    published_name: str | None,
    *,
    has_ablation: bool,
) -> ReproductionSet:
    return ReproductionSet(
        name=name,
        samples=samples,
        split_groups=tuple(sample.group for sample in joined.samples),
        published_name=published_name,
        has_ablation=has_ablation,
    )
