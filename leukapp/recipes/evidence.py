"""``leukapp evidence``: how far the recipe generalizes, row by row, and what the rows rest on."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import balanced_accuracy_score

from leukapp.data.catalog import Catalog, Sample
from leukapp.data.readers.cell_marks import read_cell_marks
from leukapp.data.splits import grouped_folds
from leukapp.errors import CatalogError
from leukapp.evaluation.background import background_balanced_accuracy
from leukapp.evaluation.detection import DetectionReport
from leukapp.evaluation.held_out import (
    BranchPredictions,
    HeldOutSet,
    Protocol,
    read_held_out,
    write_held_out,
)
from leukapp.evaluation.report import EvaluationReport
from leukapp.inference.decision import DecisionRule
from leukapp.labels import HEALTHY
from leukapp.model.artifacts import HELD_OUT_FILE, REPORT_FILE
from leukapp.model.bundle import Bundle, open_bundle
from leukapp.model.manifest import TrainingRecord
from leukapp.model.presets import Preset
from leukapp.process_threads import one_blas_thread
from leukapp.recipes.checked_catalog import read_checked_catalog
from leukapp.recipes.detection import detect_marked
from leukapp.recipes.evidence_report import (
    BlankedFigure,
    CalibrationFigure,
    Evidence,
    EvidenceRow,
    Goal,
)
from leukapp.recipes.fitting import FittedNetwork, fit_network
from leukapp.recipes.judge import read_edge_features
from leukapp.recipes.left_out import without_images
from leukapp.recipes.papers import EXTERNAL_FILE
from leukapp.recipes.preparation import (
    SampleSplit,
    TrainOptions,
    build_corpus,
    choose_items,
    split_samples,
)
from leukapp.resources import training_dir
from leukapp.training.corpus import Corpus, ItemVariants, answer_images
from leukapp.training.feature_cache import BlankedCells, load_features
from leukapp.training.progress import Progress
from leukapp.training.trunks import PreparedTrunk, prepare_trunk

N_FOLDS: Final = 5
FOLDER_NAME: Final = "evidence"
NO_LEUKOCYTE: Final = "No leukocyte was found."
NO_CALL: Final = "Too far from training, not sure enough, or the branches disagree."
LEFT_OUT_SOURCES: Final = {
    "all_idb2": Goal(before="0.35-0.63", target=0.85),
    "aria": None,
    "jhu_aml": None,
    "pbc_healthy": None,
}
"""Sources that a training does without, and what their AUROC is held against."""

HEALTHY_SOURCES: Final = {"pbc_healthy_batch2": "0.004", "bccd": "0.35", "tecom": "0.47"}
"""Sources of healthy images, with the share that was called leukemia before there was a gate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceOptions:
    """What ``leukapp evidence`` was asked for.

    Attributes:
        data: folder of the samples that the bundle was trained on.
        bundle: folder of the bundle; its preset, seed and calibration are taken.
        work_dir: keeps features and finished stages, those of the training too; None is the cache.
    """

    data: Path
    bundle: Path
    work_dir: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Stage:
    """What every row needs."""

    bundle: Bundle
    preset: Preset
    catalog: Catalog
    samples: tuple[Sample, ...]
    split: SampleSplit
    trunks: tuple[PreparedTrunk, ...]
    corpus: Corpus
    train: ItemVariants
    validation: ItemVariants
    work_dir: Path
    report: Callable[[str], None]


