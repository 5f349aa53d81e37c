"""Compare training on features taken once with the recipe that runs the backbones every epoch.

    python benchmarks/training.py --data DATA [--images-per-class 20] [--end-to-end-epochs 5]

Both get the same images (some of the paper's three-class set), split, sixteen augmentations,
frozen backbones, heads, seeds and hyperparameters, in one process. The recipe runs for some epochs
only; its time at all epochs is its setup plus the median of its epochs times the number that the
stage ran on features, and the JSON printed says so. Validation accuracies are compared where both
ran, at the same epochs. Training on features starts from nothing each time: no feature or stage is
taken from a cache.
"""

import argparse
import json
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

import numpy as np  # noqa: E402
from end_to_end import Images, StageTimes, train_end_to_end  # noqa: E402
from machine import describe_machine  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from experiments.reproduction.data_sets import read_reproduction_data  # noqa: E402
from leukapp.data.catalog import Sample  # noqa: E402
from leukapp.data.d4 import apply_d4, paper_augmentations  # noqa: E402
from leukapp.data.splits import split_paper  # noqa: E402
from leukapp.imaging.image_io import read_image  # noqa: E402
from leukapp.imaging.resize import prepare_inputs  # noqa: E402
from leukapp.labels import CLASS_NAMES  # noqa: E402
from leukapp.model.bundle import open_bundle  # noqa: E402
from leukapp.model.fusion import predict_logits, softmax  # noqa: E402
from leukapp.model.presets import Hyperparameters, Preset, get_preset  # noqa: E402
from leukapp.model.weights_io import Arrays  # noqa: E402
from leukapp.training.corpus import PooledItems  # noqa: E402
from leukapp.training.feature_cache import D4Variants, load_features  # noqa: E402
from leukapp.training.frozen_backbones import CELL_BACKBONE, PreparedBackbone, prepare_backbone  # noqa: E402
from leukapp.training.heads import train_heads  # noqa: E402
from leukapp.training.one_op_at_a_time import run_one_op_at_a_time  # noqa: E402

