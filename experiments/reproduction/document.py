"""The part of ``docs/reproduction.md`` that holds figures: written from a result, never by hand."""

from typing import Final

from experiments.reproduction.report import Reproduction
from experiments.reproduction.tables import write_tables
from leukapp.errors import LeukappError
from leukapp.evaluation.published import (
    ABLATION,
    BASE_MODELS,
    DATA_SETS,
    PUBLISHED_MACRO_AUC,
    PublishedFigure,
)

BEGIN: Final = "<!-- figures: begin -->"
END: Final = "<!-- figures: end -->"


def fill_document(document: str, result: Reproduction) -> str:
    """Replace what stands between the two marks by the figures of a result.

    Args:
        document: Markdown with both marks.
        result: of ``python -m experiments.reproduction``.

    Returns:
        The document with new figures.

    Raises:
        LeukappError: a mark is missing or stands twice.
    """
    before, _, rest = _split(document, BEGIN)
    _, _, after = _split(rest, END)
    return f"{before}{BEGIN}{write_figures(result)}{END}{after}"


def write_figures(result: Reproduction) -> str:
    """The tables of a result, then everything that the paper prints.

    Args:
        result: of ``python -m experiments.reproduction``.
    """
    published = "\n".join(
        [
            "| Published: accuracy in % | Model | Data |",
            "| --- | --- | --- |",
            *(_line("base models", figure) for figure in BASE_MODELS),
            *(_line("through the meta-classifier", figure) for figure in ABLATION),
            *(_line("data sets", figure) for figure in DATA_SETS),
        ]
    )
    area = f"Published macro AUC of the proposed model on the combined data: {PUBLISHED_MACRO_AUC}."
    return f"\n\n{write_tables(result)}\n{published}\n\n{area}\n\n"


def _line(what: str, figure: PublishedFigure) -> str:
    return f"| {figure.accuracy_percent:.1f} ({what}) | {figure.model} | {figure.data_set} |"


def _split(text: str, mark: str) -> tuple[str, str, str]:
    if text.count(mark) != 1:
        raise LeukappError(f"the document must hold the mark {mark} once; restore it")
    return text.partition(mark)
