"""The audit of a labelled data set: copies, shortcuts, balance, quality, flattery."""

from collections.abc import Callable
from dataclasses import dataclass

from leukapp.audits.background_shortcut import BackgroundRow, measure_background
from leukapp.audits.confounding import (
    Confounding,
    SourceBalance,
    describe_balance,
    measure_confounding,
)
from leukapp.audits.copies import CopyCount, ListedCopy, count_copies, list_copies
from leukapp.audits.image_scan import scan_images
from leukapp.audits.quality_summary import QualityRow, summarize_quality
from leukapp.audits.split_flattery import FlatteryRow, measure_flattery
from leukapp.data.catalog import Catalog
from leukapp.errors import CatalogError


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A file that was not audited.

    Attributes:
        sample_id: path relative to the data set's root.
        reason: one plain sentence.
    """

    sample_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DataAudit:
    """Everything the audit of a data set found; no pixels.

    Attributes:
        n_images: images that were read.
        n_groups: patients, blocks or, where none is known, single images.
        balance: images and groups of each class in each source.
        confounding: class and source held against each other.
        background: what the background alone gives away.
        flattery: a random split against one that keeps groups.
        copies: counts of exact and near copies, also turned or mirrored.
        listed_copies: those that harm most, by name.
        quality: of each source.
        left_out: files that could not be placed or read.
    """

    n_images: int
    n_groups: int
    balance: tuple[SourceBalance, ...]
    confounding: Confounding
    background: tuple[BackgroundRow, ...]
    flattery: tuple[FlatteryRow, ...]
    copies: tuple[CopyCount, ...]
    listed_copies: tuple[ListedCopy, ...]
    quality: tuple[QualityRow, ...]
    left_out: tuple[LeftOut, ...]


def audit_data(
    catalog: Catalog,
    *,
    seed: int = 0,
    report: Callable[[int, int], None] = lambda _done, _total: None,
) -> DataAudit:
    """Audit a catalogue; every image is decoded once.

    Args:
        catalog: of any reader.
        seed: of folds and resampling.
        report: takes images read and images in all.

    Returns:
        The findings.

    Raises:
        CatalogError: the catalogue is empty or none of its images can be read.
    """
    if not catalog.samples:
        raise CatalogError("This data set holds no labelled image; check its folder or table.")
    scan = scan_images(catalog.samples, report)
    left_out = [
        LeftOut(sample_id=", ".join(found.sample_ids), reason=found.message)
        for found in catalog.findings
    ]
    left_out += [LeftOut(sample_id=name, reason=reason) for name, reason in scan.unreadable]
    return DataAudit(
        n_images=len(scan.samples),
        n_groups=len({sample.group for sample in scan.samples}),
        balance=describe_balance(scan.samples),
        confounding=measure_confounding(scan.samples),
        background=measure_background(scan.samples, scan.background, seed=seed),
        flattery=measure_flattery(scan.samples, scan.features, scan.thumbnails, seed=seed),
        copies=count_copies(scan.samples, scan.duplicates),
        listed_copies=list_copies(scan.samples, scan.duplicates),
        quality=summarize_quality(scan.samples, scan.quality),
        left_out=tuple(left_out),
    )
