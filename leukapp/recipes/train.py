"""``leukapp train``: from labelled images to a bundle that says how good it is."""

import json
import platform
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from leukapp.data.catalog import Catalog, Sample
from leukapp.data.cells import TABLE_NAME as CELL_TABLE
from leukapp.data.d4 import D4Element, paper_augmentations
from leukapp.data.readers.detect import read_catalog
from leukapp.data.splits import Split, keep_duplicates_together, split_grouped, split_paper
from leukapp.errors import LeukappError, TrainingError
from leukapp.evaluation.calibration import choose_min_confidence, fit_temperature
from leukapp.inference.gate import feature_distances, fit_gate
from leukapp.inference.openvino_engine import compiled_cache_dir
from leukapp.labels import CLASS_NAMES
from leukapp.model.bundle import (
    Bundle,
    GateReference,
    Thresholds,
    TrainingRecord,
    open_bundle,
    write_bundle,
)
from leukapp.model.dense import FloatArray
from leukapp.model.fusion import Heads, NetworkWeights, predict_logits, softmax
from leukapp.model.presets import Preset, get_preset
from leukapp.model.weights_io import Arrays
from leukapp.recipes.papers import write_papers
from leukapp.training.balance import balance_weights
from leukapp.training.cell_stage import obtain_cell_backbone
from leukapp.training.feature_cache import (
    AugmentedViews,
    D4Variants,
    Variants,
    load_features,
)
from leukapp.training.progress import Progress
from leukapp.training.trunks import CELL_BACKBONE, PreparedTrunk, prepare_trunk
from leukapp.training.two_stage import PooledItems, TrainedHeads, train_heads

FALSE_REJECT_FRACTION = 0.02
"""Share of validation images that the feature-distance limit may turn away."""

MAX_RISK = 0.05
"""Share of wrong calls among the called validation images that the confidence limit aims at."""

SHIPPED_COMPACT = Path(__file__).resolve().parents[2] / "weights" / "compact"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainOptions:
    """What ``leukapp train`` was asked for.

    Attributes:
        preset: name of the recipe.
        data: folder or table of samples.
        out: folder of the bundle.
        protocol: ``grouped``, or ``paper`` (augments before splitting: leaks).
        seed: of split, initialization, dropout and augmentation.
        work_dir: keeps features and checkpoints, so that a killed run goes on; None is the cache.
        backbone_weights: folder of keras.applications ``.h5`` files.
        n_epochs: overrides the preset's upper bound.
    """

    preset: str
    data: Path
    out: Path
    protocol: Literal["grouped", "paper"] = "grouped"
    seed: int = 0
    work_dir: Path | None = None
    backbone_weights: Path | None = None
    n_epochs: int | None = None


Report = Callable[[str], None]
Items = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parts:
    """Training items of a split.

    Attributes:
        train: int64 (n, 2): sample index, variant (0-7 are D4, augmented views follow).
        validation: as ``train``.
        test: as ``train``; under the grouped protocol each image once, as it is.
    """

    train: Items
    validation: Items
    test: Items


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prepared:
    """Everything the training stages need.

    Attributes:
        preset: the recipe.
        samples: images of role ``train``, named as the data names them.
        parts: which image, in which D4 variant, is in which part.
        trunks: frozen backbones.
        pooled: features of each branch, float32 (samples, variants, channels).
        seed: of everything random.
    """

    preset: Preset
    samples: tuple[Sample, ...]
    parts: Parts
    trunks: tuple[PreparedTrunk, ...]
    pooled: tuple[FloatArray, ...]
    seed: int


def train_bundle(options: TrainOptions, *, report: Report = lambda _line: None) -> Bundle:
    """Train a preset and write its bundle, judged on images it has not seen.

    Args:
        options: what is asked for.
        report: takes a line of progress.

    Returns:
        The bundle.

    Raises:
        LeukappError: the preset, data or weights are not what they should be.
    """
    preset = _preset(options)
    original = read_catalog(options.data)
    report(f"data: {len(original.samples)} images of {', '.join(original.source_names)}")
    work_dir = options.work_dir or compiled_cache_dir() / "training"
    prepared = _prepare(preset, original, options, work_dir, report)
    trained = _train(prepared, work_dir / "stages", report)
    weights = NetworkWeights(
        trunks=tuple(trunk.arrays for trunk in prepared.trunks), heads=trained.heads
    )
    try:
        bundle = write_bundle(
            options.out,
            preset=preset,
            weights=weights,
            gate=_fit_gate(prepared),
            thresholds=_fit_thresholds(prepared, trained.heads),
            training=_record(prepared, original, options.protocol),
        )
        _write_curves(bundle, trained)
    except OSError as error:
        raise LeukappError(
            f"the bundle cannot be written to {options.out}: {error.strerror}; name another folder"
        ) from error
    report(f"bundle: {bundle.folder} {bundle.sha256[:12]}")
    write_papers(
        bundle,
        train=_samples_of(prepared, prepared.parts.train),
        test=_samples_of(prepared, prepared.parts.test),
        external=original.by_role("external").samples if _has_external(original) else (),
        protocol=options.protocol,
        report=report,
    )
    return bundle


