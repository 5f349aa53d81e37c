"""What stands beside a leukocyte: the networks' answer, or what a reader corrected it to."""

from dataclasses import dataclass

from leukapp.cells import CellAnswer
from leukapp.labels import ANSWER_NAMES
from leukapp.review.records import CellCorrection
from leukapp.ui import theme
from leukapp.ui.texts import microscope as texts
from leukapp.ui.wording import percent


@dataclass(frozen=True, slots=True, kw_only=True)
class CellLook:
    """One leukocyte on the screen.

    Attributes:
        answer: a name of ``CORRECTIONS``, or None for no call.
        name: what a screen reader says: number, answer, how probable or that it was corrected.
        mark: sign and number on the picture.
        is_corrected: a reader gave the answer.
    """

    answer: str | None
    name: str
    mark: str
    is_corrected: bool


def look_at(cell: CellAnswer, index: int, correction: CellCorrection | None) -> CellLook:
    """Say how a leukocyte is shown.

    Args:
        cell: as the networks judged it.
        index: in the image.
        correction: of a reader that stands, or None.
    """
    answer = cell.answer_name if correction is None else correction.answer
    name = texts.CELL.format(number=index + 1, answer=answer_title(answer))
    if correction is not None:
        name = texts.CORRECTED_CELL.format(cell=name)
    elif cell.finding is not None:
        name = f"{name}, {percent(cell.answer_probability)}"
    return CellLook(
        answer=answer,
        name=name,
        mark=f"{answer_mark(answer)} {index + 1}{'*' if correction else ''}",
        is_corrected=correction is not None,
    )


def answer_title(answer: str | None) -> str:
    """Words for an answer of the networks or of a reader."""
    return texts.OTHER_ANSWERS.get(answer or "") or theme.answer_title(answer)


def answer_mark(answer: str | None) -> str:
    """Sign of an answer; those that only a reader gives share one."""
    return theme.style_of(answer).mark if _is_of_networks(answer) else texts.OTHER_MARK


def answer_color(answer: str | None, *, dark: bool) -> str:
    """Color of an answer, as ``#rrggbb``; those that only a reader gives have that of no call."""
    return theme.color_of(answer if _is_of_networks(answer) else None, dark=dark)


def marked_answer(answer: str | None) -> str:
    """An answer with its sign."""
    return f"{answer_mark(answer)} {answer_title(answer)}"


def _is_of_networks(answer: str | None) -> bool:
    return answer is None or answer in ANSWER_NAMES