BUNDLE = REPOSITORY / "weights" / "compact"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """Augmented copies of one part of the split: int64 (n, 2) image and D4 element."""

    items: NDArray[np.int64]
    class_indices: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FeaturesRun:
    """Training on features taken once.

    Attributes:
        backbone_seconds: building and compiling both backbones.
        feature_seconds: every image through both backbones.
        head_seconds: both stages.
        epochs_run: of each stage; a stage that no longer improves stops early.
        validation_probabilities: of the fused network, float32 (n, classes).
    """

    backbone_seconds: float
    feature_seconds: float
    head_seconds: float
    epochs_run: tuple[int, ...]
    validation_probabilities: NDArray[np.float32]

    @property
    def seconds(self) -> float:
        """Backbones, features and heads."""
        return self.backbone_seconds + self.feature_seconds + self.head_seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the paper's sets")
    parser.add_argument("--images-per-class", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=100, help="of the paper: 100")
    parser.add_argument("--end-to-end-epochs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="also write the JSON there")
    options = parser.parse_args()
    if options.end_to_end_epochs < 2:
        parser.error("--end-to-end-epochs must be at least 2: the first epoch also compiles")
    run_one_op_at_a_time()
    samples = _choose(options.data, options.images_per_class, options.seed)
    settings = Hyperparameters(n_epochs=options.epochs)
    preset = replace(get_preset("compact"), hyperparameters=settings)
    started = time.perf_counter()
    backbones = tuple(
        prepare_backbone(spec, weights_dir=None, cell_arrays=_cell_arrays)
        for spec in preset.branches
    )
    backbone_seconds = time.perf_counter() - started
    train, validation = _parts(samples, options.seed)
    short = _with_epochs(preset, options.end_to_end_epochs)
    features_short = _on_features(
        short, backbones, backbone_seconds, samples, train, validation, options.seed
    )
    _say(f"on features, {options.end_to_end_epochs} epochs: {features_short.seconds:.1f} s")
    features_full = _on_features(
        preset, backbones, backbone_seconds, samples, train, validation, options.seed
    )
    _say(f"on features, {options.epochs} epochs: {features_full.seconds:.1f} s")
    recipe = train_end_to_end(
        short,
        backbones,
        _images(preset, samples, train),
        _images(preset, samples, validation),
        seed=options.seed,
        report=_say,
    )
    recipe_seconds = sum(one.seconds for one in recipe.stages)
    full_seconds = sum(
        one.setup_seconds + n_epochs * one.epoch_seconds
        for one, n_epochs in zip(recipe.stages, features_full.epochs_run, strict=True)
    )
    result = {
        "data": {
            "images_of_each_class": options.images_per_class,
            "training_items": len(train.items),
            "validation_items": len(validation.items),
        },
        "preset": "compact backbones, the paper's hyperparameters, whole images",
        "backbones": [spec.backbone for spec in preset.branches],
        "batch_size": preset.hyperparameters.batch_size,
        "seed": options.seed,
        "same_epochs": {
            "epochs": options.end_to_end_epochs,
            "on_features": _figures(features_short, validation),
            "end_to_end": {
                "seconds": round(recipe_seconds, 1),
                "validation_accuracy": _accuracy(recipe.validation_probabilities, validation),
                "stages": [_rounded(one) for one in recipe.stages],
            },
            "ratio": round(recipe_seconds / features_short.seconds, 1),
        },
        "all_epochs": {
            "epochs": options.epochs,
            "on_features": _figures(features_full, validation),
            "end_to_end": {
                "seconds": round(full_seconds, 1),
                "is_extrapolated": True,
                "measured_epochs": options.end_to_end_epochs,
            },
            "ratio": round(full_seconds / features_full.seconds, 1),
        },
        "cell_bundle": open_bundle(BUNDLE).sha256,
        "machine": asdict(describe_machine()),
    }
    text = json.dumps(result, indent=2)
    print(text)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _choose(data: Path, n_of_class: int, seed: int) -> tuple[Sample, ...]:
    """The same number of images of each class of the three-class set, drawn with the seed."""
    seen = frozenset(open_bundle(BUNDLE).training.train_groups)
    pool = read_reproduction_data(data, groups_seen=seen, seed=seed).sets[0].samples
    rng = np.random.default_rng(seed)
    chosen: list[Sample] = []
    for label in CLASS_NAMES:
        of_label = [sample for sample in pool if sample.label == label]
        rows = sorted(rng.choice(len(of_label), n_of_class, replace=False))
        chosen += [of_label[row] for row in rows]
    return tuple(chosen)


def _cell_arrays() -> Arrays:
    bundle = open_bundle(BUNDLE)
    spec = next(one for one in bundle.preset.branches if one.backbone == CELL_BACKBONE)
    return bundle.read_backbone(spec)


def _parts(samples: tuple[Sample, ...], seed: int) -> tuple[Part, Part]:
    """Training and validation part of the paper's split of augmented copies."""
    labels = [sample.label for sample in samples]
    split = split_paper(labels, seed=seed)
    element = np.array([int(one.element) for one in paper_augmentations()], np.int64)
    indices = np.array([CLASS_NAMES.index(label) for label in labels], np.int64)
    train, validation = (
        Part(
            items=np.stack([rows[:, 0], element[rows[:, 1]]], axis=1),
            class_indices=indices[rows[:, 0]],
        )
        for rows in (split.train, split.validation)
    )
    return train, validation


def _with_epochs(preset: Preset, n_epochs: int) -> Preset:
    return replace(preset, hyperparameters=replace(preset.hyperparameters, n_epochs=n_epochs))


def _on_features(  # noqa: PLR0913
    preset: Preset,
    backbones: tuple[PreparedBackbone, ...],
    backbone_seconds: float,
    samples: tuple[Sample, ...],
    train: Part,
    validation: Part,
    seed: int,
) -> FeaturesRun:
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as cache:
        pooled = tuple(
            load_features(
                samples,
                backbone.frozen,
                variants=D4Variants(),
                enhancement=preset.enhancement,
                cache_dir=Path(cache),
            ).pooled
            for backbone in backbones
        )
    featured = time.perf_counter()

    def items(part: Part) -> PooledItems:
        return PooledItems(
            pooled=tuple(one[part.items[:, 0], part.items[:, 1]] for one in pooled),
            class_indices=part.class_indices,
            weights=np.ones(len(part.items), np.float32),
        )

    held = items(validation)
    tops = tuple(backbone.imagenet_top for backbone in backbones)
    trained = train_heads(preset, tops, items(train), held, seed=seed)
    head_seconds = time.perf_counter() - featured
    return FeaturesRun(
        backbone_seconds=backbone_seconds,
        feature_seconds=featured - started,
        head_seconds=head_seconds,
        epochs_run=tuple(len(curve.loss) for curve in trained.curves),
        validation_probabilities=np.asarray(
            softmax(predict_logits(trained.heads, held.pooled).fused), np.float32
        ),
    )


def _images(preset: Preset, samples: tuple[Sample, ...], part: Part) -> Images:
    """The augmented images themselves; reading and enhancing them is not counted as training."""
    size_px = preset.branches[0].input_size_px
    prepared = [
        prepare_inputs(read_image(sample.path), preset.enhancement, (size_px,)).inputs[0]
        for sample in samples
    ]
    return Images(
        pixels=np.asarray(
            [apply_d4(prepared[i], element) for i, element in part.items], np.float32
        ),
        class_indices=part.class_indices,
    )


def _accuracy(probabilities: NDArray[np.float32], validation: Part) -> float:
    return round(float(np.mean(probabilities.argmax(axis=1) == validation.class_indices)), 4)


def _figures(run: FeaturesRun, validation: Part) -> dict[str, object]:
    return {
        "seconds": round(run.seconds, 1),
        "of_which_backbones": round(run.backbone_seconds, 1),
        "of_which_features": round(run.feature_seconds, 1),
        "epochs_run": run.epochs_run,
        "validation_accuracy": _accuracy(run.validation_probabilities, validation),
    }


def _rounded(stage: StageTimes) -> dict[str, object]:
    return {
        name: round(value, 3) if isinstance(value, float) else value
        for name, value in asdict(stage).items()
    }


if __name__ == "__main__":
    main()
