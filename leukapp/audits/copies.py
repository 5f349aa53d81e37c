"""Copies of images counted by what they cross: splits, labels, groups and sources."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from leukapp.data.catalog import Sample
from leukapp.data.duplicates import DuplicatePair

MAX_LISTED: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyCount:
    """Pairs of copies of one kind.

    Attributes:
        kind: ``exact`` (the same pixels, perhaps turned or mirrored) or ``near``.
        n_pairs: pairs in all.
        n_images: images that have at least one copy.
        across_labels: pairs with different labels.
        across_splits: pairs with one image for training and one for judging.
        across_groups: pairs that a grouped split would tear apart.
        across_sources: pairs of different sources.
    """

    kind: Literal["exact", "near"]
    n_pairs: int
    n_images: int
    across_labels: int
    across_splits: int
    across_groups: int
    across_sources: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedCopy:
    """One pair of copies, by name.

    Attributes:
        kind: ``exact`` or ``near``.
        first: id of one image.
        second: id of the other.
        crosses: what differs between them, e.g. ``labels, groups``.
        hash_distance: differing bits of 64 of the perceptual hash.
    """

    kind: Literal["exact", "near"]
    first: str
    second: str
    crosses: str
    hash_distance: int


def count_copies(
    samples: Sequence[Sample], pairs: Sequence[DuplicatePair]
) -> tuple[CopyCount, CopyCount]:
    """Count exact copies, then near ones.

    Args:
        samples: that the pairs index.
        pairs: of :func:`leukapp.data.duplicates.find_duplicates`.
    """
    return _count(samples, pairs, "exact"), _count(samples, pairs, "near")


def list_copies(
    samples: Sequence[Sample], pairs: Sequence[DuplicatePair]
) -> tuple[ListedCopy, ...]:
    """Name the pairs that harm most: across labels, then splits, groups and sources.

    Args:
        samples: that the pairs index.
        pairs: of :func:`leukapp.data.duplicates.find_duplicates`.

    Returns:
        At most 60 pairs.
    """
    crossed = [(_crossed(samples, pair), pair) for pair in pairs]
    # True sorts behind False: pairs that cross labels come first.
    crossed.sort(key=lambda item: tuple(not crosses for crosses in item[0].values()))
    return tuple(
        ListedCopy(
            kind=pair.kind,
            first=samples[pair.first].sample_id,
            second=samples[pair.second].sample_id,
            crosses=", ".join(name for name, crosses in what.items() if crosses) or "nothing",
            hash_distance=pair.distance,
        )
        for what, pair in crossed[:MAX_LISTED]
    )


def _crossed(samples: Sequence[Sample], pair: DuplicatePair) -> dict[str, bool]:
    first, second = samples[pair.first], samples[pair.second]
    return {
        "labels": first.label != second.label,
        "splits": first.role != second.role,
        "groups": first.group != second.group,
        "sources": first.source != second.source,
    }


def _count(
    samples: Sequence[Sample], pairs: Sequence[DuplicatePair], kind: Literal["exact", "near"]
) -> CopyCount:
    chosen = [pair for pair in pairs if pair.kind == kind]
    crossed = [_crossed(samples, pair) for pair in chosen]
    return CopyCount(
        kind=kind,
        n_pairs=len(chosen),
        n_images=len({index for pair in chosen for index in (pair.first, pair.second)}),
        across_labels=sum(what["labels"] for what in crossed),
        across_splits=sum(what["splits"] for what in crossed),
        across_groups=sum(what["groups"] for what in crossed),
        across_sources=sum(what["sources"] for what in crossed),
    )
