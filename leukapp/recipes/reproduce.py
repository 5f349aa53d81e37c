"""``leukapp reproduce``: the paper's protocol and the grouped one, on the same data and heads."""

import json
import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from leukapp.data.d4 import D4Element, paper_augmentations
from leukapp.data.splits import measure_leakage, split_grouped, split_paper
from leukapp.errors import TrainingError
from leukapp.evaluation.background import background_balanced_accuracy
from leukapp.evaluation.held_out import BranchPredictions, HeldOutSet, write_held_out
from leukapp.evaluation.metrics import evaluate_predictions
from leukapp.evaluation.published import ABLATION, BASE_MODELS, DATA_SETS
from leukapp.labels import CLASS_NAMES
from leukapp.model.bundle import open_bundle
from leukapp.model.dense import FloatArray, forward
from leukapp.model.fusion import pool, predict_logits, softmax
from leukapp.model.presets import Hyperparameters, Preset, StemInput, get_preset, with_stem_input
from leukapp.model.weights_io import Arrays
from leukapp.recipes.judge import read_edge_features
from leukapp.recipes.reproduction_report import (
    ProtocolFigures,
    Reproduction,
    ReproductionRow,
    SetFigures,
    StepTime,
)
from leukapp.recipes.reproduction_sets import ReproductionSet, read_reproduction_data
from leukapp.recipes.step_time import median_ms, random_step
from leukapp.resources import SHIPPED_COMPACT, training_dir
from leukapp.training.feature_cache import D4Variants, load_features
from leukapp.training.one_op_at_a_time import run_one_op_at_a_time
from leukapp.training.progress import Progress, format_seconds
from leukapp.training.trunks import CELL_BACKBONE, PreparedTrunk, prepare_trunk
from leukapp.training.two_stage import PooledItems, TrainedHeads, train_heads

PUBLISHED_STEP_MS: Final = (209.0, 94.0, 228.0)
"""The paper's branch 1, branch 2 and fusion, on a P100."""

ProtocolName = Literal["paper", "grouped"]
Items = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReproduceOptions:
    """What ``leukapp reproduce`` was asked for.

    Attributes:
        data: folder or table of samples.
        out: folder of the tables.
        preset: whose backbones are taken; the hyperparameters are always the paper's.
        seed: of splits, initialization and dropout.
        work_dir: keeps features and finished stages, so that a killed run goes on; None is the
            cache.
        backbone_weights: folder of keras.applications ``.h5`` files.
        stem_input: what the stem of an EfficientNet sees; see ``BranchSpec``.
        n_epochs: overrides the paper's 100.
    """

    data: Path
    out: Path
    preset: str = "compact"
    seed: int = 0
    work_dir: Path | None = None
    backbone_weights: Path | None = None
    stem_input: StemInput = "as_trained"
    n_epochs: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parts:
    """Items of a split: int64 (n, 2), image and D4 element."""

    train: Items
    validation: Items
    test: Items


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JudgedPart:
    """Test items of one protocol, as every decider sees them.

    Attributes:
        test: int64 (n, 2).
        fused: the fused decision, with each branch alone.
        alone: for each branch its probabilities through a meta-classifier of its own; may be empty.
    """

    test: Items
    fused: HeldOutSet
    alone: tuple[FloatArray, ...]


