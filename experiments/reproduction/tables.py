"""The tables of a reproduction for people, numbered as in the paper, published figures beside."""

from collections.abc import Callable, Iterable
from typing import Final

from experiments.reproduction.report import (
    BaseModelRow,
    Decider,
    ProtocolFigures,
    Reproduction,
    ReproductionRow,
    SetFigures,
)
from leukapp.evaluation.intervals import Estimate
from leukapp.evaluation.published import NOT_AT_HAND
from leukapp.training.progress import format_seconds

HERE: Final = ("Here, paper's protocol - **leaks**", "Here, grouped protocol")
PRF: Final = "precision / recall / F1, weighted"


def write_tables(result: Reproduction) -> str:
    """Markdown of all tables that a reproduction has, with the notes that they need.

    Args:
        result: of ``python -m experiments.reproduction``.
    """
    writers: dict[int, Callable[[Reproduction], str]] = {
        2: _base_models,
        3: _costs,
        4: _data_sets,
        5: _classes,
        8: _ablation,
    }
    parts = [_settings(result), *result.notes, "### The data", _sets(result.sets)]
    parts += [writers[number](result) for number in result.tables]
    return "\n\n".join(part for part in (*parts, _origin(result)) if part) + "\n"


def _settings(result: Reproduction) -> str:
    recipe = result.recipe
    sizes = sorted({v for name, v in recipe.items() if name.endswith(".input_size_px")})
    return (
        f"The paper's recipe on the backbones of preset `{result.preset}` "
        f"({' + '.join(result.backbones)}), seed {result.seed}, at most "
        f"{recipe['hyperparameters.n_epochs']} epochs a stage, patience "
        f"{recipe['hyperparameters.patience']}, batch {recipe['hyperparameters.batch_size']}. "
        f"**Assumed, since the paper states neither:** an input of {' and '.join(sizes)} pixels a "
        f"side and a learning rate of {recipe['hyperparameters.learning_rate']}."
    )


def _origin(result: Reproduction) -> str:
    starts = "" if result.n_starts == 1 else f", in {result.n_starts} starts"
    keys = ", ".join(
        f"{backbone} `{key}`"
        for backbone, key in zip(result.backbones, result.trunk_keys, strict=True)
    )
    processor = (
        ""
        if result.processor_seconds is None
        else f", and {format_seconds(result.processor_seconds)} of processor time"
    )
    return (
        f"The command took {format_seconds(result.seconds)} on {result.n_cores} cores{starts}"
        f"{processor}.\n\n"
        f"Frozen networks, by a hash of their weights and input size: {keys}."
    )


def _sets(sets: Iterable[SetFigures]) -> str:
    return _table(
        (
            "Data set",
            "Images (classes)",
            "Groups",
            "Paper's items train/val/test",
            "Test items with the same picture in training",
            "... with a copy of the same image",
            "Grouped images train/val/test",
            "Background only, paper's / grouped",
        ),
        (_set_cells(figures) for figures in sets),
    )


def _base_models(result: Reproduction) -> str:
    rows: list[tuple[str, ...]] = [
        (row.set_name, row.model, _published(row), *_both(row, _accuracy))
        for row in _of(result, "branch")
    ]
    rows += [_base_model_cells(row) for row in result.base_models]
    table = _table(("Data set", "Model", "Published accuracy", *HERE), rows)
    return f"### Table 2: each network alone\n\n{table}"


def _base_model_cells(row: BaseModelRow) -> tuple[str, ...]:
    here = (row.missing or "-", "-")
    if row.paper is not None and row.grouped is not None:
        here = (_accuracy(row.paper), _accuracy(row.grouped))
    return (row.set_name, row.model, f"{row.published_percent:.1f}", *here)


def _costs(result: Reproduction) -> str:
    table = _table(
        ("Part", "Parameters", "Published", "Here, ms a step of 32", "Published, ms (P100)"),
        (
            (
                cost.model,
                f"{cost.n_parameters:,}",
                "-" if cost.published_parameters is None else f"{cost.published_parameters:,}",
                _number(cost.milliseconds, 0),
                _number(cost.published_milliseconds, 0),
            )
            for cost in result.costs
        ),
    )
    return f"### Table 3: parameters and time\n\n{table}"


