"""What stands beside a leukocyte: the networks' answer, or what a reader corrected it to."""

from dataclasses import dataclass

from leukapp.labels import ANSWER_NAMES
from leukapp.review.corrected_cells import CorrectedCell
from leukapp.review.records import REMOVED
from leukapp.ui import theme
from leukapp.ui.texts import microscope as texts
from leukapp.ui.wording import percent


@dataclass(frozen=True, slots=True, kw_only=True)
class CellLook:
    """One leukocyte on the screen.

    Attributes:
        answer: a name of ``CELL_ANSWERS``, or None for no call.
        name: what a screen reader says: number, answer, how probable or that it was corrected.
        mark: sign and number on the picture.
        is_corrected: a reader gave the answer.
        is_marked: a reader marked the cell.
        is_removed: a reader says that no cell is there.
    """

    answer: str | None
    name: str
    mark: str
    is_corrected: bool
    is_marked: bool
    is_removed: bool


def look_at(one: CorrectedCell, index: int) -> CellLook:
    """Say how a leukocyte is shown.

    Args:
        one: as the networks judged it, with what a reader says of it.
        index: in the image.
    """
    answer, correction, cell = one.answer, one.correction, one.cell
    name = texts.CELL.format(number=index + 1, answer=answer_title(answer))
    if cell is None:
        name = texts.MARKED_CELL.format(cell=name)
    elif correction is not None:
        name = texts.CORRECTED_CELL.format(cell=name)
    elif cell.finding is not None:
        name = f"{name}, {percent(cell.answer_probability)}"
    return CellLook(
        answer=answer,
        name=name,
        mark=f"{answer_mark(answer)} {index + 1}{'*' if correction else ''}",
        is_corrected=correction is not None,
        is_marked=cell is None,
        is_removed=answer == REMOVED,
    )


def answer_title(answer: str | None) -> str:
    """Words for an answer of the networks or of a reader."""
    return texts.OTHER_ANSWERS.get(answer or "") or theme.answer_title(answer)


def answer_mark(answer: str | None) -> str:
    """Sign of an answer; those that only a reader gives share one."""
    if _is_of_networks(answer):
        return theme.style_of(answer).mark
    return texts.REMOVED_MARK if answer == REMOVED else texts.OTHER_MARK


def answer_color(answer: str | None, *, dark: bool) -> str:
    """Color of an answer, as ``#rrggbb``; those that only a reader gives have that of no call."""
    return theme.color_of(answer if _is_of_networks(answer) else None, dark=dark)


def marked_answer(answer: str | None) -> str:
    """An answer with its sign."""
    return f"{answer_mark(answer)} {answer_title(answer)}"


def _is_of_networks(answer: str | None) -> bool:
    return answer is None or answer in ANSWER_NAMES
