"""Bundles: a trained preset as a folder of verified files."""

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final, get_args

import numpy as np

from leukapp.data.fingerprints import Fingerprints
from leukapp.errors import BundleError
from leukapp.imaging.enhance import EnhancementConfig
from leukapp.labels import CLASS_NAMES, HEALTHY, order_classes
from leukapp.model.dense import DenseLayer, DenseStack
from leukapp.model.fit_bounds import fits_on_bounds
from leukapp.model.fusion import BranchHead, Heads, NetworkWeights
from leukapp.model.presets import BranchSpec, Hyperparameters, InputMode, Preset, StemInput, Turns
from leukapp.model.weights_io import (
    Arrays,
    is_part_of,
    read_arrays,
    write_array_parts,
    write_arrays,
)
from leukapp.resources import find_bundle
from leukapp.whole_files import whole_file

SCHEMA_VERSION: Final = 1
MANIFEST_FILE: Final = "manifest.json"
HEADS_FILE: Final = "heads.npz"
GATE_FILE: Final = "gate.npz"
TRAINING_IMAGES_FILE: Final = "training_images.json"
MODEL_CARD_FILE: Final = "model_card.md"
HELD_OUT_FILE: Final = "held_out.csv"
REPORT_FILE: Final = "report.json"
MAX_MANIFEST_BYTES: Final = 20_000_000
MAX_INPUT_SIZE_PX: Final = 4096
MIN_CLASSES: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLimits:
    """From when each step of the answer is made, 0-1; None is never.

    Attributes:
        healthy: smallest probability of Healthy that is called.
        leukemia: smallest probability of all leukemias together that is called.
        types: of each leukemia class, the smallest share of the probability of leukemia with which
            it is named.
    """

    healthy: float | None
    leukemia: float | None
    types: Mapping[str, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """When the network's answer is a call.

    Attributes:
        temperature: divides the fused logits; fitted on held-out groups.
        min_confidence: smallest calibrated probability that is called, 0-1.
        max_feature_distance: largest distance to the training features that is called.
        false_reject_fraction: share of validation images that the distance limit turns away, 0-1.
        field_sharpness: how much the most suspicious cells of a field count; see
            ``leukapp.inference.decision``.
        needs_agreement: whether the fused decision and every branch must name one class, and each
            of them be as sure of it as ``min_confidence`` or ``limits`` asks.
        limits: of an answer in two steps, Healthy or leukemia, then its type; they stand in for
            ``min_confidence``. None where one class of all is called, or none.
    """

    temperature: float
    min_confidence: float
    max_feature_distance: float
    false_reject_fraction: float
    field_sharpness: float = 1.0
    needs_agreement: bool = False
    limits: CallLimits | None = None


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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GateReference:
    """Training features that a new image is compared with.

    Attributes:
        mean: float32 (features,) of the joined pooled features.
        components: float32 (features, dimensions): principal axes, scaled to unit variance.
        points: float32 (n, dimensions): training images on these axes, unit length.
    """

    mean: np.ndarray
    components: np.ndarray
    points: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """A bundle whose manifest was read and whose file hashes were verified.

    Attributes:
        folder: where it lies.
        sha256: hash of its manifest, which lists the hash of each file.
        preset: the recipe.
        class_names: what it tells apart, in the order of its probabilities; Healthy is one.
        thresholds: calibration and limits.
        training: what it was trained on.
        files: names of the verified files.
    """

    folder: Path
    sha256: str
    preset: Preset
    class_names: tuple[str, ...]
    thresholds: Thresholds
    training: TrainingRecord
    files: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Folder name."""
        return self.folder.name

    @cached_property
    def heads(self) -> Heads:
        """Everything behind the global pooling."""
        arrays = read_arrays(self.folder / HEADS_FILE)
        try:
            return _unpack_heads(arrays, self.preset, self.class_names)
        except (ValueError, LookupError) as error:
            raise BundleError(f"the weight file {HEADS_FILE} is damaged; restore it") from error

    @cached_property
    def gate(self) -> GateReference:
        """Reference features of the gate."""
        arrays = read_arrays(self.folder / GATE_FILE)
        try:
            return GateReference(**arrays)
        except TypeError as error:
            raise BundleError(f"the bundle {self.name} holds no gate; train it again") from error

    @cached_property
    def training_images(self) -> Fingerprints | None:
        """Hashes of the images it was trained on; None in a bundle from before they were kept."""
        if TRAINING_IMAGES_FILE not in self.files:
            return None
        try:
            raw = json.loads((self.folder / TRAINING_IMAGES_FILE).read_bytes())
            looks = [np.frombuffer(bytes.fromhex(look), np.uint8) for look in raw["looks"]]
            return Fingerprints(pixels=tuple(raw["pixels"]), looks=np.stack(looks))
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise BundleError(f"the file {TRAINING_IMAGES_FILE} is damaged; restore it") from error

    def read_weights(self) -> NetworkWeights:
        """Read every weight.

        Raises:
            BundleError: a file is missing or damaged.
        """
        trunks = tuple(self.read_trunk(spec) for spec in self.preset.branches)
        return NetworkWeights(trunks=trunks, heads=self.heads)

    def read_trunk(self, spec: BranchSpec) -> Arrays:
        """Read the weights of one branch's trunk, from all its files.

        Raises:
            BundleError: a file is missing or damaged.
        """
        first = trunk_file(spec)
        arrays: Arrays = {}
        for name in self.files or (first,):
            if is_part_of(name, first):
                arrays |= read_arrays(self.folder / name)
        return arrays


def trunk_file(spec: BranchSpec) -> str:
    """Name of the first file of a branch's trunk; a large trunk has further parts."""
    return f"trunk_{spec.name}.npz"


def open_bundle(folder: str | Path) -> Bundle:
    """Read a bundle's manifest and verify every file it lists.

    Args:
        folder: of the bundle, or the name of one that LeukApp brings along, e.g. ``compact``.

    Raises:
        BundleError: the folder is no bundle, a file is missing or changed, or a newer version of
            the program wrote it.
    """
    folder = find_bundle(folder)
    path = folder / MANIFEST_FILE
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_MANIFEST_BYTES)
    except (OSError, ValueError):
        raise BundleError(
            f"there is no bundle in {folder.name!r}: train one or name another folder with --bundle"
        ) from None
    try:
        # Cut at the limit, a longer manifest is no JSON any more.
        manifest = json.loads(raw)
        if manifest["schema_version"] != SCHEMA_VERSION:
            raise BundleError(
                f"the bundle {folder.name} has format {manifest['schema_version']}, this version "
                f"reads {SCHEMA_VERSION}; use the version that wrote it"
            )
        class_names = _parse_class_names(manifest["class_names"])
        strange = [name for name in class_names if name not in CLASS_NAMES]
        if strange:
            raise BundleError(
                f"the bundle {folder.name} answers {strange[0]!r}, a class that this version does "
                "not know; use the version that wrote it"
            )
        bundle = Bundle(
            folder=folder,
            sha256=hashlib.sha256(raw).hexdigest(),
            preset=_parse_preset(manifest["preset"]),
            class_names=class_names,
            thresholds=_parse_thresholds(manifest["thresholds"], class_names),
            training=_parse_training(manifest["training"]),
        )
        digests = _parse_digests(manifest["files"])
        bundle = replace(bundle, files=tuple(digests))
        needed = {HEADS_FILE, GATE_FILE, *(trunk_file(spec) for spec in bundle.preset.branches)}
        if not needed <= digests.keys():
            raise BundleError(f"the manifest of {folder.name} does not list every weight file")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise BundleError(
            f"the manifest of the bundle {folder.name!r} is damaged; restore {MANIFEST_FILE}"
        ) from error
    _verify_files(folder, digests)
    return bundle