@one_blas_thread()
def gather_evidence(
    options: EvidenceOptions, *, report: Callable[[str], None] = lambda _line: None
) -> Evidence:
    """Train what the rows need, judge, and write tables and report beside the bundle.

    Args:
        options: what is asked for.
        report: takes a line of progress.

    Returns:
        What ``evidence.json`` and ``evidence.md`` in the bundle's folder ``evidence`` say.

    Raises:
        LeukappError: the bundle or the data cannot be used, or are not of each other.
    """
    stage = _prepare(options, report)
    folder = options.bundle / FOLDER_NAME
    folder.mkdir(parents=True, exist_ok=True)
    held_out = read_held_out(options.bundle / HELD_OUT_FILE)
    external = read_held_out(options.bundle / EXTERNAL_FILE)
    judged = EvaluationReport.from_json((options.bundle / REPORT_FILE).read_text(encoding="utf-8"))
    background = {
        one.source: one.background_balanced_accuracy
        for one in judged.sources
        if one.background_balanced_accuracy is not None
    }
    rows = [
        EvidenceRow.of(
            "JHU blast against normal cell, held-out patients",
            held_out.of_source("jhu_aml"),
            "AUROC",
            goal=Goal(before="0.986", target=0.990),
            background=background.get("jhu_aml"),
        ),
        EvidenceRow.of(
            "LMU AML against normal cell, a laboratory never seen",
            external.of_source("lmu"),
            "AUROC",
            goal=Goal(before="0.911", target=0.96),
            background=background.get("lmu"),
        ),
    ]
    folds, of_folds = _judge_folds(stage, "all_idb2")
    write_held_out(folds, folder / "all_idb2_folds.csv")
    rows.append(
        EvidenceRow.of(
            f"ALL-IDB2, {N_FOLDS} folds over its blocks",
            folds,
            "accuracy",
            goal=Goal(before="0.948", target=0.97),
            background=of_folds,
        )
    )
    for source, goal in LEFT_OUT_SOURCES.items():
        left_out, of_edge = _judge_left_out(stage, source)
        write_held_out(left_out, folder / f"{source}_left_out.csv")
        name = f"{source}, trained without it"
        if len(set(left_out.true_labels.tolist())) > 1:
            rows.append(EvidenceRow.of(name, left_out, "AUROC", goal=goal, background=of_edge))
        rows.append(EvidenceRow.of(name, left_out, "share called wrongly"))
    for source, before in HEALTHY_SOURCES.items():
        goal = Goal(before=before, target=0.02)
        of_source = external.of_source(source)
        name = f"{source}, healthy, never seen"
        rows.append(EvidenceRow.of(name, of_source, "share called ALL or AML", goal=goal))
    for source in external.source_names:
        goal = Goal(before="", target=0.01)
        of_source = external.of_source(source)
        name = f"{source}, never seen"
        rows.append(EvidenceRow.of(name, of_source, "share called wrongly", goal=goal))
    evidence = Evidence(
        bundle_sha256=stage.bundle.sha256,
        rows=tuple(rows),
        blanked=_judge_blanked(stage),
        calibration=tuple(
            CalibrationFigure(
                source=one.source, protocol=one.protocol, ece=one.ece, brier=one.brier
            )
            for one in judged.sources
        ),
        detection=_detection(options.data),
    )
    (folder / "evidence.json").write_text(evidence.to_json(), encoding="utf-8")
    (folder / "evidence.md").write_text(evidence.to_markdown(), encoding="utf-8")
    report(f"evidence: {folder}")
    return evidence


def read_trained_catalog(
    data: Path, training: TrainingRecord, *, report: Callable[[str], None] = lambda _line: None
) -> Catalog:
    """Read the data that a bundle was trained on, without the files that the training left out.

    Args:
        data: folder of the samples.
        training: of the bundle.
        report: takes a line for each finding.

    Raises:
        CatalogError: the data cannot be read, or is not that of the bundle.
    """
    catalog = read_checked_catalog(data, report=report).catalog
    if catalog.sha256() != training.catalog_sha256:
        raise CatalogError(
            "the bundle was trained on other data than this; train it again or name its data"
        )
    return catalog


