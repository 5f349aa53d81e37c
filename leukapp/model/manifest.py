"""The manifest of a bundle: what its folder holds, how it was trained, and when it calls."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

import msgspec

from leukapp.errors import BundleError
from leukapp.json_files import from_json, to_plain, unknown_fields, write_json
from leukapp.labels import CLASS_NAMES, HEALTHY, ImageMode, order_classes
from leukapp.model.commission_record import CommissionRecord
from leukapp.model.presets import BranchSpec, Preset, Share

SCHEMA_VERSION: Final = 1
MANIFEST_FILE: Final = "manifest.json"
HEADS_FILE: Final = "heads.npz"
GATE_FILE: Final = "gate.npz"
MAX_MANIFEST_BYTES: Final = 20_000_000
MIN_CLASSES: Final = 2

FileName: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"\A[^\0]+\Z")]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLimits:
    """From when each step of the answer is made, 0-1; None is never.

    Attributes:
        healthy: smallest probability of Healthy that is called.
        leukemia: smallest probability of all leukemias together that is called.
        types: of each leukemia class, the smallest share of the probability of leukemia with which
            it is named.
    """

    healthy: Share | None
    leukemia: Share | None
    types: Mapping[str, Share | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """When the network's answer is a call.

    Attributes:
        temperature: divides the fused logits; fitted on held-out groups.
        min_confidence: smallest calibrated probability that is called, 0-1.
        max_feature_distance: largest distance to the training features that is called.
        false_reject_fraction: share of validation images that the distance limit turns away, or,
            where laboratories were left out to choose it, of the images of any of these, 0-1.
        field_sharpness: how much the most suspicious cells of a field count; see
            ``leukapp.inference.decision``.
        needs_agreement: whether the fused decision and every branch must name one class, and each
            of them be as sure of it as ``min_confidence`` or ``limits`` asks.
        limits: of an answer in two steps, Healthy or leukemia, then its type; they stand in for
            ``min_confidence``. None where one class of all is called, or none.
        mode_limits: the same for images of some modes, where they were chosen apart: a cell, a
            field and a cell cut out on black are not as easy alike.
    """

    temperature: Annotated[float, msgspec.Meta(gt=0)]
    min_confidence: float
    max_feature_distance: float
    false_reject_fraction: float
    field_sharpness: float = 1.0
    needs_agreement: bool = False
    limits: CallLimits | None = None
    mode_limits: Mapping[ImageMode, CallLimits] = field(default_factory=dict)

    def limits_of(self, mode: ImageMode | None) -> CallLimits | None:
        """Limits of an answer in two steps for an image of a mode; of any mode if None.

        Args:
            mode: how the image is judged.
        """
        return self.limits if mode is None else self.mode_limits.get(mode, self.limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRecord:
    """On what a bundle was trained.

    Attributes:
        protocol: ``grouped``, or ``paper`` (leaking).
        seed: of split, initialization and augmentation.
        catalog_sha256: hash of the training catalog.
        sources: what each source gave: ``{source: {label: images}}`` of the training part.
        train_groups: groups trained on.
        validation_groups: groups that stopped the training and set the thresholds.
        test_groups: groups held out, by which the bundle is judged.
        created_utc: time of the training, ISO 8601.
        library_versions: of what trained it.
        left_out_sources: without which trainings chose the confidence limit; None in a bundle from
            before this was recorded.
        keeps_risk: whether a confidence limit kept wrong calls as rare as was asked; None as above.
    """

    protocol: str
    seed: int
    catalog_sha256: str
    sources: Mapping[str, Mapping[str, int]]
    train_groups: tuple[str, ...]
    validation_groups: tuple[str, ...]
    test_groups: tuple[str, ...]
    created_utc: str
    library_versions: Mapping[str, str]
    left_out_sources: tuple[str, ...] | None = None
    keeps_risk: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What ``manifest.json`` says; the bundle's identity is the hash of its bytes.

    Attributes:
        schema_version: of the format.
        class_names: what the network tells apart, in the order of its probabilities.
        preset: the recipe.
        thresholds: calibration and limits.
        fits_on_bounds: names of the limits whose fit ended on a bound; for readers of the file.
        training: what it was trained on.
        files: SHA-256 of each weight file by its name, hexadecimal.
        commission: how it was fitted to one laboratory; None in a bundle for all.
    """

    schema_version: int
    class_names: tuple[str, ...]
    preset: Preset
    thresholds: Thresholds
    fits_on_bounds: tuple[str, ...] = ()
    training: TrainingRecord
    files: Mapping[FileName, str]
    commission: CommissionRecord | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What is read first: a manifest of another format is told from a damaged one by it.

    Attributes:
        schema_version: of the format.
        class_names: what the network tells apart; empty where the manifest cannot be read.
        commission: how the bundle was fitted to one laboratory; None in a bundle for all.
    """

    schema_version: int = SCHEMA_VERSION
    class_names: tuple[str, ...] = ()
    commission: CommissionRecord | None = None


def backbone_file(spec: BranchSpec) -> str:
    """Name of the first file of a branch's backbone; a large backbone has further parts."""
    return f"trunk_{spec.name}.npz"


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest of a folder whose other files are written, with the hash of each.

    Args:
        folder: of the bundle.
        manifest: its ``files`` name the files; their hashes are taken here.
    """
    digests = {name: file_sha256(folder / name) for name in sorted(manifest.files)}
    plain = to_plain(replace(manifest, files=digests))
    if manifest.thresholds.limits is None:
        # Without limits of two steps a manifest is what it was before there were any.
        del plain["thresholds"]["limits"]
    if manifest.commission is None:
        del plain["commission"]
    write_json(folder / MANIFEST_FILE, plain)


def read_manifest(folder: Path) -> tuple[Manifest, str]:
    """Read a manifest and verify every file it lists.

    Args:
        folder: of the bundle.

    Returns:
        The manifest and the SHA-256 of its bytes, hexadecimal.

    Raises:
        BundleError: the folder is no bundle, a file is missing or changed, or a newer version of
            the program wrote it.
    """
    try:
        with (folder / MANIFEST_FILE).open("rb") as stream:
            # Cut at the limit, a longer manifest is no JSON any more.
            raw = stream.read(MAX_MANIFEST_BYTES)
    except (OSError, ValueError):
        raise BundleError(
            f"there is no bundle in {folder.name!r}: train one or name another folder with --bundle"
        ) from None
    try:
        header = from_json(Header, raw)
        if header.schema_version != SCHEMA_VERSION:
            raise BundleError(
                f"the bundle {folder.name} has format {header.schema_version}, this version "
                f"reads {SCHEMA_VERSION}; use the version that wrote it"
            )
        strange = [name for name in header.class_names if name not in CLASS_NAMES]
        if strange:
            raise BundleError(
                f"the bundle {folder.name} answers {strange[0]!r}, a class that this version does "
                "not know; use the version that wrote it"
            )
        manifest = from_json(Manifest, raw)
        _check(manifest, json.loads(raw))
    except (ValueError, RecursionError) as error:
        raise BundleError(
            f"the manifest of the bundle {folder.name!r} is damaged; restore {MANIFEST_FILE} "
            f"({error})"
        ) from error
    needed = {HEADS_FILE, GATE_FILE, *(backbone_file(spec) for spec in manifest.preset.branches)}
    if not needed <= manifest.files.keys():
        raise BundleError(f"the manifest of {folder.name} does not list every weight file")
    _verify_files(folder, manifest.files)
    return manifest, hashlib.sha256(raw).hexdigest()


def read_header(folder: Path) -> Header:
    """The head of a manifest, an empty one where it cannot be read; nothing is verified.

    Args:
        folder: of the bundle.
    """
    try:
        with (folder / MANIFEST_FILE).open("rb") as stream:
            return from_json(Header, stream.read(MAX_MANIFEST_BYTES))
    except (OSError, ValueError):
        return Header()


def file_sha256(path: Path) -> str:
    """Hash of a file's bytes, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _check(manifest: Manifest, plain: dict[str, Any]) -> None:
    """What types cannot say: order of classes, and that nothing is guessed or passed over."""
    names = manifest.class_names
    if len(names) < MIN_CLASSES or HEALTHY not in names or names != order_classes(names):
        raise ValueError("class_names: must be Healthy and at least one more, in their order")
    limits = manifest.thresholds.limits
    if limits is not None and limits.types.keys() != set(names) - {HEALTHY}:
        raise ValueError("thresholds.limits.types: must be each leukemia class, and no other")
    for part in ("enhancement", "hyperparameters"):
        if part not in plain["preset"]:
            raise ValueError(f"preset: {part} is missing")
    for part in ("preset", "thresholds", "training"):
        for name in unknown_fields(getattr(manifest, part), plain[part], f"{part}."):
            raise ValueError(f"{name}: not known to this version")


def _verify_files(folder: Path, digests: Mapping[str, str]) -> None:
    for name in digests:
        if Path(name).name != name or (folder / name).is_symlink():
            raise BundleError(f"the manifest of {folder.name} names a file outside its folder")
    for name, expected in digests.items():
        try:
            actual = file_sha256(folder / name)
        except OSError:
            raise BundleError(
                f"the file {name} of the bundle {folder.name} is missing; restore the bundle"
            ) from None
        if actual != expected:
            raise BundleError(
                f"the file {name} of the bundle {folder.name} was changed or damaged; "
                "restore the bundle"
            )