def write_bundle(  # noqa: PLR0913
    folder: Path,
    *,
    preset: Preset,
    weights: NetworkWeights,
    gate: GateReference,
    thresholds: Thresholds,
    training: TrainingRecord,
    training_images: Fingerprints | None = None,
) -> Bundle:
    """Write weights and manifest; :func:`seal_bundle` adds papers that come later.

    Args:
        folder: made if missing; files of the same names are replaced.
        preset: the recipe.
        weights: of the network.
        gate: reference features.
        thresholds: calibration and limits.
        training: what it was trained on.
        training_images: hashes of these images, by which they are recognised under any name.

    Returns:
        The bundle as it was written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = [HEADS_FILE, GATE_FILE]
    for spec, arrays in zip(preset.branches, weights.trunks, strict=True):
        names += write_array_parts(folder / trunk_file(spec), arrays)
    write_arrays(folder / HEADS_FILE, _pack_heads(weights.heads))
    write_arrays(
        folder / GATE_FILE,
        {"mean": gate.mean, "components": gate.components, "points": gate.points},
    )
    if training_images is not None:
        looks = [row.tobytes().hex() for row in training_images.looks]
        hashes = {"pixels": list(training_images.pixels), "looks": looks}
        _write_json(folder / TRAINING_IMAGES_FILE, hashes)
        names.append(TRAINING_IMAGES_FILE)
    manifest = {
        "schema_version": SCHEMA_VERSION,
        "class_names": list(weights.heads.class_names),
        "preset": asdict(preset),
        "thresholds": _write_thresholds(thresholds),
        "fits_on_bounds": fits_on_bounds(thresholds),
        "training": asdict(training),
    }
    _write_manifest(folder, manifest, names)
    return open_bundle(folder)


def _write_thresholds(thresholds: Thresholds) -> dict[str, Any]:
    """Without limits of two steps a manifest is what it was before there were any."""
    written = asdict(thresholds)
    return {name: value for name, value in written.items() if name != "limits" or value is not None}


def seal_bundle(bundle: Bundle, paper_names: tuple[str, ...]) -> None:
    """Record the hashes of the model card, report and held-out table without a change of identity.

    The bundle's identity stays the hash of its manifest, which held-out tables name; so papers are
    listed in a file of their own.
    """
    digests = {name: _digest(bundle.folder / name) for name in paper_names}
    _write_json(bundle.folder / "papers.json", {"bundle_sha256": bundle.sha256, "files": digests})


def _write_manifest(folder: Path, manifest: dict[str, Any], names: list[str]) -> None:
    files = {name: _digest(folder / name) for name in sorted(names)}
    _write_json(folder / MANIFEST_FILE, {**manifest, "files": files})


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    with whole_file(path) as partial:
        partial.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _verify_files(folder: Path, digests: Mapping[str, str]) -> None:
    for name in digests:
        if Path(name).name != name or (folder / name).is_symlink():
            raise BundleError(f"the manifest of {folder.name} names a file outside its folder")
    for name, expected in digests.items():
        try:
            actual = _digest(folder / name)
        except OSError:
            raise BundleError(
                f"the file {name} of the bundle {folder.name} is missing; restore the bundle"
            ) from None
        if actual != expected:
            raise BundleError(
                f"the file {name} of the bundle {folder.name} was changed or damaged; "
                "restore the bundle"
            )


def _parse_class_names(raw: object) -> tuple[str, ...]:
    if not isinstance(raw, list) or not all(isinstance(name, str) and name for name in raw):
        raise TypeError("class_names must be a list of names")
    class_names = tuple(raw)
    if len(raw) < MIN_CLASSES or HEALTHY not in raw or class_names != order_classes(raw):
        raise ValueError("class_names must be Healthy and at least one more, in their order")
    return class_names


def _parse_thresholds(raw: Mapping[str, Any], class_names: tuple[str, ...]) -> Thresholds:
    needs_agreement = raw.get("needs_agreement", False)
    if not isinstance(needs_agreement, bool):
        raise TypeError("needs_agreement must be true or false")
    others = ("needs_agreement", "limits")
    values = {name: _number(raw[name]) for name in raw if name not in others}
    if values["temperature"] <= 0:
        raise ValueError("the temperature must be above 0")
    limits = raw.get("limits")
    return Thresholds(
        **values,
        needs_agreement=needs_agreement,
        limits=None if limits is None else _parse_limits(limits, class_names),
    )


def _parse_limits(raw: Mapping[str, Any], class_names: tuple[str, ...]) -> CallLimits:
    if raw.keys() != {"healthy", "leukemia", "types"}:
        raise ValueError("limits must be healthy, leukemia and types")
    if raw["types"].keys() != set(class_names) - {HEALTHY}:
        raise ValueError("limits must name each leukemia class, and no other")
    return CallLimits(
        healthy=_limit(raw["healthy"]),
        leukemia=_limit(raw["leukemia"]),
        types={name: _limit(limit) for name, limit in raw["types"].items()},
    )


def _limit(raw: object) -> float | None:
    return None if raw is None else _share(raw)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"expected a finite number, got {value!r}")
    return float(value)


def _parse_digests(raw: Mapping[str, Any]) -> dict[str, str]:
    digests = dict(raw)
    for name, digest in digests.items():
        if "\0" in name or not isinstance(digest, str):
            raise ValueError("a file name or hash is not plain text")
    return digests


_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.+-]{1,64}")


def _parse_branch(raw: Mapping[str, Any]) -> BranchSpec:
    spec = BranchSpec(**raw)
    texts = (spec.name, spec.backbone, spec.hands_on)
    # They stand in captions, menus and figures: no sign that any of these takes for markup.
    if not all(isinstance(text, str) and _PLAIN_NAME.fullmatch(text) for text in texts):
        raise ValueError("a branch has no plain name")
    if spec.stem_input not in get_args(StemInput):
        raise ValueError("the input of a stem is not known")
    if type(spec.input_size_px) is not int or not 1 <= spec.input_size_px <= MAX_INPUT_SIZE_PX:
        raise ValueError(f"input_size_px must be 1 to {MAX_INPUT_SIZE_PX}")
    return spec


def _parse_enhancement(raw: Mapping[str, Any]) -> EnhancementConfig:
    config = EnhancementConfig(**raw)
    _number(config.offset)
    _number(config.gain)
    if config.order not in {"add_then_scale", "scale_then_add"}:
        raise ValueError("the order of the enhancement is not known")
    if not isinstance(config.sharpen, bool) or not isinstance(config.is_on, bool):
        raise TypeError("sharpen and is_on must be true or false")
    return config


def _parse_input_mode(raw: object) -> InputMode:
    if raw not in ("whole", "cells"):
        raise ValueError("the input mode is not known")
    return raw


def _parse_turns(raw: object) -> Turns:
    if type(raw) is not int or raw not in (1, 4):
        raise ValueError("n_turns must be 1 or 4")
    return 1 if raw == 1 else 4


def _share(raw: object) -> float:
    share = _number(raw)
    if not 0 <= share <= 1:
        raise ValueError("a share must be 0 to 1")
    return share


def _parse_preset(raw: dict[str, Any]) -> Preset:
    return Preset(
        name=raw["name"],
        branches=tuple(_parse_branch(branch) for branch in raw["branches"]),
        # Bundles from before there was a choice took whole images.
        input_mode=_parse_input_mode(raw.get("input_mode", "whole")),
        n_turns=_parse_turns(raw.get("n_turns", 1)),
        late_fusion=_share(raw.get("late_fusion", 0.0)),
        enhancement=_parse_enhancement(raw["enhancement"]),
        hyperparameters=Hyperparameters(**raw["hyperparameters"]),
    )


def _parse_training(raw: dict[str, Any]) -> TrainingRecord:
    groups = ("train_groups", "validation_groups", "test_groups")
    left_out = raw.get("left_out_sources")
    return TrainingRecord(
        **{
            **raw,
            **{name: tuple(raw[name]) for name in groups},
            "left_out_sources": None if left_out is None else tuple(left_out),
        }
    )


def _pack_heads(heads: Heads) -> Arrays:
    arrays: Arrays = {}
    stacks: dict[str, DenseStack] = {"fusion": heads.fusion}
    for index, head in enumerate(heads.branches):
        stacks[f"branch{index}.imagenet_top"] = head.imagenet_top
        stacks[f"branch{index}.embed"] = head.embed
        stacks[f"branch{index}.classify"] = head.classify
    for name, stack in stacks.items():
        for position, layer in enumerate(stack):
            key = f"{name}.{position}.{layer.activation}"
            arrays[f"{key}.kernel"] = layer.kernel
            arrays[f"{key}.bias"] = layer.bias
    return arrays


def _unpack_heads(arrays: Arrays, preset: Preset, class_names: tuple[str, ...]) -> Heads:
    def stack(name: str) -> DenseStack:
        keys = [key for key in arrays if key.startswith(f"{name}.") and key.endswith(".kernel")]
        keys.sort(key=lambda key: int(key.removeprefix(f"{name}.").split(".")[0]))
        return tuple(
            DenseLayer(
                kernel=arrays[key],
                bias=arrays[key.removesuffix("kernel") + "bias"],
                activation=key.split(".")[-2],  # type: ignore[arg-type]
            )
            for key in keys
        )

    branches = tuple(
        BranchHead(
            imagenet_top=stack(f"branch{index}.imagenet_top"),
            embed=stack(f"branch{index}.embed"),
            classify=stack(f"branch{index}.classify"),
        )
        for index in range(len(preset.branches))
    )
    fusion = stack("fusion")
    last_layers = [*(head.classify[-1] for head in branches), *fusion[-1:]]
    if any(len(layer.bias) != len(class_names) for layer in last_layers):
        raise ValueError("the network answers another number of classes than the manifest names")
    return Heads(
        branches=branches,
        fusion=fusion,
        late_fusion=preset.late_fusion,
        class_names=class_names,
    )