def _preset(options: TrainOptions) -> Preset:
    preset = get_preset(options.preset)
    if options.n_epochs is None:
        return preset
    if options.n_epochs < 1:
        raise TrainingError(f"--epochs must be at least 1, got {options.n_epochs}")
    hyperparameters = replace(preset.hyperparameters, n_epochs=options.n_epochs)
    return replace(preset, hyperparameters=hyperparameters)


def _split(samples: Sequence[Sample], options: TrainOptions, n_variants: int) -> Parts:
    labels = [sample.label for sample in samples]
    if options.protocol == "paper":
        leaking = split_paper(labels, seed=options.seed)
        element = np.array([int(a.element) for a in paper_augmentations()], np.int64)
        return Parts(
            **{
                name: np.stack([items[:, 0], element[items[:, 1]]], axis=1)
                for name, items in (
                    ("train", leaking.train),
                    ("validation", leaking.validation),
                    ("test", leaking.test),
                )
            }
        )
    split: Split = split_grouped(
        labels,
        [sample.group for sample in samples],
        [sample.source for sample in samples],
        seed=options.seed,
    )
    every = range(n_variants)
    train = np.array([(index, variant) for index in split.train for variant in every], np.int64)
    return Parts(train=train, validation=_as_is(split.validation), test=_as_is(split.test))


def _as_is(indices: Sequence[int]) -> Items:
    return np.array([(index, 0) for index in indices], np.int64).reshape(-1, 2)


def _samples_of(prepared: Prepared, *items: Items) -> list[Sample]:
    """The images of some parts, each once, in the order of the data."""
    return [prepared.samples[i] for i in _image_indices(*items)]


def _image_indices(*items: Items) -> list[int]:
    return sorted({int(i) for part in items for i in part[:, 0]})


def _has_external(catalog: Catalog) -> bool:
    return any(sample.role == "external" for sample in catalog.samples)


def _prepare(
    preset: Preset, original: Catalog, options: TrainOptions, work_dir: Path, report: Report
) -> Prepared:
    # Copies of one image share a group for the split; records and the cells go by the data's names.
    joined = keep_duplicates_together(original)
    chosen = [i for i, sample in enumerate(original.samples) if sample.role == "train"]
    samples = tuple(original.samples[i] for i in chosen)
    missing = set(CLASS_NAMES) - {sample.label for sample in samples}
    if missing:
        raise TrainingError(f"the data has no image of {', '.join(sorted(missing))}; add some")
    n_variants = len(D4Element) + preset.hyperparameters.n_views
    parts = _split([joined.samples[i] for i in chosen], options, n_variants)
    held_out = [samples[i] for i in _image_indices(parts.validation, parts.test)]
    external = [sample for sample in original.samples if sample.role == "external"]
    trunks = _prepare_trunks(preset, options, [*held_out, *external], work_dir, report)
    return Prepared(
        preset=preset,
        samples=samples,
        parts=parts,
        trunks=trunks,
        pooled=_features(samples, trunks, preset, work_dir / "features", report),
        seed=options.seed,
    )


def _prepare_trunks(
    preset: Preset,
    options: TrainOptions,
    held_out: Sequence[Sample],
    work_dir: Path,
    report: Report,
) -> tuple[PreparedTrunk, ...]:
    def cell_arrays() -> Arrays:
        if not (options.data / CELL_TABLE).is_file():
            shipped = open_bundle(SHIPPED_COMPACT)
            spec = next(s for s in shipped.preset.branches if s.backbone == CELL_BACKBONE)
            report(f"cell backbone: the one of the shipped bundle {shipped.sha256[:12]}")
            return shipped.read_trunk(spec)
        return obtain_cell_backbone(
            options.data,
            held_out,
            enhancement=preset.enhancement,
            seed=options.seed,
            work_dir=work_dir,
            report=report,
        ).arrays

    return tuple(
        prepare_trunk(spec, weights_dir=options.backbone_weights, cell_arrays=cell_arrays)
        for spec in preset.branches
    )


