"""The data sets of the paper, from whatever folder or table a researcher has."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from leukapp.data.catalog import Catalog, Sample
from leukapp.data.readers.all_idb1 import SOURCE as ALL_IDB1
from leukapp.data.readers.all_idb1 import read_all_idb1
from leukapp.data.readers.all_idb2 import SOURCE as ALL_IDB2
from leukapp.data.readers.ash import SOURCE as ASH
from leukapp.data.readers.combined import find_combined_folders, read_combined
from leukapp.data.readers.detect import read_catalog
from leukapp.data.readers.manifest import TABLE_NAME
from leukapp.data.splits import keep_duplicates_together
from leukapp.errors import TrainingError
from leukapp.labels import AML, HEALTHY, order_classes

N_STAND_IN: Final = 130
"""AML images of the paper's ASH set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReproductionSet:
    """One data set to train and judge on.

    Attributes:
        name: of the set, as the table prints it.
        samples: its images.
        split_groups: group of each image for the split; copies of an image share one.
        published_name: of the paper's set that it is or stands for, or None.
        is_combined: whether it has the classes that the paper compares base models on.
        has_ablation: whether each branch alone through the meta-classifier is asked for.
    """

    name: str
    samples: tuple[Sample, ...]
    split_groups: tuple[str, ...]
    published_name: str | None
    is_combined: bool
    has_ablation: bool

    @property
    def class_names(self) -> tuple[str, ...]:
        """Classes of its images, in the order of a network that is trained on it."""
        return order_classes(sample.label for sample in self.samples)

    @property
    def file_stem(self) -> str:
        """The name as it stands in file names."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")


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

    Where the images of ALL-IDB1 or ALL-IDB2 are among the data, the sets are the paper's. Where ASH
    is not, each other source with enough AML images stands in for it, 130 seeded ones of them.

    Args:
        data: folder or table of samples.
        groups_seen: groups that a backbone was trained on; a stand-in avoids them if it can.
        seed: of the choice of the stand-ins.

    Returns:
        The sets.

    Raises:
        CatalogError: the data cannot be read.
        TrainingError: the data has fewer than two classes.
    """
    catalog = _read(data)
    samples = tuple(sample for sample in catalog.samples if sample.role == "train")
    if len({sample.label for sample in samples}) < 2:
        raise TrainingError("the data has fewer than two classes; add images of another")
    if not {ALL_IDB1, ALL_IDB2} & {sample.source for sample in samples}:
        joined = keep_duplicates_together(replace(catalog, samples=samples))
        one = ReproductionSet(
            name=data.stem,
            samples=samples,
            split_groups=tuple(sample.group for sample in joined.samples),
            published_name=None,
            is_combined=True,
            has_ablation=True,
        )
        return ReproductionData(sets=(one,), notes=("The images are none of the paper's sets.",))
    return _paper_data(catalog, samples, groups_seen, seed)


def _read(data: Path) -> Catalog:
    if not data.is_dir():
        return read_catalog(data)
    folders = None if (data / TABLE_NAME).is_file() else find_combined_folders(data)
    if folders is None:
        return read_catalog(data)
    combined = read_combined(*folders)
    idb1 = _find_idb1_folder(data)
    if idb1 is None:
        return combined
    of_idb1 = read_all_idb1(idb1)
    # Both data sets call an image Im001_1, so that ids are put under the name of theirs.
    named = tuple(
        replace(sample, sample_id=f"{ALL_IDB1}/{sample.sample_id}") for sample in of_idb1.samples
    )
    return replace(combined, samples=(*combined.samples, *named))


def _find_idb1_folder(data: Path) -> Path | None:
    plain = (
        (child, child.name.lower().replace("-", "").replace("_", ""))
        for child in sorted(data.iterdir())
        if child.is_dir()
    )
    return next((child for child, name in plain if name == "allidb1"), None)


