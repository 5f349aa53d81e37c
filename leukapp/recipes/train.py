"""``leukapp train``: from labelled images to a bundle that says how good it is."""

import shlex
from dataclasses import replace

from leukapp.data.catalog import Sample
from leukapp.errors import LeukappError
from leukapp.evaluation.report import PROTOCOL_TEXTS, EvaluationReport, format_estimate
from leukapp.json_files import write_json
from leukapp.model.artifacts import LOSS_FILE, MODEL_CARD_FILE
from leukapp.model.bundle import Bundle, write_bundle
from leukapp.model.fit_bounds import bound_notes
from leukapp.model.fusion import NetworkWeights
from leukapp.model.weights_io import read_arrays
from leukapp.process_threads import one_blas_thread
from leukapp.recipes.bundle_artifacts import write_artifacts
from leukapp.recipes.checked_catalog import write_findings
from leukapp.recipes.fitting import fit_network
from leukapp.recipes.judge import JudgedImage, as_they_are, augmented_copies
from leukapp.recipes.preparation import (
    Report,
    SampleSplit,
    TrainOptions,
    hash_training_images,
    prepare_training,
    record_training,
)
from leukapp.recipes.unfreezing import unfreeze
from leukapp.resources import BUNDLE_VARIABLE
from leukapp.training.corpus import summarize_training


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
    prepared = prepare_training(options, report)
    fitted = fit_network(
        prepared.preset,
        prepared.corpus,
        prepared.train,
        prepared.validation,
        seed=options.seed,
        report=report,
        checkpoint_dir=prepared.work_dir / "stages",
    )
    if options.unfreeze_epochs:
        prepared, fitted = unfreeze(
            prepared, fitted, n_epochs=options.unfreeze_epochs, seed=options.seed, report=report
        )
    samples, split = prepared.samples, prepared.split
    try:
        bundle = write_bundle(
            options.out,
            preset=prepared.preset,
            weights=NetworkWeights(
                backbones=tuple(backbone.arrays for backbone in prepared.backbones),
                heads=fitted.heads,
            ),
            gate=fitted.gate,
            thresholds=fitted.thresholds,
            training=replace(
                record_training(
                    samples,
                    split,
                    catalog_sha256=prepared.checked.catalog.sha256(),
                    protocol=options.protocol,
                    seed=options.seed,
                ),
                left_out_sources=fitted.left_out_sources,
            ),
            training_images=hash_training_images(samples, split),
            finder=None if options.finder is None else read_arrays(options.finder),
            summary=summarize_training(prepared.corpus, split.train, seed=options.seed),
        )
        write_json(bundle.folder / LOSS_FILE, fitted.curves)
        write_findings(prepared.checked.findings, bundle.folder)
    except OSError as error:
        raise LeukappError(
            f"the bundle cannot be written to {options.out}: {error.strerror}; name another folder"
        ) from error
    for note in bound_notes(fitted.thresholds):
        report(note)
    report(f"bundle: {bundle.folder} {bundle.sha256[:12]}")
    evaluation = write_artifacts(
        bundle,
        train=[samples[i] for i in split.train],
        test=_judged_images(samples, split),
        external=prepared.external,
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
