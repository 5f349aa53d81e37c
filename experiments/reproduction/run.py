"""The whole reproduction: the paper's tables under its protocol and under the grouped one."""

import json
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from experiments.reproduction.bundles import keep_bundle
from experiments.reproduction.data_sets import ReproductionSet, read_reproduction_data
from experiments.reproduction.fingerprint import code_fingerprint
from experiments.reproduction.report import (
    BaseModelRow,
    Decider,
    PartCost,
    ProtocolFigures,
    Reproduction,
    ReproductionRow,
    SetFigures,
    flatten_recipe,
)
from experiments.reproduction.tables import write_tables
from experiments.reproduction.time_spent import TimeSpent
from experiments.reproduction.training import (
    PROTOCOLS,
    JudgedPart,
    Parts,
    ProtocolName,
    ReproductionRun,
    class_indices,
    judge_set,
    load_set_features,
    split_set,
    train_set,
    whole_stack,
)
from leukapp.data.splits import measure_leakage, split_paper
from leukapp.errors import BackboneWeightsError, TrainingError
from leukapp.evaluation.background import background_balanced_accuracy
from leukapp.evaluation.held_out import write_held_out
from leukapp.evaluation.metrics import evaluate_predictions
from leukapp.evaluation.published import (
    ABLATION,
    BASE_MODELS,
    BRANCH_PARAMETERS,
    DATA_SETS,
    META_CLASSIFIER_PARAMETERS,
    STEP_MS,
)
from leukapp.model.backbone_list import BACKBONES
from leukapp.model.bundle import open_bundle
from leukapp.model.dense import count_parameters, forward
from leukapp.model.fusion import pool, predict_logits
from leukapp.model.presets import (
    PAPER_BASE_MODELS,
    Preset,
    StemInput,
    get_preset,
    paper_recipe,
    with_stem_input,
)
from leukapp.model.weights_io import Arrays
from leukapp.recipes.judge import read_edge_features
from leukapp.recipes.step_time import median_ms, random_step
from leukapp.resources import SHIPPED_COMPACT, training_dir
from leukapp.training.frozen_backbones import CELL_BACKBONE, PreparedBackbone, prepare_backbone
from leukapp.training.heads import TrainedHeads
from leukapp.training.one_op_at_a_time import run_one_op_at_a_time
from leukapp.training.progress import format_seconds

BASE_MODEL_TABLE: Final = 2
DATA_SET_TABLE: Final = 4
TABLES: Final = (BASE_MODEL_TABLE, 3, DATA_SET_TABLE, 5, 8)
"""Tables of the paper that can be made again; 6 and 7 are other people's figures."""

DEFAULT_TABLES: Final = TABLES[1:]
"""Without the eight base models, which want weight files and training of their own."""

PLACES: Final = ("EfficientNetB7", "MobileNetV3Large")
"""The paper's branches, for which those of another preset stand."""

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReproduceOptions:
    """What ``python -m experiments.reproduction`` was asked for.

    Attributes:
        data: folder or table of samples.
        out: folder of the tables.
        preset: whose backbones are taken; everything else is the paper's recipe.
        tables: numbers of the paper's tables, of ``TABLES``.
        sets: names of the data sets to take, as the tables print them; empty takes all.
        seed: of splits, initialization and dropout.
        work_dir: keeps features and finished stages, so that a killed run goes on; None is the
            cache.
        backbone_weights: folder of keras.applications ``.h5`` files.
        stem_input: what the stem of an EfficientNet sees; see ``BranchSpec``.
        n_epochs: overrides the paper's 100.
        keep_bundles: keep a bundle of each data set and protocol in the folder's ``bundles``, for
            the app; not of the eight base models.
    """

    data: Path
    out: Path
    preset: str = "compact"
    tables: tuple[int, ...] = DEFAULT_TABLES
    sets: tuple[str, ...] = ()
    seed: int = 0
    work_dir: Path | None = None
    backbone_weights: Path | None = None
    stem_input: StemInput = "as_trained"
    n_epochs: int | None = None
    keep_bundles: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _TrainedSet:
    """What a data set gave on one preset."""

    judged: dict[ProtocolName, JudgedPart]
    trained: dict[ProtocolName, TrainedHeads]


