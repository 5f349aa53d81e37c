"""Bundles: a trained preset as a folder of verified files."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, Self

import numpy as np

from leukapp.data.fingerprints import Fingerprints
from leukapp.errors import BundleError
from leukapp.json_files import from_json, write_json
from leukapp.model.commission_record import CommissionRecord
from leukapp.model.dense import DenseLayer, DenseStack
from leukapp.model.fit_bounds import fits_on_bounds
from leukapp.model.fusion import BranchHead, Heads, NetworkWeights
from leukapp.model.manifest import (
    GATE_FILE,
    HEADS_FILE,
    MANIFEST_FILE,
    SCHEMA_VERSION,
    Manifest,
    Thresholds,
    TrainingRecord,
    backbone_file,
    file_sha256,
    read_manifest,
    write_manifest,
)
from leukapp.model.presets import BranchSpec, Preset
from leukapp.model.training_summary import TrainingSummary
from leukapp.model.weights_io import (
    Arrays,
    is_part_of,
    read_arrays,
    write_array_parts,
    write_arrays,
)
from leukapp.resources import bundle_folders, find_bundle

TRAINING_IMAGES_FILE: Final = "training_images.json"
FINDER_FILE: Final = "finder.npz"
SUMMARY_FILE: Final = "training_summary.npz"

FINDER_BACKBONE: Final = "efficientnet_lite2"
"""The finder looks through this backbone of its bundle."""


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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FinderWeights:
    """A network that finds leukocytes.

    Attributes:
        backbone: weights of its frozen part.
        head: weights of what was trained on it.
    """

    backbone: Arrays
    head: Arrays


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
        commission: how it was fitted to one laboratory; None in a bundle for all.
    """

    folder: Path
    sha256: str
    preset: Preset
    class_names: tuple[str, ...]
    thresholds: Thresholds
    training: TrainingRecord
    files: tuple[str, ...] = ()
    commission: CommissionRecord | None = None

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
            data = (self.folder / TRAINING_IMAGES_FILE).read_bytes()
            return from_json(_TrainingImages, data).read()
        except (OSError, ValueError) as error:
            raise BundleError(f"the file {TRAINING_IMAGES_FILE} is damaged; restore it") from error

    @cached_property
    def training_summary(self) -> TrainingSummary | None:
        """Some cells of its training as features; None in a bundle from before they were kept."""
        if SUMMARY_FILE not in self.files:
            return None
        arrays = read_arrays(self.folder / SUMMARY_FILE)
        try:
            return TrainingSummary(
                pooled=tuple(arrays[spec.name] for spec in self.preset.branches),
                labels=arrays["labels"].astype(np.int64),
            )
        except LookupError as error:
            raise BundleError(f"the file {SUMMARY_FILE} is damaged; restore it") from error

    def read_weights(self) -> NetworkWeights:
        """Read every weight.

        Raises:
            BundleError: a file is missing or damaged.
        """
        backbones = tuple(self.read_backbone(spec) for spec in self.preset.branches)
        return NetworkWeights(backbones=backbones, heads=self.heads)

    def read_backbone(self, spec: BranchSpec) -> Arrays:
        """Read the weights of one branch's backbone, from all its files.

        Raises:
            BundleError: a file is missing or damaged.
        """
        first = backbone_file(spec)
        arrays: Arrays = {}
        for name in self.files or (first,):
            if is_part_of(name, first):
                arrays |= read_arrays(self.folder / name)
        return arrays

    def read_finder(self) -> FinderWeights | None:
        """Read the network that finds leukocytes; None in a bundle that finds them by rules.

        Raises:
            BundleError: a file is missing or damaged, or the finder's backbone is not there.
        """
        if FINDER_FILE not in self.files:
            return None
        for spec in self.preset.branches:
            if spec.backbone == FINDER_BACKBONE:
                head = read_arrays(self.folder / FINDER_FILE)
                return FinderWeights(backbone=self.read_backbone(spec), head=head)
        raise BundleError(f"the bundle {self.name} has a finder without its {FINDER_BACKBONE}")


