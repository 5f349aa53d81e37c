"""What a reproduction found: both protocols side by side, beside what the paper printed."""

from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias

from leukapp.errors import HeldOutError
from leukapp.evaluation.metrics import MetricReport
from leukapp.json_files import from_json, to_json
from leukapp.model.presets import Preset


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ProtocolFigures:
    """One way to decide under one protocol.

    Attributes:
        n_distinct_images: source images among the test items; augmented copies do not count.
        report: all figures; under the paper's protocol each augmented copy is an item.
    """

    n_distinct_images: int
    report: MetricReport


Decider: TypeAlias = Literal["branch", "ablation", "fusion"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReproductionRow:
    """One line of the table.

    Attributes:
        set_name: data set.
        decider: a branch alone, a branch through a meta-classifier of its own, or the fusion.
        model: who decides, in words.
        published_percent: accuracy that the paper prints in this place, or None.
        published_model: network that the published figure is of, or None.
        paper: under the paper's protocol, which leaks.
        grouped: under the grouped protocol.
    """

    set_name: str
    decider: Decider
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BaseModelRow:
    """One of the eight single networks that the paper compares.

    Attributes:
        set_name: data set.
        model: as the paper names it.
        published_percent: accuracy that the paper prints.
        missing: why it was not trained, one sentence; None if it was.
        paper: under the paper's protocol, which leaks; None if it was not trained.
        grouped: under the grouped protocol; None if it was not trained.
    """

    set_name: str
    model: str
    published_percent: float
    missing: str | None
    paper: ProtocolFigures | None
    grouped: ProtocolFigures | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartCost:
    """Size and speed of a part of the network.

    Attributes:
        model: branch, meta-classifier or fusion.
        n_parameters: of a branch as it stands in the fusion, its last Dense dropped.
        published_parameters: as the paper prints it; None if it has none.
        milliseconds: median time of a batch of 32 images, decoding left out; None for the
            meta-classifier.
        published_milliseconds: as the paper prints it, on a P100; None if it has none.
    """

    model: str
    n_parameters: int
    published_parameters: int | None
    milliseconds: float | None
    published_milliseconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reproduction:
    """The whole result.

    Attributes:
        preset: whose backbones were taken.
        backbones: of its branches.
        recipe: every field of the recipe that was trained, by its dotted name.
        tables: numbers of the paper's tables that were asked for.
        seed: of splits, initialization and the stand-in.
        notes: what the images stand for.
        sets: figures of each data set.
        rows: lines of the table.
        base_models: the paper's single networks; empty if not asked for.
        costs: parameters and times.
        seconds: the command took, all its starts together.
        processor_seconds: of processor time that it took; None where a start was not counted.
        n_starts: how often it was started until it was through.
        n_cores: that the command could use.
        trunk_keys: hash of weights and input size of each frozen backbone.
        fingerprint: what the code makes of made-up images; see ``code_fingerprint``.
    """

    preset: str
    backbones: tuple[str, ...]
    recipe: dict[str, str]
    tables: tuple[int, ...]
    seed: int
    notes: tuple[str, ...]
    sets: tuple[SetFigures, ...]
    rows: tuple[ReproductionRow, ...]
    base_models: tuple[BaseModelRow, ...]
    costs: tuple[PartCost, ...]
    seconds: float
    processor_seconds: float | None
    n_starts: int
    n_cores: int
    trunk_keys: tuple[str, ...]
    fingerprint: tuple[float, ...]

    def to_json(self) -> str:
        """Indented JSON."""
        return to_json(self)

    @classmethod
    def from_json(cls, text: str) -> "Reproduction":
        """Read what :meth:`to_json` wrote.

        Args:
            text: JSON.

        Raises:
            HeldOutError: the text is not such a result.
        """
        try:
            return from_json(Reproduction, text)
        except ValueError as error:
            raise HeldOutError(
                f"The text is not a reproduction of this version ({error}); run "
                "python -m experiments.reproduction again."
            ) from error


def flatten_recipe(recipe: Preset) -> dict[str, str]:
    """Every field of a recipe by its dotted name.

    Example:
        >>> from leukapp.model.presets import get_preset
        >>> flatten_recipe(get_preset("paper"))["hyperparameters.n_epochs"]
        '100'
    """

    def flatten(name: str, value: object) -> dict[str, str]:
        if isinstance(value, list | tuple):
            value = dict(enumerate(value))
        if not isinstance(value, dict):
            return {name: str(value)}
        flat: dict[str, str] = {}
        for key, item in value.items():
            flat |= flatten(f"{name}.{key}" if name else str(key), item)
        return flat

    return flatten("", asdict(recipe))
