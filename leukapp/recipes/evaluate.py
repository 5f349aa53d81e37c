"""``leukapp evaluate``: judge a bundle, or several, on any labelled images."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from leukapp.diagnosis import Diagnoser
from leukapp.errors import LeukappError
from leukapp.evaluation.details import OtherBundle, compare_bundles, source_details
from leukapp.evaluation.detection import DetectionReport
from leukapp.evaluation.held_out import HeldOutSet, write_held_out
from leukapp.evaluation.report import (
    EvaluationReport,
    build_report,
    escape_cell,
    format_estimate,
    report_to_markdown,
)
from leukapp.inference.engine import EngineChoice
from leukapp.json_files import to_plain, write_json
from leukapp.model.artifacts import HELD_OUT_FILE, REPORT_FILE
from leukapp.recipes.checked_catalog import (
    FINDINGS_FILE,
    CheckedCatalog,
    read_checked_catalog,
    write_findings,
)
from leukapp.recipes.detection import report_marked_folders
from leukapp.recipes.judge import judge_samples
from leukapp.recipes.step_time import STEP_IMAGES, median_ms, random_step
from leukapp.recipes.unseen import Unseen, choose_unseen
from leukapp.training.progress import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateOptions:
    """What ``leukapp evaluate`` was asked for.

    Attributes:
        bundle: folder of the bundle.
        data: folder or table of samples.
        out: made if missing; gets ``held_out.csv``, ``report.json`` and ``data_findings.json``, and
            ``detection.json`` where leukocytes are marked (``boxes.csv``, or ``.xyc`` files of
            ALL-IDB1).
        engine: which engine runs it.
        compare: folders of other bundles to judge on the same data; each gets a table of its own.
    """

    bundle: Path
    data: Path
    out: Path
    engine: EngineChoice = "auto"
    compare: tuple[Path, ...] = ()


def evaluate_bundle(
    options: EvaluateOptions, *, report: Callable[[str], None] = lambda _line: None
) -> str:
    """Judge a bundle on a data set, leaving out what it was trained on, by group and by content.

    Args:
        options: what is asked for.
        report: takes a line of progress.

    Returns:
        The report as Markdown.

    Raises:
        CatalogError: the data cannot be read, or nothing in it was held out.
        BundleError: a bundle cannot be opened.
        LeukappError: the folder cannot be written.
    """
    diagnoser = Diagnoser.open(options.bundle, engine=options.engine)
    rivals = tuple(Diagnoser.open(folder, engine=options.engine) for folder in options.compare)
    checked = read_checked_catalog(options.data, report=report)
    unseen = choose_unseen(diagnoser.bundle, checked.catalog)
    held_out = _judge(diagnoser, unseen, report)
    others = tuple(
        (name, _judge(rival, choose_unseen(rival.bundle, checked.catalog), report))
        for name, rival in _named(rivals)
    )
    evaluation = build_report((held_out,), diagnoser.bundle.name, None)
    compared = compare_bundles(held_out, others)
    step_ms = _step_ms(diagnoser)
    content = {
        **to_plain(evaluation),
        "details": source_details(held_out),
        "other_bundles": compared,
        "step": {"images": STEP_IMAGES, "milliseconds": step_ms, "engine": diagnoser.engine.name},
        "data_findings": checked.findings,
    }
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        write_held_out(held_out, options.out / HELD_OUT_FILE)
        for name, theirs in others:
            write_held_out(theirs, options.out / f"held_out_{name}.csv")
        write_json(options.out / REPORT_FILE, content)
        write_findings(checked.findings, options.out)
        detection = report_marked_folders(
            (sample.path for sample in checked.catalog.samples), options.out, diagnoser.finder
        )
    except OSError as error:
        raise LeukappError(
            f"the evaluation cannot be written to {options.out}: {error.strerror}; name another "
            "folder"
        ) from error
    step = f"A step of {STEP_IMAGES} images takes {step_ms:.0f} ms ({diagnoser.engine.name})."
    return _markdown(evaluation, compared, (step, *unseen.notes()), checked) + _detection_lines(
        detection
    )


def _judge(diagnoser: Diagnoser, unseen: Unseen, report: Callable[[str], None]) -> HeldOutSet:
    progress = Progress(f"judging with {diagnoser.bundle.name}", report)
    samples = (*unseen.samples, *unseen.other_leukemias)
    return judge_samples(diagnoser, samples, protocol="external", report=progress.step)


def _named(rivals: tuple[Diagnoser, ...]) -> tuple[tuple[str, Diagnoser], ...]:
    """Folder names, numbered where two bundles lie in folders of one name."""
    seen = Counter[str]()
    named = []
    for rival in rivals:
        name = rival.bundle.name
        seen[name] += 1
        named.append((f"{name}-{seen[name]}" if seen[name] > 1 else name, rival))
    return tuple(named)


def _step_ms(diagnoser: Diagnoser) -> float:
    batches = random_step(diagnoser.bundle.preset)
    return median_ms(lambda: diagnoser.engine.run(batches))


def _markdown(
    evaluation: EvaluationReport,
    compared: tuple[OtherBundle, ...],
    notes: tuple[str, ...],
    checked: CheckedCatalog,
) -> str:
    parts = [report_to_markdown(evaluation)]
    if compared:
        parts.append(_comparison_table(compared))
    if checked.findings:
        notes = (
            *notes,
            f"The data check left {checked.n_left_out} images out; what it found is named in "
            f"{FINDINGS_FILE}.",
        )
    parts.append("\n".join(f"- {note}" for note in notes))
    return "\n".join(parts) + "\n"


def _comparison_table(compared: tuple[OtherBundle, ...]) -> str:
    lines = [
        "| Other bundle | Source | Accuracy | Macro AUROC | Weighted F1 | This bundle minus it |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {escape_cell(one.name)} | {escape_cell(one.source)} | "
        f"{format_estimate(one.accuracy)} | {format_estimate(one.macro_auroc)} | "
        f"{one.weighted_f1:.3f} | "
        f"{format_estimate(one.compared.difference if one.compared else None)} |"
        for one in compared
    ]
    return "\n".join(lines) + "\n"


def _detection_lines(detection: Mapping[str, DetectionReport]) -> str:
    return "".join(f"\n{name}: {found.to_text()}\n" for name, found in detection.items())