def reproduce(
    options: ReproduceOptions, *, report: Callable[[str], None] = lambda _line: None
) -> Reproduction:
    """Train and judge every set under both protocols, and write the tables.

    Args:
        options: what is asked for.
        report: takes a line of progress.

    Returns:
        What ``reproduction.json`` and ``reproduction.md`` in the folder say.

    Raises:
        LeukappError: the preset, data or weights are not what they should be.
    """
    run_one_op_at_a_time()
    started = time.monotonic()
    preset = _with_paper_hyperparameters(options)
    work_dir = options.work_dir or training_dir()
    is_from_scratch = not work_dir.exists() or not any(work_dir.iterdir())
    shipped = open_bundle(SHIPPED_COMPACT)
    has_cells = any(spec.backbone == CELL_BACKBONE for spec in preset.branches)
    seen = frozenset(shipped.training.train_groups) if has_cells else frozenset[str]()
    data = read_reproduction_data(options.data, groups_seen=seen, seed=options.seed)
    trunks = tuple(
        prepare_trunk(spec, weights_dir=options.backbone_weights, cell_arrays=_shipped_cell_arrays)
        for spec in preset.branches
    )
    options.out.mkdir(parents=True, exist_ok=True)
    rows: list[ReproductionRow] = []
    sets: list[SetFigures] = []
    for number, one in enumerate(data.sets):
        report(f"set {number + 1} of {len(data.sets)}: {one.name}, {len(one.samples)} images")
        pooled = _features(one, preset, trunks, work_dir / "features", report)
        judged: dict[ProtocolName, JudgedPart] = {}
        parts: dict[ProtocolName, Parts] = {
            "paper": _paper_parts(one, options.seed),
            "grouped": _grouped_parts(one, options.seed),
        }
        for protocol, of_protocol in parts.items():
            report(f"{one.name}, {protocol} protocol")
            trained = _train(
                preset, one, trunks, pooled, of_protocol, options.seed, work_dir, report
            )
            judged[protocol] = _judge(preset, one, pooled, of_protocol.test, trained, protocol)
            _write_run(options.out, one, protocol, judged[protocol], trained)
        rows += _rows(preset, one, judged)
        sets.append(_set_figures(one, parts, options.seed))
    result = Reproduction(
        preset=preset.name,
        backbones=tuple(spec.backbone for spec in preset.branches),
        seed=options.seed,
        n_epochs=preset.hyperparameters.n_epochs,
        patience=preset.hyperparameters.patience,
        notes=data.notes,
        sets=tuple(sets),
        rows=tuple(rows),
        step_times=_step_times(preset, trunks, trained),
        seconds=time.monotonic() - started,
        is_from_scratch=is_from_scratch,
        n_cores=os.cpu_count() or 1,
        trunk_keys=tuple(trunk.frozen.key for trunk in trunks),
    )
    (options.out / "reproduction.json").write_text(result.to_json(), encoding="utf-8")
    (options.out / "reproduction.md").write_text(result.to_markdown(), encoding="utf-8")
    report(f"done in {format_seconds(result.seconds)}: {options.out / 'reproduction.md'}")
    return result


def _with_paper_hyperparameters(options: ReproduceOptions) -> Preset:
    preset = with_stem_input(get_preset(options.preset), options.stem_input)
    if options.n_epochs is not None and options.n_epochs < 1:
        raise TrainingError(f"--epochs must be at least 1, got {options.n_epochs}")
    hyperparameters = Hyperparameters()
    if options.n_epochs is not None:
        hyperparameters = replace(hyperparameters, n_epochs=options.n_epochs)
    return replace(preset, hyperparameters=hyperparameters)


def _shipped_cell_arrays() -> Arrays:
    shipped = open_bundle(SHIPPED_COMPACT)
    spec = next(s for s in shipped.preset.branches if s.backbone == CELL_BACKBONE)
    return shipped.read_trunk(spec)


def _features(
    one: ReproductionSet,
    preset: Preset,
    trunks: tuple[PreparedTrunk, ...],
    cache_dir: Path,
    report: Callable[[str], None],
) -> tuple[FloatArray, ...]:
    """Of each branch, float32 (images, 8, channels); protocols and sets share the cache."""
    return tuple(
        load_features(
            one.samples,
            trunk.frozen,
            variants=D4Variants(),
            enhancement=preset.enhancement,
            cache_dir=cache_dir,
            report=Progress(f"features of {spec.name}", report).step,
        ).pooled
        for spec, trunk in zip(preset.branches, trunks, strict=True)
    )


def _paper_parts(one: ReproductionSet, seed: int) -> Parts:
    """Augment by 16, then split the copies at random; each copy is one of the eight elements."""
    split = split_paper([sample.label for sample in one.samples], seed=seed)
    element = np.array([int(a.element) for a in paper_augmentations()], np.int64)
    train, validation, test = (
        np.stack([part[:, 0], element[part[:, 1]]], axis=1)
        for part in (split.train, split.validation, split.test)
    )
    return Parts(train=train, validation=validation, test=test)


def _grouped_parts(one: ReproductionSet, seed: int) -> Parts:
    """Split whole groups, then augment the training part alone by the eight distinct elements."""
    split = split_grouped(
        [sample.label for sample in one.samples],
        one.split_groups,
        [sample.source for sample in one.samples],
        seed=seed,
    )
    elements = range(len(D4Element))
    return Parts(
        train=np.array([(i, element) for i in split.train for element in elements], np.int64),
        validation=np.array([(i, 0) for i in split.validation], np.int64).reshape(-1, 2),
        test=np.array([(i, 0) for i in split.test], np.int64).reshape(-1, 2),
    )


