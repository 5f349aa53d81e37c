"""What a reproduction found: both protocols side by side, beside what the paper printed."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, cast

import numpy as np

from leukapp.errors import HeldOutError
from leukapp.evaluation.intervals import Estimate
from leukapp.evaluation.metrics import MetricReport
from leukapp.evaluation.report import from_plain
from leukapp.training.progress import format_seconds


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ProtocolFigures:
    """One way to decide under one protocol.

    Attributes:
        n_distinct_images: source images among the test items; augmented copies do not count.
        report: all figures; under the paper's protocol each augmented copy is an item.
    """

    n_distinct_images: int
    report: MetricReport


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReproductionRow:
    """One line of the table.

    Attributes:
        set_name: data set.
        model: who decides, in words.
        published_percent: accuracy that the paper prints in this place, or None.
        published_model: network that the published figure is of, or None.
        paper: under the paper's protocol, which leaks.
        grouped: under the grouped protocol.
    """

    set_name: str
    model: str
    published_percent: float | None
    published_model: str | None
    paper: ProtocolFigures
    grouped: ProtocolFigures


@dataclass(frozen=True, slots=True, kw_only=True)
class SetFigures:
    """What belongs to a data set whoever decides.

    Attributes:
        set_name: data set.
        n_images: source images.
        n_groups: groups after copies were joined.
        images_of_label: images of each class.
        n_paper_items: training, validation and test items of the paper's protocol.
        n_grouped_images: training, validation and test images of the grouped protocol.
        identical_fraction: share of the paper's test items with a pixel-identical copy in
            training, 0-1.
        sibling_fraction: share with any copy of the same image in training, 0-1.
        background_paper: balanced accuracy of the image edge alone under the paper's protocol, 0-1.
        background_grouped: under the grouped protocol, 0-1.
    """

    set_name: str
    n_images: int
    n_groups: int
    images_of_label: dict[str, int]
    n_paper_items: tuple[int, int, int]
    n_grouped_images: tuple[int, int, int]
    identical_fraction: float
    sibling_fraction: float
    background_paper: float
    background_grouped: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTime:
    """Time of one step.

    Attributes:
        model: branch or fusion.
        milliseconds: median time of a batch of 32 images, decoding left out.
        published_milliseconds: as the paper prints it, on a P100; None if it has none.
    """

    model: str
    milliseconds: float
    published_milliseconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reproduction:
    """The whole result.

    Attributes:
        preset: name of the recipe.
        backbones: of its branches.
        seed: of splits, initialization and the stand-in.
        n_epochs: upper bound of each stage.
        patience: epochs without a better validation loss before a stage stops.
        notes: what the images stand for.
        sets: figures of each data set.
        rows: lines of the table.
        step_times: of a batch of 32.
        seconds: the command took, cached features and finished stages not repeated.
        is_from_scratch: whether nothing was taken from an earlier run.
        n_cores: that the command could use.
        trunk_keys: hash of weights and input size of each frozen trunk.
    """

    preset: str
    backbones: tuple[str, ...]
    seed: int
    n_epochs: int
    patience: int
    notes: tuple[str, ...]
    sets: tuple[SetFigures, ...]
    rows: tuple[ReproductionRow, ...]
    step_times: tuple[StepTime, ...]
    seconds: float
    is_from_scratch: bool
    n_cores: int
    trunk_keys: tuple[str, ...]

    def to_json(self) -> str:
        """Indented JSON."""
        return json.dumps(asdict(self), indent=1, default=_to_list, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Reproduction":
        """Read what :meth:`to_json` wrote.

        Args:
            text: JSON.

        Raises:
            HeldOutError: the text is not such a result.
        """
        try:
            return cast("Reproduction", from_plain(cls, json.loads(text)))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise HeldOutError(
                "The text is not a reproduction of this version; run leukapp reproduce again."
            ) from error

    def to_markdown(self) -> str:
        """Tables for people, with the notes that they need."""
        settings = (
            f"Preset `{self.preset}` ({' + '.join(self.backbones)}), seed {self.seed}, at most "
            f"{self.n_epochs} epochs a stage, patience {self.patience}."
        )
        accuracy = _table(
            (
                "Data set",
                "Who decides",
                "Published (paper's protocol)",
                "Here, paper's protocol - **leaks**",
                "Here, grouped protocol",
                "Macro AUC, paper's / grouped",
                "Weighted F1, paper's / grouped",
            ),
            (_row_cells(row) for row in self.rows),
        )
        sets = _table(
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
            (_set_cells(figures) for figures in self.sets),
        )
        times = _table(
            ("Who decides", "Here, ms a step of 32", "Published, ms (P100)"),
            (
                (one.model, f"{one.milliseconds:.0f}", _number(one.published_milliseconds, 0))
                for one in self.step_times
            ),
        )
        how = "" if self.is_from_scratch else ", with what an earlier run had finished"
        took = f"The command took {format_seconds(self.seconds)} on {self.n_cores} cores{how}."
        keys = ", ".join(
            f"{backbone} `{key}`"
            for backbone, key in zip(self.backbones, self.trunk_keys, strict=True)
        )
        networks = f"Frozen networks, by a hash of their weights and input size: {keys}."
        return "\n\n".join((settings, *self.notes, accuracy, sets, times, took, networks)) + "\n"


def _row_cells(row: ReproductionRow) -> tuple[str, ...]:
    published = _number(row.published_percent, 1)
    if row.published_percent is not None and row.published_model:
        published += f" ({row.published_model})"
    both = (row.paper, row.grouped)
    return (
        row.set_name,
        row.model,
        published,
        *(_accuracy(figures) for figures in both),
        " / ".join(_value(figures.report.macro_auroc) for figures in both),
        " / ".join(f"{figures.report.weighted_f1:.3f}" for figures in both),
    )


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
    return f"{100 * accuracy.value:.1f} [{interval}], {items}, {report.n_groups} groups"


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


def _to_list(value: Any) -> Any:
    """What JSON makes of an array."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"expected an array, got {type(value).__name__}")
