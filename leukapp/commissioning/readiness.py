"""Do a laboratory's labelled images serve? What is wrong with them, one sentence each."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy.cluster.hierarchy import DisjointSet

from leukapp.commissioning.certificates import groups_needed, reachable_level
from leukapp.commissioning.local_images import LocalImages
from leukapp.commissioning.looking import SeenImage
from leukapp.data.catalog import CatalogFinding, Sample
from leukapp.errors import ImageError
from leukapp.labels import HEALTHY, LEUKEMIA_CLASSES, join_with_or

FEWEST_IMAGES: Final = 8
"""Of health, and of leukemia where it is brought: under so many nothing is fitted or proven."""

FEW_GROUPS: Final = 5
"""Under so many patients of a class an answer for another patient is hardly judged."""

SMALLEST_ERYTHROCYTE_PX: Final = 12.0
"""Under so many pixels an erythrocyte was photographed at too low a magnification."""

OTHER_SCALE: Final = 1.5
"""An image whose scale is so many times the median, or its inverse, is of another magnification."""

N_NAMED: Final = 5
"""Images that a sentence names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadinessNote:
    """One thing to know before the images are used.

    Attributes:
        kind: short stable key.
        message: one plain sentence, without a name.
        stops: the images cannot be used before it is mended.
        sample_ids: images concerned.
    """

    kind: str
    message: str
    stops: bool = False
    sample_ids: tuple[str, ...] = ()

    def named(self) -> str:
        """The sentence with the first images concerned, for who brought them."""
        if not self.sample_ids:
            return self.message
        more = len(self.sample_ids) - N_NAMED
        names = ", ".join(self.sample_ids[:N_NAMED])
        return f"{self.message} ({names}{f' and {more} more' if more > 0 else ''})"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Readiness:
    """The images that serve, and what there is to know.

    Attributes:
        samples: that serve, in the order of ``images``; copies of one image share a group.
        seen: of these samples.
        images: of these samples, as numbers.
        notes: worst first.
    """

    samples: tuple[Sample, ...]
    seen: tuple[SeenImage, ...]
    images: LocalImages
    notes: tuple[ReadinessNote, ...]

    @property
    def stopping(self) -> ReadinessNote | None:
        """The first thing that must be mended, if any."""
        return next((note for note in self.notes if note.stops), None)


def check_readiness(
    samples: Sequence[Sample],
    seen: Sequence[SeenImage | ImageError],
    findings: Sequence[CatalogFinding],
    class_names: tuple[str, ...],
    *,
    risk: float,
    confidence: float,
) -> Readiness:
    """Choose the images that serve and say what is wrong with the others and with the whole.

    Args:
        samples: labelled images that can be decoded.
        seen: what the network saw of each.
        findings: of the check of the data.
        class_names: of the bundle.
        risk: asked for, 0-1.
        confidence: of its proof, 0-1.
    """
    notes = _notes_of_findings(findings)
    kept: list[tuple[Sample, SeenImage]] = []
    left_out: dict[str, list[str]] = {"unreadable": [], "class": [], "copy": []}
    for sample, one in zip(_join_copies(samples, findings), seen, strict=True):
        if isinstance(one, ImageError):
            left_out["unreadable"].append(sample.sample_id)
        elif sample.label not in class_names:
            left_out["class"].append(sample.sample_id)
        elif one.is_copy:
            left_out["copy"].append(sample.sample_id)
        else:
            kept.append((sample, one))
    told = {
        "unreadable": "cannot be read and are left out",
        "class": f"are of a class that the bundle does not know and are left out; it knows "
        f"{join_with_or(class_names)}",
        "copy": "are copies of images that the bundle was trained on, and are left out",
    }
    notes += [_note(kind, told[kind], ids) for kind, ids in left_out.items() if ids]
    usable = [one for _, one in kept]
    serving = tuple(sample for sample, _ in kept)
    blocked = [s.sample_id for s, one in kept if one.blocked_reason is not None]
    empty = [
        s.sample_id for s, one in kept if one.blocked_reason is None and not len(one.pooled[0])
    ]
    if blocked:
        why = Counter(one.blocked_reason for one in usable if one.blocked_reason)
        reason = why.most_common(1)[0][0]
        notes.append(
            _note("quality", f"get no call from the quality check, most often: {reason}", blocked)
        )
    if empty:
        notes.append(_note("no_leukocyte", "show no leukocyte that could be found", empty))
    notes += _notes_on_scale(serving, usable)
    counts = Counter(sample.label for sample in serving)
    notes += _notes_on_numbers(counts, class_names)
    notes += _notes_on_patients(serving, class_names, risk, confidence)
    return Readiness(
        samples=serving,
        seen=tuple(usable),
        images=_as_numbers(serving, usable, class_names),
        notes=tuple(sorted(notes, key=lambda note: not note.stops)),
    )


def _note(kind: str, what: str, sample_ids: Sequence[str]) -> ReadinessNote:
    n_images = len(sample_ids)
    return ReadinessNote(
        kind=kind, message=f"Of the images {n_images} {what}.", sample_ids=tuple(sample_ids)
    )


def _notes_of_findings(findings: Sequence[CatalogFinding]) -> list[ReadinessNote]:
    told = {
        "unreadable_file": "cannot be read and are left out",
        "unknown_label": "have a label that is no class and are left out",
        "duplicate_across_labels": "are labelled in two ways and are left out",
        "near_duplicate_across_labels": "look alike and are labelled in two ways; look again",
    }
    notes = []
    for kind, what in told.items():
        ids = sorted({i for one in findings if one.kind == kind for i in one.sample_ids})
        if ids:
            notes.append(_note(kind, what, ids))
    return notes