def _paper_data(
    catalog: Catalog, samples: tuple[Sample, ...], groups_seen: frozenset[str], seed: int
) -> ReproductionData:
    of_source = {
        source: tuple(sample for sample in samples if sample.source == source)
        for source in sorted({sample.source for sample in samples})
    }
    notes: list[str] = []
    aml: dict[str, tuple[Sample, ...]] = {}
    if ASH in of_source:
        aml["three classes"] = of_source[ASH]
    elif ALL_IDB2 in of_source:
        for source, others in of_source.items():
            blasts = [sample for sample in others if sample.label == AML]
            if source != ALL_IDB1 and len(blasts) >= N_STAND_IN:
                chosen, note = _draw_stand_in(source, blasts, groups_seen, seed)
                aml[f"three classes, AML of {source}"] = chosen
                notes.append(note)
        if not aml:
            notes.append(
                f"ASH is not part of the data, and no other source has {N_STAND_IN} AML images to "
                "stand in for it: the three-class set is left out."
            )
    wanted = _wanted_sets(of_source.get(ALL_IDB1, ()), of_source.get(ALL_IDB2, ()), aml)
    chosen = tuple(dict.fromkeys(sample for one in wanted for sample in one.samples))
    joined = keep_duplicates_together(replace(catalog, samples=chosen))
    group_of = {
        sample: of_joined.group for sample, of_joined in zip(chosen, joined.samples, strict=True)
    }
    sets = tuple(
        replace(one, split_groups=tuple(group_of[sample] for sample in one.samples))
        for one in wanted
    )
    return ReproductionData(sets=sets, notes=tuple(notes))


def _wanted_sets(
    idb1: tuple[Sample, ...], idb2: tuple[Sample, ...], aml: dict[str, tuple[Sample, ...]]
) -> list[ReproductionSet]:
    """The sets that have images; the first AML gives every set, a further one the three classes."""
    combined = [
        ReproductionSet(
            name=name,
            samples=(*idb2, *blasts),
            split_groups=(),
            published_name="ALL-IDB2 and ASH combined, 3 classes",
            is_combined=True,
            has_ablation=index == 0,
        )
        for index, (name, blasts) in enumerate(aml.items())
    ]
    healthy = tuple(sample for sample in idb2 if sample.label == HEALTHY)
    first_aml = next(iter(aml.values()), ())
    binary = [
        ReproductionSet(
            name=name,
            samples=samples,
            split_groups=(),
            published_name=published_name,
            is_combined=False,
            has_ablation=False,
        )
        for name, samples, published_name in (
            ("ALL-IDB1", idb1, "ALL-IDB1"),
            ("ALL-IDB2", idb2, "ALL-IDB2"),
            ("AML and healthy", (*first_aml, *healthy) if aml else (), "ASH and healthy"),
        )
        if samples
    ]
    return [*combined[:1], *binary, *combined[1:]]


def _draw_stand_in(
    source: str, blasts: list[Sample], groups_seen: frozenset[str], seed: int
) -> tuple[tuple[Sample, ...], str]:
    """130 AML images of a source, of patients that no backbone saw where there are enough."""
    unseen = [sample for sample in blasts if sample.group not in groups_seen]
    is_unseen = len(unseen) >= N_STAND_IN
    among = sorted(unseen if is_unseen else blasts, key=lambda sample: sample.sample_id)
    rows = sorted(np.random.default_rng(seed).choice(len(among), N_STAND_IN, replace=False))
    chosen = tuple(among[row] for row in rows)
    if not all(sample.groups_known for sample in chosen):
        of_whom = (
            "whose patients are not known, so that each image counts as a group and the grouped "
            "protocol may put one patient on both sides"
        )
    else:
        n_patients = len({sample.group for sample in chosen})
        of_whom = f"of {n_patients} patients " + (
            "whose cells no backbone was trained on"
            if is_unseen
            else "whose other cells a backbone was trained on, which flatters"
        )
    note = (
        f"ASH is not part of the data: {N_STAND_IN} AML images of {source}, drawn with seed {seed} "
        f"and {of_whom}, stand in for it."
    )
    return chosen, note
