"""Write a commissioned bundle: the parent's backbones with the laboratory's heads and limits."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from leukapp.commissioning.fitting import FittedSite
from leukapp.commissioning.judging import SiteAnswers
from leukapp.commissioning.readiness import Readiness
from leukapp.commissioning.report import SiteReport, report_to_markdown
from leukapp.data.fingerprints import Fingerprints
from leukapp.errors import HeldOutError
from leukapp.evaluation.held_out import HeldOutSet, write_held_out
from leukapp.inference.watch_scores import measure_distance
from leukapp.json_files import from_json, write_json
from leukapp.model.artifacts import HELD_OUT_FILE, MODEL_CARD_FILE, read_artifact, seal_bundle
from leukapp.model.bundle import Bundle, write_bundle
from leukapp.model.commission_record import CommissionRecord, WatchReference, hash_group
from leukapp.model.fusion import NetworkWeights

BEFORE_FILE = "parent_here.csv"
SITE_REPORT_FILE = "commission.json"
NOT_CALLED = "Not sure enough, or unlike what the networks were commissioned on."


def record_commission(
    parent: Bundle, laboratory: str, readiness: Readiness, fitted: FittedSite
) -> CommissionRecord:
    """What the manifest says of a commissioning.

    Args:
        parent: the bundle that was fitted.
        laboratory: its name.
        readiness: the images that served.
        fitted: on them.
    """
    samples = readiness.samples
    groups = sorted({sample.group for sample in samples})
    setting = fitted.setting
    return CommissionRecord(
        laboratory=laboratory,
        parent_name=parent.name,
        parent_sha256=parent.sha256,
        created_utc=datetime.now(UTC).isoformat(timespec="seconds"),
        n_images=len(samples),
        n_groups=len(groups),
        groups_known=all(sample.groups_known for sample in samples),
        classes=dict(sorted(Counter(sample.label for sample in samples).items())),
        group_hashes=tuple(hash_group(laboratory, group) for group in groups),
        ridge=None if setting is None else setting.ridge,
        summary_share=None if setting is None else setting.summary_share,
        certificates=fitted.certificates,
        answer_certificates=fitted.of_answers,
        watch=_watch_reference(parent, readiness),
    )


def _watch_reference(parent: Bundle, readiness: Readiness) -> WatchReference:
    """Measures of the images that served, each kind sorted alone."""
    distances = [
        measure_distance(parent.gate, np.concatenate(one.pooled, axis=1)) for one in readiness.seen
    ]
    return WatchReference(
        n_gate_points=len(parent.gate.points),
        distance=_sorted_known(distances),
        stain=_sorted_known([one.stain for one in readiness.seen]),
        scale=_sorted_known([one.erythrocyte_px for one in readiness.seen]),
    )


def _sorted_known(scores: Sequence[float | None]) -> tuple[float, ...]:
    return tuple(sorted(score for score in scores if score is not None))


def write_site_bundle(
    folder: Path,
    parent: Bundle,
    readiness: Readiness,
    fitted: FittedSite,
    record: CommissionRecord,
) -> Bundle:
    """Write weights and manifest.

    Args:
        folder: new; the parent's is not written to.
        parent: whose backbones, finder and training record are taken over.
        readiness: the images that served.
        fitted: on them.
        record: of the commissioning.
    """
    finder = parent.read_finder()
    return write_bundle(
        folder,
        preset=parent.preset,
        weights=NetworkWeights(
            backbones=tuple(parent.read_backbone(spec) for spec in parent.preset.branches),
            heads=fitted.heads,
        ),
        gate=fitted.gate,
        thresholds=fitted.thresholds,
        training=parent.training,
        training_images=_all_fingerprints(parent, readiness),
        finder=None if finder is None else finder.head,
        summary=parent.training_summary,
        commission=record,
    )


def _all_fingerprints(parent: Bundle, readiness: Readiness) -> Fingerprints | None:
    """Of training and laboratory images; None where those of the training are missing."""
    if parent.training_images is None:
        return None
    parts = (parent.training_images, *(one.fingerprints for one in readiness.seen))
    return Fingerprints(
        pixels=tuple(pixels for part in parts for pixels in part.pixels),
        looks=np.concatenate([part.looks for part in parts]),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BeforeAndAfter:
    """Answers for the images that served.

    Attributes:
        before: of the parent.
        after: of bundles commissioned without the patient.
    """

    before: SiteAnswers
    after: SiteAnswers


def write_site_artifacts(
    bundle: Bundle, readiness: Readiness, answers: BeforeAndAfter, report: SiteReport
) -> None:
    """Write report, card and held-out tables into a fresh site bundle and seal them.

    Args:
        bundle: just written.
        readiness: the images that served.
        answers: for them.
        report: of the commissioning.
    """
    after = _held_out(bundle.sha256, readiness, answers.after, report.record.laboratory)
    write_held_out(after, bundle.folder / HELD_OUT_FILE)
    before = _held_out(
        report.record.parent_sha256, readiness, answers.before, report.record.laboratory
    )
    write_held_out(before, bundle.folder / BEFORE_FILE)
    write_json(bundle.folder / SITE_REPORT_FILE, report)
    card = report_to_markdown(report)
    (bundle.folder / MODEL_CARD_FILE).write_text(card, encoding="utf-8")
    seal_bundle(bundle, (HELD_OUT_FILE, BEFORE_FILE, SITE_REPORT_FILE, MODEL_CARD_FILE))


def read_site_report(folder: Path) -> SiteReport | None:
    """Read what a commissioned bundle tells of its commissioning; None where it has no report.

    Args:
        folder: of the bundle.

    Raises:
        HeldOutError: the report is damaged, or was changed since the bundle was written.
    """
    if not (folder / SITE_REPORT_FILE).is_file():
        return None
    try:
        return from_json(SiteReport, read_artifact(folder, SITE_REPORT_FILE))
    except ValueError as error:
        raise HeldOutError(
            f"{SITE_REPORT_FILE} of the bundle {folder.name} is damaged; restore the bundle."
        ) from error


def image_ids(readiness: Readiness) -> tuple[str, ...]:
    """What stands for each image in a bundle: the hash of its pixels."""
    return tuple(one.fingerprints.pixels[0] for one in readiness.seen)


def _held_out(
    sha256: str, readiness: Readiness, answers: SiteAnswers, laboratory: str
) -> HeldOutSet:
    """A table without a name: images by their hash, patients by that of their name."""
    images, n_classes = readiness.images, len(readiness.images.class_names)
    seen = np.isfinite(answers.probabilities[:, 0])
    return HeldOutSet(
        sample_ids=_distinct(image_ids(readiness)),
        groups=tuple(hash_group(laboratory, group) for group in images.groups.tolist()),
        groups_known=np.array([sample.groups_known for sample in readiness.samples], np.bool_),
        sources=(laboratory,) * len(images),
        true_labels=images.labels,
        probabilities=np.where(seen[:, None], answers.probabilities, 1 / n_classes),
        branches=(),
        is_called=np.array([answer is not None for answer in answers.answers], np.bool_),
        no_call_reasons=tuple(
            (one.blocked_reason or NOT_CALLED) if answer is None else None
            for one, answer in zip(readiness.seen, answers.answers, strict=True)
        ),
        protocol="grouped",
        bundle_sha256=sha256,
        class_names=images.class_names,
        answers=answers.answers,
    )


def _distinct(ids: Sequence[str]) -> tuple[str, ...]:
    """The ids, numbered where one image was brought twice."""
    seen = Counter[str]()
    named = []
    for one in ids:
        seen[one] += 1
        named.append(one if seen[one] == 1 else f"{one}-{seen[one]}")
    return tuple(named)
