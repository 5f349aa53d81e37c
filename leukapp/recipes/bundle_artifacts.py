"""What a bundle carries beside its weights: held-out table, report and model card."""

from collections.abc import Callable, Sequence

import numpy as np

from leukapp.data.catalog import Sample
from leukapp.diagnosis import Diagnoser
from leukapp.evaluation.background import background_balanced_accuracy
from leukapp.evaluation.held_out import HeldOutSet, SplitProtocol, write_held_out
from leukapp.evaluation.report import EvaluationReport, build_report, report_to_markdown
from leukapp.inference.choose import open_engine
from leukapp.labels import ALL, AML, LEUKEMIA_NAMES, join_with_or
from leukapp.model.artifacts import HELD_OUT_FILE, MODEL_CARD_FILE, REPORT_FILE, seal_bundle
from leukapp.model.bundle import Bundle
from leukapp.model.fit_bounds import bound_notes, fits_on_bounds
from leukapp.model.manifest import CallLimits
from leukapp.model.presets import told_assumptions
from leukapp.recipes.judge import JudgedImage, as_they_are, judge_images, read_edge_features
from leukapp.recipes.left_out import MAX_HELD_OUT_RISK, MAX_LEFT_OUT_RISK
from leukapp.result_record import RESEARCH_USE_NOTICE

EXTERNAL_FILE = "held_out_external.csv"


def write_artifacts(
    bundle: Bundle,
    *,
    train: Sequence[Sample],
    test: Sequence[JudgedImage],
    external: Sequence[Sample],
    protocol: SplitProtocol,
    report: Callable[[str], None],
) -> EvaluationReport:
    """Judge a fresh bundle as the app judges, in f32, and write what it showed into its folder.

    Args:
        bundle: just trained.
        train: images of the training part; the background baseline is fitted on them alone.
        test: held-out images of the sources it was trained on; under the leaking protocol the
            augmented copies of its test part.
        external: images of sources it has not seen.
        protocol: of the split.
        report: takes a line of progress.

    Returns:
        The report: one result for each source under each protocol.
    """
    diagnoser = Diagnoser(bundle, open_engine(bundle, "openvino-f32"))
    sets: list[HeldOutSet] = []
    files: list[tuple[str, Sequence[JudgedImage], SplitProtocol]] = [
        (HELD_OUT_FILE, test, protocol)
    ]
    if external:
        files.append((EXTERNAL_FILE, as_they_are(external), "external"))
    for name, images, of_protocol in files:
        held_out = judge_images(diagnoser, images, protocol=of_protocol)
        write_held_out(held_out, bundle.folder / name)
        sets.append(held_out)
        report(f"judged: {len(images)} images, {of_protocol}")
    tested = {one.sample.sample_id: one.sample for one in test}
    background = _background(train, [*tested.values(), *external], bundle.class_names)
    evaluation = build_report(tuple(sets), bundle.name, background)
    (bundle.folder / REPORT_FILE).write_text(evaluation.to_json(), encoding="utf-8")
    (bundle.folder / MODEL_CARD_FILE).write_text(
        model_card(bundle, report_to_markdown(evaluation)), encoding="utf-8"
    )
    seal_bundle(bundle, (*(name for name, _, _ in files), REPORT_FILE, MODEL_CARD_FILE))
    return evaluation


def _background(
    train: Sequence[Sample], judged: Sequence[Sample], class_names: tuple[str, ...]
) -> dict[str, float]:
    """Balanced accuracy of the image edge alone for each source, also one of a single class."""
    train_features = read_edge_features(train)
    train_labels = np.array([class_names.index(sample.label) for sample in train], np.int64)
    results = {}
    for source in sorted({sample.source for sample in judged}):
        samples = [sample for sample in judged if sample.source == source]
        labels = np.array([class_names.index(sample.label) for sample in samples], np.int64)
        results[source] = background_balanced_accuracy(
            train_features, train_labels, read_edge_features(samples), labels
        )
    return results


def model_card(bundle: Bundle, results: str) -> str:
    """What a reader must know of a bundle, as Markdown."""
    training, thresholds = bundle.training, bundle.thresholds
    rows = "\n".join(
        f"| {source} | {', '.join(f'{label} {n}' for label, n in counts.items())} |"
        for source, counts in training.sources.items()
    )
    branches = " + ".join(spec.backbone for spec in bundle.preset.branches)
    leaking = (
        "\n**Leaking protocol: copies of test images are in training. These figures flatter.**\n"
        if training.protocol == "paper"
        else ""
    )
    assumptions = told_assumptions(bundle.preset)
    assumed = f"\n{assumptions}\n" if assumptions else ""
    return f"""# Model card: {bundle.name}

{RESEARCH_USE_NOTICE}

Bundle `{bundle.sha256[:16]}`, preset `{bundle.preset.name}` ({branches}), trained
{training.created_utc}, seed {training.seed}, protocol `{training.protocol}`.
{assumed}{leaking}
## What it answers
One image in, one of {_described_classes(bundle)}
out, or "no call". {_what_it_judges(bundle)} It does not know the patient.
{_how_it_fuses(bundle)}

## What it was trained on
{len(training.train_groups)} groups trained, {len(training.validation_groups)} chose the epoch and
the thresholds, {len(training.test_groups)} were held out. Images of each source in training:

| source | images |
|---|---|
{rows}

{_how_judged(bundle)} The background-only column is what the image edge alone gives,
without the cell: where it is high, the laboratory can be read from the background, and a good
figure beside it proves less.{_where_classes_come_from(bundle)}

{results}

## When it says "no call"
If the quality check finds a reason; if the image is farther from the training images than
{thresholds.max_feature_distance:.3f} (set so that {thresholds.false_reject_fraction:.0%} of the
validation images are turned away); {_confidence(bundle)}
{_calibration(bundle)}

## Do not use it for
Diagnosis or treatment decisions; images of other stains or organs; counting blasts; telling
subtypes.
"""