def _train(  # noqa: PLR0913
    preset: Preset,
    one: ReproductionSet,
    trunks: tuple[PreparedTrunk, ...],
    pooled: tuple[FloatArray, ...],
    parts: Parts,
    seed: int,
    work_dir: Path,
    report: Callable[[str], None],
) -> TrainedHeads:
    labels = _class_indices(one)

    def items(part: Items) -> PooledItems:
        return PooledItems(
            pooled=_take(pooled, part),
            class_indices=labels[part[:, 0]],
            weights=np.ones(len(part), np.float32),
        )

    return train_heads(
        preset,
        tuple(trunk.imagenet_top for trunk in trunks),
        items(parts.train),
        items(parts.validation),
        seed=seed,
        report=report,
        checkpoint_dir=work_dir / "stages",
        with_ablation=one.has_ablation,
    )


def _take(pooled: tuple[FloatArray, ...], part: Items) -> tuple[FloatArray, ...]:
    return tuple(features[part[:, 0], part[:, 1]] for features in pooled)


def _class_indices(one: ReproductionSet) -> NDArray[np.int64]:
    return np.array([CLASS_NAMES.index(sample.label) for sample in one.samples], np.int64)


def _judge(
    preset: Preset,
    one: ReproductionSet,
    pooled: tuple[FloatArray, ...],
    test: Items,
    trained: TrainedHeads,
    protocol: ProtocolName,
) -> JudgedPart:
    features = _take(pooled, test)
    logits = predict_logits(trained.heads, features)
    rows = [int(row) for row in test[:, 0]]
    copies = Counter[tuple[int, int]]()
    ids = []
    for row, element in test.tolist():
        # The paper's sixteen namings show each of the eight pictures twice.
        copies[row, element] += 1
        suffix = f"#{element}.{copies[row, element]}" if protocol == "paper" else ""
        ids.append(one.samples[row].sample_id + suffix)
    fused = HeldOutSet(
        sample_ids=tuple(ids),
        groups=tuple(one.split_groups[row] for row in rows),
        groups_known=np.array([one.samples[row].groups_known for row in rows], np.bool_),
        # One set is one question: its sources are judged together, as the paper does.
        sources=(one.name,) * len(rows),
        true_labels=_class_indices(one)[test[:, 0]],
        probabilities=softmax(logits.fused),
        branches=tuple(
            BranchPredictions(name=spec.name, probabilities=softmax(of_branch))
            for spec, of_branch in zip(preset.branches, logits.branches, strict=True)
        ),
        is_called=np.ones(len(rows), np.bool_),
        no_call_reasons=(None,) * len(rows),
        protocol=protocol,
        bundle_sha256="",
    )
    alone = tuple(
        np.asarray(softmax(forward(stack, _embedding(trained, index, features))), np.float32)
        for index, stack in enumerate(trained.alone)
    )
    return JudgedPart(test=test, fused=fused, alone=alone)


def _embedding(trained: TrainedHeads, index: int, features: tuple[FloatArray, ...]) -> FloatArray:
    head = trained.heads.branches[index]
    return forward(head.embed, forward(head.imagenet_top, features[index]))


def _rows(
    preset: Preset, one: ReproductionSet, judged: dict[ProtocolName, JudgedPart]
) -> list[ReproductionRow]:
    is_combined = one.has_ablation and one.published_name is not None
    base = {figure.model: figure.accuracy_percent for figure in BASE_MODELS}
    ablation = {figure.model: figure.accuracy_percent for figure in ABLATION}
    places = ("EfficientNetB7", "MobileNetV3Large")
    published_set = {figure.data_set: figure.accuracy_percent for figure in DATA_SETS}

    def row(
        model: str,
        published: tuple[float, str] | None,
        probabilities: Callable[[JudgedPart], NDArray[np.floating]],
    ) -> ReproductionRow:
        figures = {
            protocol: _figures(part, probabilities(part)) for protocol, part in judged.items()
        }
        return ReproductionRow(
            set_name=one.name,
            model=model,
            published_percent=published[0] if published else None,
            published_model=published[1] if published else None,
            paper=figures["paper"],
            grouped=figures["grouped"],
        )

    rows = []
    for index, spec in enumerate(preset.branches):
        place = places[index] if is_combined and len(preset.branches) == 2 else None
        rows.append(
            row(
                f"{spec.name} alone",
                (base[place], place) if place else None,
                partial(_of_branch, index),
            )
        )
    for index, spec in enumerate(preset.branches if judged["paper"].alone else ()):
        place = places[index] if is_combined else None
        rows.append(
            row(
                f"{spec.name} through the meta-classifier",
                (ablation[place], place) if place else None,
                partial(_of_branch_alone, index),
            )
        )
    if len(preset.branches) > 1:
        percent = published_set.get(one.published_name or "")
        published = (percent, "EfficientNetB7 and MobileNetV3Large") if percent else None
        rows.append(row("**fusion**", published, lambda part: part.fused.probabilities))
    return rows