def reproduce(options: ReproduceOptions, *, report: Report = lambda _line: None) -> Reproduction:
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
    spent = TimeSpent(options.out)

    def tell(line: str) -> None:
        spent.note()
        report(line)

    recipe = _recipe(options.preset, options)
    tables = tuple(sorted(set(options.tables)))
    has_main = tables != (BASE_MODEL_TABLE,)
    has_cells = has_main and any(spec.backbone == CELL_BACKBONE for spec in recipe.branches)
    seen = open_bundle(SHIPPED_COMPACT).training.train_groups if has_cells else ()
    data = read_reproduction_data(options.data, groups_seen=frozenset(seen), seed=options.seed)
    wanted = _wanted_sets(data.sets, options.sets, tables)
    backbones = prepare_recipe(recipe, weights_dir=options.backbone_weights) if has_main else ()
    run = _run(recipe, backbones, options, tell)
    if options.keep_bundles:
        run = replace(run, bundles_dir=options.out / "bundles")
    of_sets: list[tuple[ReproductionSet, _TrainedSet]] = []
    for number, one in enumerate(wanted if has_main else []):
        tell(f"set {number + 1} of {len(wanted)}: {one.name}, {len(one.samples)} images")
        trained = _train_set(one, run)
        of_sets.append((one, trained))
        _write_set(options.out, one, trained)
    base_models = (
        _base_models([one for one in wanted if one.is_combined], recipe, options, tell, has_main)
        if BASE_MODEL_TABLE in tables
        else ()
    )
    result = Reproduction(
        preset=recipe.name,
        backbones=tuple(spec.backbone for spec in recipe.branches) if has_main else (),
        recipe=flatten_recipe(recipe),
        tables=tables,
        seed=options.seed,
        notes=data.notes,
        sets=tuple(_set_figures(one, options.seed) for one in wanted),
        rows=tuple(row for one, trained in of_sets for row in _rows(recipe, one, trained.judged)),
        base_models=base_models,
        costs=_costs(run, of_sets[0][1].trained["paper"]) if 3 in tables and of_sets else (),
        seconds=spent.seconds,
        processor_seconds=spent.processor_seconds,
        n_starts=spent.n_starts,
        n_cores=os.cpu_count() or 1,
        trunk_keys=tuple(backbone.frozen.key for backbone in backbones),
        fingerprint=code_fingerprint(recipe, backbones) if has_main else (),
    )
    (options.out / "reproduction.json").write_text(result.to_json(), encoding="utf-8")
    (options.out / "reproduction.md").write_text(write_tables(result), encoding="utf-8")
    tell(f"done in {format_seconds(result.seconds)}: {options.out / 'reproduction.md'}")
    return result


def _wanted_sets(
    sets: tuple[ReproductionSet, ...], names: tuple[str, ...], tables: tuple[int, ...]
) -> list[ReproductionSet]:
    """Those that were named; without the table of data sets only the ones of the other tables."""
    known = [one.name for one in sets]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise TrainingError(f"--sets: there is no set {unknown[0]!r}; name {', '.join(known)}")
    named = [one for one in sets if not names or one.name in names]
    return [one for one in named if DATA_SET_TABLE in tables or one.is_combined]


def _recipe(preset: str, options: ReproduceOptions) -> Preset:
    chosen = with_stem_input(get_preset(preset), options.stem_input)
    return paper_recipe(chosen, n_epochs=options.n_epochs)


def prepare_recipe(
    recipe: Preset, *, weights_dir: Path | None = None
) -> tuple[PreparedBackbone, ...]:
    """Get and compile the backbones of a recipe; the cell backbone is the shipped bundle's.

    Args:
        recipe: names the backbones.
        weights_dir: folder of keras.applications ``.h5`` files, or None.

    Raises:
        BackboneWeightsError: ImageNet weights cannot be had.
    """
    return tuple(
        prepare_backbone(spec, weights_dir=weights_dir, cell_arrays=_shipped_cell_arrays)
        for spec in recipe.branches
    )


def _shipped_cell_arrays() -> Arrays:
    shipped = open_bundle(SHIPPED_COMPACT)
    spec = next(s for s in shipped.preset.branches if s.backbone == CELL_BACKBONE)
    return shipped.read_backbone(spec)


def _run(
    recipe: Preset,
    backbones: tuple[PreparedBackbone, ...],
    options: ReproduceOptions,
    report: Report,
) -> ReproductionRun:
    return ReproductionRun(
        recipe=recipe,
        backbones=backbones,
        seed=options.seed,
        work_dir=options.work_dir or training_dir(),
        report=report,
    )