def _features(
    samples: Sequence[Sample],
    trunks: tuple[PreparedTrunk, ...],
    preset: Preset,
    cache_dir: Path,
    report: Report,
) -> tuple[FloatArray, ...]:
    features = []
    kinds: list[Variants] = [D4Variants()]
    if preset.hyperparameters.n_views:
        kinds.append(AugmentedViews(n_views=preset.hyperparameters.n_views, seed=0))
    for spec, trunk in zip(preset.branches, trunks, strict=True):
        of_kinds = [
            load_features(
                samples,
                trunk.frozen,
                variants=kind,
                enhancement=preset.enhancement,
                cache_dir=cache_dir,
                report=Progress(f"features of {spec.name}, {kind.kind}", report).step,
            )
            for kind in kinds
        ]
        features.append(np.concatenate(of_kinds, axis=1))
    return tuple(features)


def _train(prepared: Prepared, checkpoint_dir: Path, report: Report) -> TrainedHeads:
    preset = prepared.preset

    def items(part: Items) -> PooledItems:
        chosen = [prepared.samples[i] for i in part[:, 0]]
        weights = (
            balance_weights([s.label for s in chosen], [s.source for s in chosen])
            if preset.hyperparameters.balance_sources
            else np.ones(len(chosen), np.float32)
        )
        return PooledItems(
            pooled=_take(prepared.pooled, part),
            class_indices=np.array([CLASS_NAMES.index(s.label) for s in chosen], np.int64),
            weights=weights,
        )

    return train_heads(
        preset,
        tuple(trunk.imagenet_top for trunk in prepared.trunks),
        items(prepared.parts.train),
        items(prepared.parts.validation),
        seed=prepared.seed,
        report=report,
        checkpoint_dir=checkpoint_dir,
    )


def _take(pooled: tuple[FloatArray, ...], part: Items) -> tuple[FloatArray, ...]:
    return tuple(features[part[:, 0], part[:, 1]] for features in pooled)


def _fit_gate(prepared: Prepared) -> GateReference:
    # The gate compares images as they are uploaded, so it learns from them unturned.
    images = _as_is(_image_indices(prepared.parts.train))
    return fit_gate(np.concatenate(_take(prepared.pooled, images), axis=1), seed=prepared.seed)


def _fit_thresholds(prepared: Prepared, heads: Heads) -> Thresholds:
    """Calibrate on validation images only; the test part is judged with what comes out."""
    part = prepared.parts.validation
    pooled = _take(prepared.pooled, part)
    labels = np.array([CLASS_NAMES.index(prepared.samples[i].label) for i in part[:, 0]], np.int64)
    logits = predict_logits(heads, pooled).fused
    # Below 1 it would sharpen: a small validation part without errors asks for that, unfounded.
    temperature = max(1.0, fit_temperature(logits, labels))
    min_confidence = choose_min_confidence(softmax(logits, temperature), labels, max_risk=MAX_RISK)
    distances = feature_distances(_fit_gate(prepared), np.concatenate(pooled, axis=1))
    return Thresholds(
        temperature=temperature,
        min_confidence=min(1.0, min_confidence),
        max_feature_distance=float(np.quantile(distances, 1 - FALSE_REJECT_FRACTION)),
        false_reject_fraction=FALSE_REJECT_FRACTION,
    )


def _record(
    prepared: Prepared, catalog: Catalog, protocol: Literal["grouped", "paper"]
) -> TrainingRecord:
    parts = prepared.parts
    counts = Counter((s.source, s.label) for s in _samples_of(prepared, parts.train))
    return TrainingRecord(
        protocol=protocol,
        seed=prepared.seed,
        catalog_sha256=catalog.sha256(),
        sources={
            source: {label: n for (of, label), n in sorted(counts.items()) if of == source}
            for source in sorted({source for source, _ in counts})
        },
        train_groups=_groups(prepared, parts.train),
        validation_groups=_groups(prepared, parts.validation),
        test_groups=_groups(prepared, parts.test),
        created_utc=datetime.now(UTC).isoformat(timespec="seconds"),
        library_versions={
            "python": platform.python_version(),
            **{name: version(name) for name in ("keras", "numpy", "openvino", "scikit-learn")},
        },
    )


def _groups(prepared: Prepared, part: Items) -> tuple[str, ...]:
    return tuple(sorted({sample.group for sample in _samples_of(prepared, part)}))


def _write_curves(bundle: Bundle, trained: TrainedHeads) -> None:
    curves = [asdict(curve) for curve in trained.curves]
    text = json.dumps(curves, indent=1) + "\n"
    (bundle.folder / "loss_curves.json").write_text(text, encoding="utf-8")