def _of_branch(index: int, part: JudgedPart) -> NDArray[np.floating]:
    return part.fused.branches[index].probabilities


def _of_branch_alone(index: int, part: JudgedPart) -> NDArray[np.floating]:
    return part.alone[index]


def _figures(part: JudgedPart, probabilities: NDArray[np.floating]) -> ProtocolFigures:
    decided = replace(part.fused, probabilities=np.asarray(probabilities, np.float64), branches=())
    return ProtocolFigures(
        n_distinct_images=len(np.unique(part.test[:, 0])), report=evaluate_predictions(decided)
    )


def _set_figures(one: ReproductionSet, parts: dict[ProtocolName, Parts], seed: int) -> SetFigures:
    labels = [sample.label for sample in one.samples]
    leakage = measure_leakage(split_paper(labels, seed=seed))
    edges = read_edge_features(one.samples)
    indices = _class_indices(one)

    def background(protocol: ProtocolName) -> float:
        train, test = (np.unique(p[:, 0]) for p in (parts[protocol].train, parts[protocol].test))
        return background_balanced_accuracy(
            edges[train], indices[train], edges[test], indices[test]
        )

    paper, grouped = parts["paper"], parts["grouped"]
    counts = Counter(labels)
    return SetFigures(
        set_name=one.name,
        n_images=len(one.samples),
        n_groups=len(set(one.split_groups)),
        images_of_label={name: counts[name] for name in CLASS_NAMES if counts[name]},
        n_paper_items=(len(paper.train), len(paper.validation), len(paper.test)),
        n_grouped_images=(
            len(np.unique(grouped.train[:, 0])),
            len(grouped.validation),
            len(grouped.test),
        ),
        identical_fraction=leakage.identical_fraction,
        sibling_fraction=leakage.sibling_fraction,
        background_paper=background("paper"),
        background_grouped=background("grouped"),
    )


def _write_run(
    out: Path,
    one: ReproductionSet,
    protocol: ProtocolName,
    judged: JudgedPart,
    trained: TrainedHeads,
) -> None:
    stem = f"{one.name.lower().replace(' ', '_')}-{protocol}"
    write_held_out(judged.fused, out / f"{stem}.csv")
    curves = json.dumps([asdict(curve) for curve in trained.curves], indent=1)
    (out / f"{stem}-loss_curves.json").write_text(curves + "\n", encoding="utf-8")


def _step_times(
    preset: Preset, trunks: tuple[PreparedTrunk, ...], trained: TrainedHeads
) -> tuple[StepTime, ...]:
    """Each branch with its head, and the whole network, on 32 random images."""
    batches = random_step(preset)

    def branch_step(index: int) -> object:
        head = trained.heads.branches[index]
        stack = (*head.imagenet_top, *head.embed, *head.classify)
        return forward(stack, pool(trunks[index].frozen.forward(batches[index])))

    times = [
        StepTime(
            model=f"{spec.name} alone",
            milliseconds=median_ms(partial(branch_step, index)),
            published_milliseconds=(
                PUBLISHED_STEP_MS[index] if len(preset.branches) == 2 else None
            ),
        )
        for index, spec in enumerate(preset.branches)
    ]
    if len(preset.branches) > 1:

        def whole() -> object:
            pooled = tuple(
                pool(trunk.frozen.forward(batch))
                for trunk, batch in zip(trunks, batches, strict=True)
            )
            return predict_logits(trained.heads, pooled)

        times.append(
            StepTime(
                model="fusion",
                milliseconds=median_ms(whole),
                published_milliseconds=PUBLISHED_STEP_MS[-1],
            )
        )
    return tuple(times)
