"""What a bundle carries beside its weights: held-out table, report and model card."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from leukapp.data.catalog import Sample
from leukapp.diagnosis import Diagnoser
from leukapp.evaluation.background import background_balanced_accuracy
from leukapp.evaluation.feature_map import fit_feature_map, map_name, write_feature_map
from leukapp.evaluation.held_out import HeldOutSet, SplitProtocol, write_held_out
from leukapp.evaluation.report import EvaluationReport, build_report, report_to_markdown
from leukapp.labels import ALL, AML, LEUKEMIA_NAMES, MODE_NAMES, join_with_or
from leukapp.model.artifacts import HELD_OUT_FILE, MODEL_CARD_FILE, REPORT_FILE, seal_bundle
from leukapp.model.bundle import Bundle
from leukapp.model.fit_bounds import bound_notes, fits_on_bounds
from leukapp.model.manifest import file_sha256
from leukapp.model.presets import told_assumptions
from leukapp.recipes.judge import (
    JudgedImage,
    PlacedImages,
    as_they_are,
    judge_and_place,
    read_edge_features,
)
from leukapp.recipes.left_out import MAX_WRONG, MAX_WRONG_OF_LABORATORY
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
    diagnoser = Diagnoser.open(bundle.folder, engine="openvino-f32")
    sets: list[HeldOutSet] = []
    maps: list[str] = []
    files: list[tuple[str, Sequence[JudgedImage], SplitProtocol]] = [
        (HELD_OUT_FILE, test, protocol)
    ]
    if external:
        files.append((EXTERNAL_FILE, as_they_are(external), "external"))
    for name, images, of_protocol in files:
        placed = judge_and_place(diagnoser, images, protocol=of_protocol)
        write_held_out(placed.held_out, bundle.folder / name)
        maps += _write_map(placed, bundle.folder / name)
        sets.append(placed.held_out)
        report(f"judged: {len(images)} images, {of_protocol}")
    tested = {one.sample.sample_id: one.sample for one in test}
    background = _background(train, [*tested.values(), *external], bundle.class_names)
    evaluation = build_report(tuple(sets), bundle.name, background)
    (bundle.folder / REPORT_FILE).write_text(evaluation.to_json(), encoding="utf-8")
    (bundle.folder / MODEL_CARD_FILE).write_text(
        model_card(bundle, report_to_markdown(evaluation)), encoding="utf-8"
    )
    names = (*(name for name, _, _ in files), *maps, REPORT_FILE, MODEL_CARD_FILE)
    seal_bundle(bundle, names)
    return evaluation


def _write_map(placed: PlacedImages, table: Path) -> list[str]:
    """Write the map of a table beside it, and name it; none of fewer than two places."""
    if np.isfinite(placed.features).all(axis=1).sum() < 2:
        return []
    path = table.with_name(map_name(table.name))
    made = fit_feature_map(placed.features)
    write_feature_map(made, path, table_sha256=file_sha256(table))
    return [path.name]


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
    """What a reader must know of a bundle, as Markdown; its words stand in ``model_card.md``."""
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.filters["percent"] = lambda share: f"{share:.0%}"
    described = (
        f"{name} ({LEUKEMIA_NAMES[name]})" if name in LEUKEMIA_NAMES else name
        for name in bundle.class_names
    )
    return templates.get_template(MODEL_CARD_FILE).render(
        bundle=bundle,
        preset=bundle.preset,
        training=bundle.training,
        limits=bundle.thresholds,
        notice=RESEARCH_USE_NOTICE,
        assumptions=told_assumptions(bundle.preset),
        classes=join_with_or(described),
        has_both_leukemias={ALL, AML} <= set(bundle.class_names),
        sources_of_both=[
            source
            for source, counts in bundle.training.sources.items()
            if counts.get(ALL) and counts.get(AML)
        ],
        results=results,
        told=lambda limit: "never" if limit is None else f"from {limit:.4g}",
        mode_names=MODE_NAMES,
        max_wrong=MAX_WRONG,
        max_wrong_of_laboratory=MAX_WRONG_OF_LABORATORY,
        is_on_bound="temperature" in fits_on_bounds(bundle.thresholds),
        bound_notes=bound_notes(bundle.thresholds),
    )