def _train_set(one: ReproductionSet, run: ReproductionRun) -> _TrainedSet:
    pooled = load_set_features(one, run)
    judged: dict[ProtocolName, JudgedPart] = {}
    heads: dict[ProtocolName, TrainedHeads] = {}
    for protocol in PROTOCOLS:
        run.report(f"{one.name}, {protocol} protocol")
        parts = split_set(one, protocol, run.seed)
        heads[protocol] = train_set(one, run, pooled, parts)
        judged[protocol] = judge_set(one, run.recipe, pooled, parts.test, heads[protocol], protocol)
        if run.bundles_dir is not None:
            keep_bundle(
                run.bundles_dir / f"{one.file_stem}-{protocol}",
                one.samples,
                (parts.train, parts.validation, parts.test),
                heads[protocol],
                preset=run.recipe,
                backbones=run.backbones,
                pooled=pooled,
                protocol=protocol,
                seed=run.seed,
                report=run.report,
            )
    return _TrainedSet(judged=judged, trained=heads)


def _write_set(out: Path, one: ReproductionSet, trained: _TrainedSet) -> None:
    for protocol in PROTOCOLS:
        stem = f"{one.file_stem}-{protocol}"
        write_held_out(trained.judged[protocol].fused, out / f"{stem}.csv")
        curves = json.dumps([asdict(curve) for curve in trained.trained[protocol].curves], indent=1)
        (out / f"{stem}-loss_curves.json").write_text(curves + "\n", encoding="utf-8")