def open_bundle(folder: str | Path) -> Bundle:
    """Read a bundle's manifest and verify every file it lists.

    Args:
        folder: of the bundle, or the name of one that LeukApp brings along, e.g. ``compact``.

    Raises:
        BundleError: the folder is no bundle, a file is missing or changed, or a newer version of
            the program wrote it.
    """
    folder = find_bundle(folder)
    manifest, sha256 = read_manifest(folder)
    if manifest.commission is not None:
        _check_parent(folder.name, manifest.commission)
    return Bundle(
        folder=folder,
        sha256=sha256,
        preset=manifest.preset,
        class_names=manifest.class_names,
        thresholds=manifest.thresholds,
        training=manifest.training,
        files=tuple(manifest.files),
        commission=manifest.commission,
    )


def _check_parent(name: str, commission: CommissionRecord) -> None:
    """Refuse a bundle whose parent was upgraded since: what it certifies is of the old one."""
    for folder in bundle_folders():
        manifest = folder / commission.parent_name / MANIFEST_FILE
        if manifest.is_file() and file_sha256(manifest) != commission.parent_sha256:
            raise BundleError(
                f"the bundle {name} was commissioned for {commission.laboratory} from "
                f"{commission.parent_name} {commission.parent_sha256[:12]}, which was replaced "
                "since: commission the new one with the same images, or put the old one back"
            )


def write_bundle(  # noqa: PLR0913
    folder: Path,
    *,
    preset: Preset,
    weights: NetworkWeights,
    gate: GateReference,
    thresholds: Thresholds,
    training: TrainingRecord,
    training_images: Fingerprints | None = None,
    finder: Arrays | None = None,
    summary: TrainingSummary | None = None,
    commission: CommissionRecord | None = None,
) -> Bundle:
    """Write weights and manifest; ``artifacts.seal_bundle`` lists what is written later.

    Args:
        folder: made if missing; files of the same names are replaced.
        preset: the recipe.
        weights: of the network.
        gate: reference features.
        thresholds: calibration and limits.
        training: what it was trained on.
        training_images: hashes of these images, by which they are recognised under any name.
        finder: weights of the head that finds leukocytes; None finds them by rules.
        summary: some training cells as features, which a laboratory's fit is held to.
        commission: how it was fitted to one laboratory.

    Returns:
        The bundle as it was written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = [HEADS_FILE, GATE_FILE]
    for spec, arrays in zip(preset.branches, weights.backbones, strict=True):
        names += write_array_parts(folder / backbone_file(spec), arrays)
    write_arrays(folder / HEADS_FILE, _pack_heads(weights.heads))
    write_arrays(
        folder / GATE_FILE,
        {"mean": gate.mean, "components": gate.components, "points": gate.points},
    )
    if finder is not None:
        write_arrays(folder / FINDER_FILE, finder)
        names.append(FINDER_FILE)
    if summary is not None:
        arrays = dict(zip((spec.name for spec in preset.branches), summary.pooled, strict=True))
        write_arrays(folder / SUMMARY_FILE, {**arrays, "labels": summary.labels.astype(np.float32)})
        names.append(SUMMARY_FILE)
    if training_images is not None:
        write_json(folder / TRAINING_IMAGES_FILE, _TrainingImages.of(training_images))
        names.append(TRAINING_IMAGES_FILE)
    write_manifest(
        folder,
        Manifest(
            schema_version=SCHEMA_VERSION,
            class_names=weights.heads.class_names,
            preset=preset,
            thresholds=thresholds,
            fits_on_bounds=fits_on_bounds(thresholds),
            training=training,
            files=dict.fromkeys(names, ""),
            commission=commission,
        ),
    )
    return open_bundle(folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class _TrainingImages:
    """Fingerprints as their file holds them: perceptual hashes in hexadecimal."""

    pixels: tuple[str, ...]
    looks: tuple[str, ...]

    @classmethod
    def of(cls, images: Fingerprints) -> Self:
        looks = tuple(row.tobytes().hex() for row in images.looks)
        return cls(pixels=images.pixels, looks=looks)

    def read(self) -> Fingerprints:
        looks = [np.frombuffer(bytes.fromhex(look), np.uint8) for look in self.looks]
        return Fingerprints(pixels=self.pixels, looks=np.stack(looks))


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
