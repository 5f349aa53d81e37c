"""A catalogue of labelled samples, and the check that names what is wrong with one."""

import dataclasses
import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from leukapp.data.duplicates import find_duplicates
from leukapp.errors import CatalogError, ImageError
from leukapp.imaging.arrays import RgbImage
from leukapp.imaging.image_io import has_image_header, read_image
from leukapp.labels import CLASS_NAMES

Role: TypeAlias = Literal["train", "external"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)

FindingKind: TypeAlias = Literal[
    "unreadable_file",
    "unexpected_file",
    "incomplete_row",
    "unknown_label",
    "duplicate_across_labels",
    "duplicate_across_groups",
    "near_duplicate_across_labels",
    "near_duplicate_across_groups",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One labelled image on disk.

    Attributes:
        path: where the file lies now; never written to a report.
        label: ``ALL``, ``AML`` or ``Healthy``; ``OTHER_LEUKEMIA`` among ``Catalog.others``.
        group: patient, block of neighbouring images, or the image itself; never crosses a split.
        source: data set; several may be of one laboratory.
        role: ``train`` for training and its splits, ``external`` for judging alone.
        sample_id: path relative to the catalogue's root, with ``/``; the same on every machine.
        groups_known: False where the data set names no patients or blocks, so that each image
            stands as its own group and the number of independent groups is only an upper bound.
        lab: laboratory, empty where the data set names none; see ``laboratory``.
        cell_label: what the data set itself calls the cell or field; empty where it says nothing.
    """

    path: Path
    label: str
    group: str
    source: str
    role: Role = "train"
    sample_id: str
    groups_known: bool = True
    lab: str = ""
    cell_label: str = ""

    @property
    def laboratory(self) -> str:
        """The laboratory, which is the source itself where none is named."""
        return self.lab or self.source


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogFinding:
    """One thing that is wrong with a file or row of a catalogue.

    Attributes:
        kind: short stable key.
        sample_ids: the files concerned, relative to the root, with ``/``.
        message: one plain sentence.
    """

    kind: FindingKind
    sample_ids: tuple[str, ...]
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """Samples of one or more sources, in a fixed order.

    Attributes:
        root: folder that the sample ids are relative to.
        samples: labelled images; files a reader could not place are in ``findings`` instead.
        findings: what the reader left out, and why.
        others: images of a leukemia that is no class: never trained on, and no class is right.

    Raises:
        CatalogError: two samples have the same id.
    """

    root: Path
    samples: tuple[Sample, ...]
    findings: tuple[CatalogFinding, ...] = ()
    others: tuple[Sample, ...] = ()

    def __post_init__(self) -> None:
        counts = Counter(sample.sample_id for sample in (*self.samples, *self.others))
        repeated = [sample_id for sample_id, count in counts.items() if count > 1]
        if repeated:
            raise CatalogError(
                f"{len(repeated)} files are listed more than once, first {repeated[0]!r}; "
                "list each file once."
            )

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def groups(self) -> NDArray[np.str_]:
        """Group names, str (samples,)."""
        return np.array([sample.group for sample in self.samples], dtype=np.str_)

    @property
    def source_names(self) -> tuple[str, ...]:
        """The distinct sources, sorted."""
        return tuple(sorted({sample.source for sample in self.samples}))

    def with_groups(self, groups: Sequence[str]) -> "Catalog":
        """The same samples under other group names, one a sample."""
        return dataclasses.replace(
            self,
            samples=tuple(
                dataclasses.replace(sample, group=group)
                for sample, group in zip(self.samples, groups, strict=True)
            ),
        )

    def sha256(self) -> str:
        """Hash of ids, labels, groups and file contents, hexadecimal; reads every file.

        The order of the samples and the place of the root do not matter.

        Raises:
            CatalogError: a file cannot be read.
        """
        digest = hashlib.sha256()
        for sample in sorted(self.samples, key=lambda sample: sample.sample_id):
            file_sha256 = hashlib.sha256(_read_sample_bytes(sample)).hexdigest()
            for field in (sample.sample_id, sample.label, sample.group, file_sha256):
                digest.update(field.encode() + b"\0")
        return digest.hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogReport:
    """What a check of a catalogue found.

    Attributes:
        n_samples: number of samples checked.
        n_groups: number of distinct groups among them.
        findings: the reader's findings, then those of the check.
    """

    n_samples: int
    n_groups: int
    findings: tuple[CatalogFinding, ...]


def validate_catalog(catalog: Catalog, *, compare_pixels: bool = False) -> CatalogReport:
    """Check every file of a catalogue: readable, labelled, and not twice under two names.

    Args:
        catalog: the catalogue to check.
        compare_pixels: also decode every image, which names damaged files and copies that were
            rotated, mirrored, recompressed or rescaled.

    Returns:
        All findings; an empty tuple of findings means that none of the checks complained.
    """
    findings = list(catalog.findings)
    findings += [
        CatalogFinding(
            kind="unknown_label",
            sample_ids=(sample.sample_id,),
            message=f"Label {sample.label!r} is not one of {', '.join(CLASS_NAMES)}.",
        )
        for sample in catalog.samples
        if sample.label not in CLASS_NAMES
    ]
    readable, by_hash = [], defaultdict(list)
    for sample in (*catalog.samples, *catalog.others):
        try:
            data = _read_sample_bytes(sample)
        except CatalogError:
            findings.append(_unreadable(sample, "The file cannot be opened."))
            continue
        if not has_image_header(data):
            findings.append(_unreadable(sample, "The file is not an image this version can read."))
            continue
        readable.append(sample)
        by_hash[hashlib.sha256(data).hexdigest()].append(sample)
    for copies in by_hash.values():
        findings += _describe_copies(copies, is_near=False)
    if compare_pixels:
        same_file = {
            frozenset((first.sample_id, second.sample_id))
            for copies in by_hash.values()
            for first in copies
            for second in copies
            if first is not second
        }
        findings += _compare_pixels(readable, same_file)
    return CatalogReport(
        n_samples=len(catalog.samples),
        n_groups=len({sample.group for sample in catalog.samples}),
        findings=tuple(findings),
    )


def _compare_pixels(
    samples: list[Sample], already_named: set[frozenset[str]]
) -> list[CatalogFinding]:
    """Findings of damaged files and of copies under D4, decoding each image once."""
    findings: list[CatalogFinding] = []
    decoded: list[Sample] = []

    def images() -> Iterable[RgbImage]:
        for sample in samples:
            try:
                image = read_image(sample.path)
            except ImageError as error:
                findings.append(_unreadable(sample, str(error)))
                continue
            decoded.append(sample)
            yield image

    for pair in find_duplicates(images()):
        copies = [decoded[pair.first], decoded[pair.second]]
        if frozenset(sample.sample_id for sample in copies) not in already_named:
            findings += _describe_copies(copies, is_near=pair.kind == "near")
    return findings


def _describe_copies(copies: list[Sample], *, is_near: bool) -> list[CatalogFinding]:
    """Name copies that carry different labels or different groups."""
    findings = []
    sample_ids = tuple(sample.sample_id for sample in copies)
    what = "Nearly the same image" if is_near else "The same image"
    labels = sorted({sample.label for sample in copies})
    if len(labels) > 1:
        findings.append(
            CatalogFinding(
                kind="near_duplicate_across_labels" if is_near else "duplicate_across_labels",
                sample_ids=sample_ids,
                message=f"{what} is labelled {' and '.join(labels)}.",
            )
        )
    groups = sorted({sample.group for sample in copies})
    if len(groups) > 1:
        findings.append(
            CatalogFinding(
                kind="near_duplicate_across_groups" if is_near else "duplicate_across_groups",
                sample_ids=sample_ids,
                message=f"{what} is in {len(groups)} groups: {', '.join(groups)}.",
            )
        )
    return findings


def _unreadable(sample: Sample, message: str) -> CatalogFinding:
    """The finding of one file that cannot be read."""
    return CatalogFinding(kind="unreadable_file", sample_ids=(sample.sample_id,), message=message)


def _read_sample_bytes(sample: Sample) -> bytes:
    """The file's bytes."""
    try:
        return sample.path.read_bytes()
    except OSError as error:
        raise CatalogError(
            f"{sample.sample_id} cannot be read; check the file or remove it from the catalogue."
        ) from error