def _base_models(
    sets: list[ReproductionSet],
    recipe: Preset,
    options: ReproduceOptions,
    report: Report,
    has_main: bool,
) -> tuple[BaseModelRow, ...]:
    """The eight single networks, without those whose row the preset's own branches give."""
    own = {spec.backbone for spec in recipe.branches} if has_main else set[str]()
    published = {figure.model: figure.accuracy_percent for figure in BASE_MODELS}
    rows = []
    for name, model in PAPER_BASE_MODELS.items():
        if name in own:
            continue
        report(f"base model {model}")
        base = _recipe(name, options)
        missing: str | None = None
        backbones: tuple[PreparedBackbone, ...] = ()
        try:
            backbones = prepare_recipe(base, weights_dir=options.backbone_weights)
        except BackboneWeightsError:
            missing = (
                f"not trained: {BACKBONES[name].weight_file} is not at hand; put it into a "
                "folder and name that with --backbone-weights"
            )
            report(f"{model} {missing}")
        for one in sets:
            figures: dict[ProtocolName, ProtocolFigures] = {}
            if missing is None:
                judged = _train_set(one, _run(base, backbones, options, report)).judged
                figures = {
                    protocol: _figures(part, part.fused.probabilities)
                    for protocol, part in judged.items()
                }
            rows.append(
                BaseModelRow(
                    set_name=one.name,
                    model=model,
                    published_percent=published[model],
                    missing=missing,
                    paper=figures.get("paper"),
                    grouped=figures.get("grouped"),
                )
            )
    return tuple(rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Published:
    """Accuracy that the paper prints in a row's place, and of which network."""

    percent: float | None = None
    model: str | None = None


def _rows(
    recipe: Preset, one: ReproductionSet, judged: dict[ProtocolName, JudgedPart]
) -> list[ReproductionRow]:
    def row(
        decider: Decider,
        model: str,
        published: _Published,
        probabilities: Callable[[JudgedPart], NDArray[np.floating]],
    ) -> ReproductionRow:
        figures = {
            protocol: _figures(part, probabilities(part)) for protocol, part in judged.items()
        }
        return ReproductionRow(
            set_name=one.name,
            decider=decider,
            model=model,
            published_percent=published.percent,
            published_model=published.model,
            paper=figures["paper"],
            grouped=figures["grouped"],
        )

    is_paper_set = one.is_combined and one.published_name is not None
    base = {figure.model: figure.accuracy_percent for figure in BASE_MODELS}
    ablation = {figure.model: figure.accuracy_percent for figure in ABLATION}
    rows = []
    for index, spec in enumerate(recipe.branches):
        published = _published_at(base, recipe, index) if is_paper_set else _Published()
        rows.append(row("branch", f"{spec.name} alone", published, partial(_of_branch, index)))
    for index, spec in enumerate(recipe.branches if judged["paper"].alone else ()):
        published = _published_at(ablation, recipe, index) if is_paper_set else _Published()
        model = f"{spec.name} through the meta-classifier"
        rows.append(row("ablation", model, published, partial(_of_branch_alone, index)))
    if len(recipe.branches) > 1:
        of_set = {figure.data_set: figure.accuracy_percent for figure in DATA_SETS}
        percent = of_set.get(one.published_name or "")
        published = _Published(percent=percent, model=" and ".join(PLACES) if percent else None)
        rows.append(row("fusion", "**fusion**", published, lambda part: part.fused.probabilities))
    return rows


def _published_at(figures: dict[str, float], recipe: Preset, index: int) -> _Published:
    """The paper's figure of the branch's own network, or of the one whose place it takes."""
    model = PAPER_BASE_MODELS.get(recipe.branches[index].backbone)
    if len(recipe.branches) == len(PLACES):
        model = model or PLACES[index]
    return _Published(percent=figures.get(model or ""), model=model if model in figures else None)


def _of_branch(index: int, part: JudgedPart) -> NDArray[np.floating]:
    return part.fused.branches[index].probabilities


def _of_branch_alone(index: int, part: JudgedPart) -> NDArray[np.floating]:
    return part.alone[index]


def _figures(part: JudgedPart, probabilities: NDArray[np.floating]) -> ProtocolFigures:
    decided = replace(part.fused, probabilities=np.asarray(probabilities, np.float64), branches=())
    return ProtocolFigures(
        n_distinct_images=len(np.unique(part.test[:, 0])), report=evaluate_predictions(decided)
    )


def _set_figures(one: ReproductionSet, seed: int) -> SetFigures:
    labels = [sample.label for sample in one.samples]
    leakage = measure_leakage(split_paper(labels, seed=seed))
    edges = read_edge_features(one.samples)
    indices = class_indices(one)

    def background(parts: Parts) -> float:
        train, test = (np.unique(part[:, 0]) for part in (parts.train, parts.test))
        return background_balanced_accuracy(
            edges[train], indices[train], edges[test], indices[test]
        )

    paper, grouped = (split_set(one, protocol, seed) for protocol in PROTOCOLS)
    counts = Counter(labels)
    return SetFigures(
        set_name=one.name,
        n_images=len(one.samples),
        n_groups=len(set(one.split_groups)),
        images_of_label={name: counts[name] for name in one.class_names},
        n_paper_items=(len(paper.train), len(paper.validation), len(paper.test)),
        n_grouped_images=(
            len(np.unique(grouped.train[:, 0])),
            len(grouped.validation),
            len(grouped.test),
        ),
        identical_fraction=leakage.identical_fraction,
        sibling_fraction=leakage.sibling_fraction,
        background_paper=background(paper),
        background_grouped=background(grouped),
    )


def _costs(run: ReproductionRun, trained: TrainedHeads) -> tuple[PartCost, ...]:
    """Parameters, and the time of each branch with its head and of the whole on 32 images."""
    branches, batches = run.recipe.branches, random_step(run.recipe)
    is_fused = len(branches) > 1

    def branch_step(index: int) -> object:
        pooled = pool(run.backbones[index].frozen.forward(batches[index]))
        return forward(whole_stack(trained, index), pooled)

    def whole_step() -> object:
        pooled = tuple(
            pool(backbone.frozen.forward(batch))
            for backbone, batch in zip(run.backbones, batches, strict=True)
        )
        return predict_logits(trained.heads, pooled)

    sizes = [_branch_parameters(run, trained, index) for index in range(len(branches))]
    costs = [
        PartCost(
            model=f"branch {spec.name}",
            n_parameters=sizes[index],
            published_parameters=BRANCH_PARAMETERS[index] if is_fused else None,
            milliseconds=median_ms(partial(branch_step, index)),
            published_milliseconds=STEP_MS[index] if is_fused else None,
        )
        for index, spec in enumerate(branches)
    ]
    if not is_fused:
        return tuple(costs)
    meta = count_parameters(trained.heads.fusion)
    costs.append(
        PartCost(
            model="meta-classifier",
            n_parameters=meta,
            published_parameters=META_CLASSIFIER_PARAMETERS,
            milliseconds=None,
            published_milliseconds=None,
        )
    )
    costs.append(
        PartCost(
            model="fusion, all together",
            n_parameters=sum(sizes) + meta,
            published_parameters=None,
            milliseconds=median_ms(whole_step),
            published_milliseconds=STEP_MS[-1],
        )
    )
    return tuple(costs)


def _branch_parameters(run: ReproductionRun, trained: TrainedHeads, index: int) -> int:
    """Of a branch in the fusion: everything but its last Dense."""
    head = trained.heads.branches[index]
    of_backbone = sum(array.size for array in run.backbones[index].arrays.values())
    return of_backbone + count_parameters((*head.imagenet_top, *head.embed))
