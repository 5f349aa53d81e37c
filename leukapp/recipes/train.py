"""``leukapp train``: from labelled images to a bundle that says how good it is."""

import shlex
from collections.abc import Callable
from dataclasses import replace

from leukapp.data.catalog import Catalog, Sample
from leukapp.errors import LeukappError, TrainingError
from leukapp.evaluation.report import PROTOCOL_TEXTS, EvaluationReport, format_estimate
from leukapp.json_files import write_json
from leukapp.labels import order_classes
from leukapp.model.artifacts import LOSS_FILE, MODEL_CARD_FILE
from leukapp.model.bundle import Bundle, write_bundle
from leukapp.model.fit_bounds import bound_notes
from leukapp.model.fusion import NetworkWeights
from leukapp.model.presets import Preset, get_preset, paper_recipe, with_stem_input
from leukapp.process_threads import one_blas_thread
from leukapp.recipes.checked_catalog import read_checked_catalog, write_findings
from leukapp.recipes.fitting import fit_network
from leukapp.recipes.judge import JudgedImage, as_they_are, augmented_copies
from leukapp.recipes.papers import write_papers
from leukapp.recipes.preparation import (
    SampleSplit,
    build_corpus,
    choose_items,
    prepare_trunks,
    split_samples,
)
from leukapp.recipes.train_options import TrainOptions
from leukapp.recipes.training_record import hash_training_images, record_training
from leukapp.recipes.unfreezing import FrozenRun, unfreeze
from leukapp.resources import BUNDLE_VARIABLE, training_dir

Report = Callable[[str], None]


@one_blas_thread()
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
    checked = read_checked_catalog(options.data, report=report)
    original = checked.catalog
    report(f"data: {len(original.samples)} images of {', '.join(original.source_names)}")
    work_dir = options.work_dir or training_dir()
    samples, split = split_samples(original, options)
    external = _external_samples(original, samples, report)
    trunks = prepare_trunks(
        preset,
        options,
        [
            *(samples[i] for i in (*split.validation, *split.test)),
            *external,
        ],
        work_dir,
        report,
    )
    corpus = build_corpus(samples, preset, trunks, work_dir / "features", report)
    train, validation = choose_items(split, corpus)
    fitted = fit_network(
        preset,
        corpus,
        train,
        validation,
        seed=options.seed,
        report=report,
        checkpoint_dir=work_dir / "stages",
    )
    if options.unfreeze_epochs:
        run = FrozenRun(
            preset=preset,
            corpus=corpus,
            trunks=trunks,
            fitted=fitted,
            train=train,
            validation=validation,
        )
        run = unfreeze(
            run,
            n_epochs=options.unfreeze_epochs,
            seed=options.seed,
            cache_dir=work_dir / "features",
            report=report,
        )
        trunks, fitted = run.trunks, run.fitted
    try:
        bundle = write_bundle(
            options.out,
            preset=preset,
            weights=NetworkWeights(
                trunks=tuple(trunk.arrays for trunk in trunks), heads=fitted.heads
            ),
            gate=fitted.gate,
            thresholds=fitted.thresholds,
            training=replace(
                record_training(
                    samples,
                    split,
                    catalog_sha256=original.sha256(),
                    protocol=options.protocol,
                    seed=options.seed,
                ),
                left_out_sources=fitted.left_out_sources,
                keeps_risk=fitted.keeps_risk,
            ),
            training_images=hash_training_images(samples, split),
        )
        write_json(bundle.folder / LOSS_FILE, fitted.curves)
        write_findings(checked.findings, bundle.folder)
    except OSError as error:
        raise LeukappError(
            f"the bundle cannot be written to {options.out}: {error.strerror}; name another folder"
        ) from error
    for note in bound_notes(fitted.thresholds):
        report(note)
    report(f"bundle: {bundle.folder} {bundle.sha256[:12]}")
    evaluation = write_papers(
        bundle,
        train=[samples[i] for i in split.train],
        test=_judged_images(samples, split),
        external=external,
        protocol=options.protocol,
        report=report,
    )
    for line in _closing_lines(bundle, evaluation):
        report(line)
    return bundle


def _closing_lines(bundle: Bundle, evaluation: EvaluationReport) -> list[str]:
    """How good the bundle is, source by source, and what to type next."""
    lines = []
    for one in evaluation.sources:
        figures = one.report
        lines.append(
            f"{one.source}, {PROTOCOL_TEXTS[one.protocol]}: {figures.n_images} images of "
            f"{figures.n_groups} groups, accuracy {format_estimate(figures.accuracy)}, called "
            f"{figures.coverage:.0%}, of these right {format_estimate(figures.accuracy_of_called)}"
        )
    folder = shlex.quote(str(bundle.folder))
    return [
        *lines,
        f"model card: {bundle.folder / MODEL_CARD_FILE}",
        "next, in the app:      " + f"{BUNDLE_VARIABLE}={folder} leukapp app",
        "next, on one image:    " + f"leukapp diagnose IMAGE --bundle {folder}",
        "next, on other images: " + f"leukapp evaluate --bundle {folder} --data DATA --out DIR",
    ]


def _judged_images(samples: tuple[Sample, ...], split: SampleSplit) -> tuple[JudgedImage, ...]:
    """The test part: whole images, or the augmented copies of the paper's split."""
    if split.augmented is not None:
        return augmented_copies(samples, split.augmented.test)
    return as_they_are([samples[i] for i in split.test])


def _external_samples(
    catalog: Catalog, trained: tuple[Sample, ...], report: Report
) -> list[Sample]:
    """Images of sources kept for judging, without those of a class that is not trained on."""
    class_names = order_classes(sample.label for sample in trained)
    report(f"classes: {', '.join(class_names)}")
    external = [sample for sample in catalog.samples if sample.role == "external"]
    known = [sample for sample in external if sample.label in class_names]
    if len(known) < len(external):
        report(
            f"left out: {len(external) - len(known)} external images of a class that is not "
            "trained on"
        )
    return known


def _preset(options: TrainOptions) -> Preset:
    preset = with_stem_input(get_preset(options.preset), options.stem_input)
    if options.unfreeze_epochs < 0:
        raise TrainingError(f"--unfreeze must be 0 or more, got {options.unfreeze_epochs}")
    if options.protocol == "paper":
        return paper_recipe(preset, n_epochs=options.n_epochs)
    if options.n_epochs is None:
        return preset
    if options.n_epochs < 1:
        raise TrainingError(f"--epochs must be at least 1, got {options.n_epochs}")
    hyperparameters = replace(preset.hyperparameters, n_epochs=options.n_epochs)
    return replace(preset, hyperparameters=hyperparameters)