def _join_copies(
    samples: Sequence[Sample], findings: Sequence[CatalogFinding]
) -> tuple[Sample, ...]:
    """The samples, where those that show one picture share a group: none is on both sides."""
    group_of = {sample.sample_id: sample.group for sample in samples}
    joined = DisjointSet({sample.group for sample in samples})
    for finding in findings:
        if finding.kind.endswith("duplicate_across_groups"):
            groups = [group_of[i] for i in finding.sample_ids if i in group_of]
            for other in groups[1:]:
                joined.merge(groups[0], other)
    name_of = {group: min(joined.subset(group)) for group in set(group_of.values())}
    return tuple(replace(sample, group=name_of[sample.group]) for sample in samples)


def _notes_on_scale(samples: Sequence[Sample], seen: Sequence[SeenImage]) -> list[ReadinessNote]:
    known = [(s.sample_id, one.erythrocyte_px) for s, one in zip(samples, seen, strict=True)]
    scaled = [(name, scale) for name, scale in known if scale is not None]
    if not scaled:
        return []
    median = float(np.median([scale for _, scale in scaled]))
    notes = []
    if median < SMALLEST_ERYTHROCYTE_PX:
        notes.append(
            ReadinessNote(
                kind="magnification",
                message=f"Erythrocytes are {median:.0f} pixels wide: these images were taken at "
                "too low a magnification; use the 100x oil objective, or store more pixels.",
            )
        )
    other = [name for name, scale in scaled if not 1 / OTHER_SCALE <= scale / median <= OTHER_SCALE]
    if other:
        what = "are of another magnification than the rest; commission one set-up at a time"
        notes.append(_note("mixed_magnification", what, other))
    return notes


def _notes_on_numbers(counts: Counter[str], class_names: tuple[str, ...]) -> list[ReadinessNote]:
    n_healthy = counts[HEALTHY]
    n_leukemia = sum(counts.values()) - n_healthy
    if n_healthy < FEWEST_IMAGES:
        return [
            ReadinessNote(
                kind="too_few",
                message=f"There are {n_healthy} healthy images that serve: bring at least "
                f"{FEWEST_IMAGES}, better 40; every laboratory has healthy smears.",
                stops=True,
            )
        ]
    leukemias = [name for name in class_names if name in LEUKEMIA_CLASSES]
    if not n_leukemia:
        return [
            ReadinessNote(
                kind="healthy_only",
                message="All images are healthy: false alarms are certified and the gate is set, "
                "but nothing is certified of missed leukemias, and the networks stay as they are.",
            )
        ]
    notes = []
    if n_leukemia < FEWEST_IMAGES:
        notes.append(
            ReadinessNote(
                kind="too_few",
                message=f"There are {n_leukemia} images of leukemia that serve: bring at least "
                f"{FEWEST_IMAGES}, better 40, or none at all to certify false alarms alone.",
                stops=True,
            )
        )
    missing = [name for name in leukemias if not counts[name]]
    if missing:
        notes.append(
            ReadinessNote(
                kind="class_missing",
                message=f"There is no image of {join_with_or(missing)}: how such images are "
                "answered here is not certified.",
            )
        )
    return notes


def _notes_on_patients(
    samples: Sequence[Sample], class_names: tuple[str, ...], risk: float, confidence: float
) -> list[ReadinessNote]:
    notes = []
    if any(not sample.groups_known for sample in samples):
        notes.append(
            ReadinessNote(
                kind="no_patients",
                message="No patients are named for some images: each such image counts as one, "
                "and what is certified holds only if no two are of one patient.",
            )
        )
    for name in class_names:
        n_groups = len({sample.group for sample in samples if sample.label == name})
        if 0 < n_groups < FEW_GROUPS:
            notes.append(
                ReadinessNote(
                    kind="few_patients",
                    message=f"The images of {name} are of {n_groups} "
                    f"{'patient' if n_groups == 1 else 'patients'}: what holds for others is "
                    f"hardly known; bring images of at least {FEW_GROUPS}.",
                )
            )
    for what, is_meant in (("healthy", True), ("leukemia", False)):
        n_groups = len({s.group for s in samples if (s.label == HEALTHY) is is_meant})
        needed = groups_needed(risk, confidence)
        if n_groups and needed is not None and n_groups < needed:
            least = reachable_level(n_groups, confidence)
            notes.append(
                ReadinessNote(
                    kind="cannot_certify",
                    message=f"{n_groups} {what} patients can certify a risk of {least:.1%} at "
                    f"best; for {risk:.1%} {needed - n_groups} more are needed, none of them "
                    "answered wrongly.",
                )
            )
    return notes


def _as_numbers(
    samples: Sequence[Sample], seen: Sequence[SeenImage], class_names: tuple[str, ...]
) -> LocalImages:
    n_branches = len(seen[0].pooled) if seen else 0
    n_cells = [len(one.pooled[0]) for one in seen]
    return LocalImages(
        class_names=class_names,
        pooled=tuple(
            np.concatenate([one.pooled[branch] for one in seen]) for branch in range(n_branches)
        ),
        of_image=np.repeat(np.arange(len(seen)), n_cells).astype(np.int64),
        labels=np.array([class_names.index(sample.label) for sample in samples], np.int64),
        groups=np.array([sample.group for sample in samples], np.str_),
        is_blocked=np.array([one.blocked_reason is not None for one in seen], np.bool_),
        modes=tuple(one.mode for one in seen),
    )