def _prepare(options: EvidenceOptions, report: Callable[[str], None]) -> _Stage:
    bundle = open_bundle(options.bundle)
    catalog = read_trained_catalog(options.data, bundle.training, report=report)
    work_dir = options.work_dir or training_dir()
    training = TrainOptions(
        preset=bundle.preset.name,
        data=options.data,
        out=options.bundle,
        protocol="grouped",
        seed=bundle.training.seed,
    )
    samples, split = split_samples(catalog, training)
    # The bundle's own trunks: a cell backbone trained again would be another one.
    trunks = tuple(
        prepare_trunk(
            spec, weights_dir=None, cell_arrays=functools.partial(bundle.read_trunk, spec)
        )
        for spec in bundle.preset.branches
    )
    corpus = build_corpus(samples, bundle.preset, trunks, work_dir / "features", report)
    train, validation = choose_items(split, corpus)
    return _Stage(
        bundle=bundle,
        preset=bundle.preset,
        catalog=catalog,
        samples=samples,
        split=split,
        trunks=trunks,
        corpus=corpus,
        train=train,
        validation=validation,
        work_dir=work_dir,
        report=report,
    )


def _judge_left_out(stage: _Stage, source: str) -> tuple[HeldOutSet, float]:
    """Every image of a source, by a network that was trained on the others."""
    is_own = np.array([sample.source == source for sample in stage.samples])
    train = without_images(is_own, stage.corpus, stage.train)
    validation = without_images(is_own, stage.corpus, stage.validation)
    fitted = _fit(stage, train, validation, f"without {source}")
    images = np.flatnonzero([sample.source == source for sample in stage.samples])
    others = np.unique(stage.corpus.sample_indices[train[:, 0]])
    return (
        _held_out(stage, [(fitted, images)], "external"),
        _background(stage, others, images),
    )


def _judge_folds(stage: _Stage, source: str) -> tuple[HeldOutSet, float]:
    """Every image of a source, by a network trained on the other sources and its other blocks."""
    corpus = stage.corpus
    is_own = np.array([sample.source == source for sample in stage.samples])
    own = np.flatnonzero(is_own)
    folds = grouped_folds(
        [stage.samples[i].label for i in own],
        [stage.samples[i].group for i in own],
        n_folds=N_FOLDS,
        seed=stage.bundle.training.seed,
    )
    # The other sources stop the training, so that no block of so small a source is lost to it.
    validation = without_images(is_own, corpus, stage.validation)
    parts: list[tuple[FittedNetwork, NDArray[np.int64]]] = []
    accuracies: list[tuple[float, int]] = []
    for number, fold in enumerate(folds):
        judged = own[np.asarray(fold.test, np.int64)]
        kept = [int(i) for i in own if i not in set(judged)]
        train = np.concatenate(
            [
                without_images(is_own, corpus, stage.train),
                corpus.variants_of(kept, corpus.n_variants),
            ]
        )
        parts.append((_fit(stage, train, validation, f"fold {number + 1}"), judged))
        others = np.unique(corpus.sample_indices[train[:, 0]])
        accuracies.append((_background(stage, others, judged), len(judged)))
    mean = float(np.average([a for a, _ in accuracies], weights=[n for _, n in accuracies]))
    return _held_out(stage, parts, "grouped"), mean


def _fit(stage: _Stage, train: ItemVariants, validation: ItemVariants, what: str) -> FittedNetwork:
    """Heads and gate of other training items; when it calls is the bundle's."""
    stage.report(f"training: {what}")
    return fit_network(
        stage.preset,
        stage.corpus,
        train,
        validation,
        seed=stage.bundle.training.seed,
        checkpoint_dir=stage.work_dir / "stages",
        report=stage.report,
        calling=stage.bundle.thresholds,
    )