def _data_sets(result: Reproduction) -> str:
    fused = _of(result, "fusion") or _of(result, "branch")
    table = _table(
        (
            "Data set",
            "Published accuracy",
            f"Published {PRF}",
            *HERE,
            f"Paper's protocol, {PRF}",
            f"Grouped, {PRF}",
            "Macro AUC, paper's / grouped",
        ),
        (
            (
                row.set_name,
                _published(row),
                "-" if row.published_percent is None else NOT_AT_HAND,
                *_both(row, _accuracy),
                *_both(row, _weighted),
                " / ".join(_both(row, lambda figures: _value(figures.report.macro_auroc))),
            )
            for row in fused
        ),
    )
    return f"### Table 4: the data sets, decided by {_decider_words(result)}\n\n{table}"


def _decider_words(result: Reproduction) -> str:
    return "the fusion" if _of(result, "fusion") else "the one branch"


def _classes(result: Reproduction) -> str:
    combined = {figures.set_name for figures in result.sets if len(figures.images_of_label) > 2}
    rows = [row for row in result.rows if row.set_name in combined]
    deciders = [(row.set_name, row.model, row.paper, row.grouped) for row in rows]
    deciders += [
        (row.set_name, row.model, row.paper, row.grouped)
        for row in result.base_models
        if row.paper is not None and row.grouped is not None
    ]
    table = _table(
        (
            "Data set",
            "Model",
            "Class",
            "Published",
            "Paper's protocol, precision / recall / F1 (items)",
            "Grouped, precision / recall / F1 (images)",
        ),
        (
            (
                set_name,
                model,
                of_class.class_name,
                NOT_AT_HAND,
                _class_cell(paper, index),
                _class_cell(grouped, index),
            )
            for set_name, model, paper, grouped in deciders
            for index, of_class in enumerate(paper.report.per_class)
        ),
    )
    return f"### Table 5: class by class\n\n{table}"


def _class_cell(figures: ProtocolFigures, index: int) -> str:
    of_class = figures.report.per_class[index]
    values = (of_class.precision, of_class.recall, of_class.f1)
    return f"{' / '.join(_number(value, 3) for value in values)} ({of_class.support})"


def _ablation(result: Reproduction) -> str:
    named = {row.set_name for row in _of(result, "ablation")}
    rows = [row for row in result.rows if row.set_name in named and row.decider != "branch"]
    table = _table(
        ("Data set", "Through the meta-classifier", "Published accuracy", *HERE),
        ((row.set_name, row.model, _published(row), *_both(row, _accuracy)) for row in rows),
    )
    return f"### Table 8: ablation\n\n{table}" if rows else ""


def _of(result: Reproduction, decider: Decider) -> list[ReproductionRow]:
    return [row for row in result.rows if row.decider == decider]


def _both(row: ReproductionRow, cell: Callable[[ProtocolFigures], str]) -> tuple[str, str]:
    return cell(row.paper), cell(row.grouped)


def _published(row: ReproductionRow) -> str:
    if row.published_percent is None:
        return "-"
    model = f" ({row.published_model})" if row.published_model else ""
    return f"{row.published_percent:.1f}{model}"


def _accuracy(figures: ProtocolFigures) -> str:
    report = figures.report
    accuracy = report.accuracy
    interval = (
        "no interval"
        if accuracy.low is None or accuracy.high is None
        else f"{100 * accuracy.low:.1f}-{100 * accuracy.high:.1f}"
    )
    items = (
        f"{report.n_images} images"
        if report.n_images == figures.n_distinct_images
        else f"{report.n_images} items of {figures.n_distinct_images} images"
    )
    groups = f"{report.n_groups} groups" + ("" if report.groups_known else ", not all known")
    return f"{100 * accuracy.value:.1f} [{interval}], {items}, {groups}"


def _weighted(figures: ProtocolFigures) -> str:
    report = figures.report
    values = (report.weighted_precision, report.weighted_recall, report.weighted_f1)
    return " / ".join(f"{value:.3f}" for value in values)


def _set_cells(figures: SetFigures) -> tuple[str, ...]:
    classes = ", ".join(f"{label} {n}" for label, n in figures.images_of_label.items())
    return (
        figures.set_name,
        f"{figures.n_images} ({classes})",
        str(figures.n_groups),
        " / ".join(f"{n:,}" for n in figures.n_paper_items),
        f"{figures.identical_fraction:.0%}",
        f"{figures.sibling_fraction:.0%}",
        " / ".join(str(n) for n in figures.n_grouped_images),
        f"{figures.background_paper:.3f} / {figures.background_grouped:.3f}",
    )


def _value(estimate: Estimate | None) -> str:
    return "-" if estimate is None else f"{estimate.value:.3f}"


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, ("---",) * len(header), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