def _how_judged(bundle: Bundle) -> str:
    """Heading and first sentences of the results."""
    if bundle.training.protocol == "paper":
        return (
            "## How good it is on copies of images that it was trained on\n"
            "Each row is a source of its own and never pooled. A row of the protocol `paper`\n"
            "counts augmented copies: other copies of nearly every one of these images, and exact\n"
            "copies of most, were trained on. Only an external row is of images it was not\n"
            "trained on."
        )
    return (
        "## How good it is where it was not trained\n"
        "Each row is a source of its own and never pooled. A held-out row shares its laboratory\n"
        "with training; an external row does not."
    )


def _described_classes(bundle: Bundle) -> str:
    return join_with_or(
        f"{name} ({LEUKEMIA_NAMES[name]})" if name in LEUKEMIA_NAMES else name
        for name in bundle.class_names
    )


def _where_classes_come_from(bundle: Bundle) -> str:
    if not {ALL, AML} <= set(bundle.class_names):
        return ""
    return (
        " ALL and AML come from different laboratories here, so no figure\n"
        'separates "ALL or AML" from "which laboratory".'
    )


def _what_it_judges(bundle: Bundle) -> str:
    if bundle.preset.input_mode == "whole":
        side_px = bundle.preset.branches[0].input_size_px
        return f"It judges the image as a whole, squeezed to {side_px} pixels a side."
    return (
        "It finds the leukocytes by their nuclei, cuts each out at one scale and white balance,\n"
        "judges each and puts the answers together; a photograph of one cell is one crop. Cells\n"
        "that are not stained, or not found, do not count."
    )


def _how_it_fuses(bundle: Bundle) -> str:
    share, n_turns = bundle.preset.late_fusion, bundle.preset.n_turns
    turned = (
        ""
        if n_turns == 1
        else f"Each backbone sees it in {n_turns} quarter turns, and its activations, turned "
        "back,\nare averaged. "
    )
    if not share:
        return f"{turned}The meta-classifier alone decides."
    return (
        f"{turned}The fused logits are the meta-classifier's ({1 - share:.0%}) and the mean of the "
        f"branches' own ({share:.0%})."
    )


def _confidence(bundle: Bundle) -> str:
    if bundle.thresholds.limits is not None:
        return _two_steps(bundle.thresholds.limits)
    limit = bundle.thresholds.min_confidence
    if not bundle.thresholds.needs_agreement:
        return f"or if the calibrated probability is under {limit:.2f}."
    return (
        "or if the fused decision and\nthe branches do not all name one class, "
        f"each with at least {limit:.2f}: {_how_limit_was_chosen(bundle)}"
    )


def _two_steps(limits: CallLimits) -> str:
    def told(limit: float | None) -> str:
        return "never" if limit is None else f"from {limit:.4g}"

    types = ", ".join(f"{name} {told(limit)}" for name, limit in limits.types.items())
    return (
        f"or if neither\nHealthy ({told(limits.healthy)}) nor leukemia ({told(limits.leukemia)}) "
        "is probable enough. The type of a leukemia is named by its\nshare of the probability of "
        f'leukemia ({types}); else the answer is\n"leukemia, type not determined".'
    )


def _how_limit_was_chosen(bundle: Bundle) -> str:
    training = bundle.training
    held_out = f"at most {MAX_HELD_OUT_RISK:.0%} of the calls in held-out groups"
    unseen = f"at most {MAX_LEFT_OUT_RISK:.0%} of all images\nof laboratories left out of training"
    left_out = training.left_out_sources
    asked = held_out if left_out == () else f"{held_out}, and {unseen},"
    kept = "the smallest limit under which"
    if training.keeps_risk is False:
        kept = "the largest that was\ntried, and still not one under which"
    told = f"{kept}\n{asked} were called wrongly."
    if left_out == ():
        return (
            f"{told} No laboratory could be left out of\ntraining, for each alone holds a class, "
            "so nothing is known of laboratories it never saw."
        )
    named = "" if left_out is None else f" Left out, one at a time: {', '.join(left_out)}."
    return f"{told}{named} A laboratory that alone holds a class\nwas not left out for this."


def _calibration(bundle: Bundle) -> str:
    """The temperature, and every fit that ended on a bound."""
    thresholds = bundle.thresholds
    on_bounds = fits_on_bounds(thresholds)
    told = f"Probabilities are calibrated by temperature {thresholds.temperature:.2f}"
    if "temperature" not in on_bounds:
        told += ", fitted on the validation\ngroups"
    return "\n".join((f"{told}.", *bound_notes(thresholds)))