def _held_out(
    stage: _Stage,
    parts: Sequence[tuple[FittedNetwork, NDArray[np.int64]]],
    protocol: Protocol,
) -> HeldOutSet:
    """Answers of several networks for the images that each has not seen, as one table."""
    answers = [
        answer_images(fitted.heads, fitted.rule, stage.corpus, images) for fitted, images in parts
    ]
    samples = [stage.samples[i] for _, images in parts for i in images]
    # Without a leukocyte there is no answer: equal shares, and a reason instead of a call.
    class_names = stage.bundle.class_names
    nothing = 1 / len(class_names)
    in_steps = stage.bundle.thresholds.limits is not None
    names = tuple(name for one in answers for name in one.answers)
    is_called = np.array([name is not None for name in names], np.bool_)
    fused = np.concatenate([one.probabilities for one in answers]).astype(np.float64)
    branches = (
        np.concatenate([one.branch_probabilities[index] for one in answers])
        for index in range(len(stage.preset.branches))
    )
    return HeldOutSet(
        sample_ids=tuple(sample.sample_id for sample in samples),
        groups=tuple(sample.group for sample in samples),
        groups_known=np.array([sample.groups_known for sample in samples], np.bool_),
        sources=tuple(sample.source for sample in samples),
        true_labels=np.array([class_names.index(s.label) for s in samples], np.int64),
        probabilities=np.nan_to_num(fused, nan=nothing),
        branches=tuple(
            BranchPredictions(
                name=spec.name,
                probabilities=np.nan_to_num(values.astype(np.float64), nan=nothing),
            )
            for spec, values in zip(stage.preset.branches, branches, strict=True)
        ),
        is_called=is_called,
        no_call_reasons=tuple(
            None if called else NO_LEUKOCYTE if np.isnan(row).any() else NO_CALL
            for called, row in zip(is_called, fused, strict=True)
        ),
        protocol=protocol,
        bundle_sha256=stage.bundle.sha256,
        class_names=class_names,
        answers=names if in_steps else None,
    )


def _background(stage: _Stage, train: NDArray[np.int64], judged: NDArray[np.int64]) -> float:
    """Balanced accuracy of the image edge alone, on the same split."""
    features = read_edge_features([stage.samples[i] for i in (*train, *judged)])
    classes = stage.corpus.class_indices
    n_train = len(train)
    return background_balanced_accuracy(
        features[:n_train], classes[train], features[n_train:], classes[judged]
    )


def _judge_blanked(stage: _Stage) -> tuple[BlankedFigure, ...]:
    """The bundle on held-out images whose cells are painted over: what the surroundings tell."""
    samples = [stage.samples[i] for i in stage.split.test]
    bundle, rule = stage.bundle, DecisionRule.of(stage.bundle)
    healthy = bundle.class_names.index(HEALTHY)
    figures = []
    features = {
        blank: [
            load_features(
                samples,
                trunk.frozen,
                variants=BlankedCells(is_blank=blank, n_turns=stage.preset.n_turns),
                enhancement=stage.preset.enhancement,
                cache_dir=stage.work_dir / "features",
                report=Progress(f"cells {'painted over' if blank else 'seen'}", stage.report).step,
            )
            for trunk in stage.trunks
        ]
        for blank in (False, True)
    }
    for source in sorted({sample.source for sample in samples}):
        accuracies = {}
        for blank, of_branches in features.items():
            corpus = Corpus(
                samples=tuple(samples),
                pooled=tuple(one.pooled for one in of_branches),
                sample_indices=of_branches[0].sample_indices,
                imagenet_tops=(),
                class_names=bundle.class_names,
            )
            own = np.flatnonzero([sample.source == source for sample in samples])
            answers = answer_images(bundle.heads, rule, corpus, own)
            has_answer = ~np.isnan(answers.probabilities).any(axis=1)
            says_healthy = answers.probabilities[has_answer].argmax(axis=1) == healthy
            is_healthy = corpus.class_indices[own[has_answer]] == healthy
            if len(set(is_healthy)) == 2:
                accuracies[blank] = balanced_accuracy_score(is_healthy, says_healthy)
        if accuracies:
            figures.append(
                BlankedFigure(
                    source=source, seen=float(accuracies[False]), blanked=float(accuracies[True])
                )
            )
    return tuple(figures)


def _detection(data: Path) -> dict[str, DetectionReport]:
    """Every second marked field was tuned on; the others are the figure."""
    marked = read_cell_marks(data / "smears" / "bccd_fields")
    if not marked:
        return {}
    return {
        "BCCD, fields tuned on": detect_marked(marked[::2]),
        "BCCD, the other fields": detect_marked(marked[1::2]),
    }
