"""The leukocytes of an image in groups of one answer each, the most doubtful first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from leukapp.cells import CellAnswer
from leukapp.diagnosis import Diagnosis
from leukapp.labels import ANSWER_NAMES, HEALTHY
from leukapp.review.records import CORRECTIONS
from leukapp.ui import theme
from leukapp.ui.guarded import guarded
from leukapp.ui.microscope.cell_look import CellLook, answer_color, marked_answer
from leukapp.ui.microscope.mount import component, serve
from leukapp.ui.microscope.screen_pictures import encode_sheet
from leukapp.ui.texts import microscope as texts

SHEET_COLUMNS: Final = 16
GALLERY_KEY: Final = "cell-gallery"

GROUP_ORDER: Final = (
    *(name for name in CORRECTIONS if name in ANSWER_NAMES and name != HEALTHY),
    HEALTHY,
    *(name for name in CORRECTIONS if name not in ANSWER_NAMES),
    None,
)
"""Leukemias first, then healthy cells, then what readers see else, then those without a call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellGroup:
    """Cells of one answer.

    Attributes:
        title: of the group.
        answer_name: of its cells; None for no call.
        indices: of the cells in the image, the most doubtful first.
    """

    title: str
    answer_name: str | None
    indices: tuple[int, ...]


def group_cells(cells: Sequence[CellAnswer], looks: Sequence[CellLook]) -> tuple[CellGroup, ...]:
    """Put cells of one answer together; those unlike any training cell come last.

    Args:
        cells: of an image.
        looks: how each of them is shown.
    """
    by_doubt = sorted(range(len(cells)), key=lambda index: cells[index].answer_probability)
    unlike = [i for i in by_doubt if not cells[i].is_counted and not looks[i].is_corrected]
    groups = [
        CellGroup(
            title=marked_answer(answer),
            answer_name=answer,
            indices=tuple(i for i in by_doubt if looks[i].answer == answer and i not in unlike),
        )
        for answer in GROUP_ORDER
    ]
    groups.append(CellGroup(title=texts.UNLIKE, answer_name=None, indices=tuple(unlike)))
    return tuple(group for group in groups if group.indices)


def show_gallery(
    diagnosis: Diagnosis,
    *,
    name: str,
    looks: tuple[CellLook, ...],
    chosen: int | None,
    on_choose: Callable[[int], None],
) -> None:
    """Write the gallery.

    Args:
        diagnosis: of an image with at least one leukocyte.
        name: of the image and its bundle.
        looks: how each leukocyte is shown.
        chosen: index of the chosen cell, or None.
        on_choose: told the index of a cell that was clicked, before the page is drawn anew.
    """

    def choose() -> None:
        index = st.session_state[GALLERY_KEY]["chosen"]
        if isinstance(index, int) and 0 <= index < len(diagnosis.cells):
            on_choose(index)

    component("gallery")(
        key=GALLERY_KEY,
        data=_data(diagnosis, name, looks, chosen),
        on_chosen_change=guarded(choose),
    )


def _data(
    diagnosis: Diagnosis, name: str, looks: tuple[CellLook, ...], chosen: int | None
) -> dict[str, Any]:
    """What gallery.js reads."""
    cells = diagnosis.cells
    n_columns = min(len(cells), SHEET_COLUMNS)
    boxes = tuple(cell.box for cell in cells)
    sheet = encode_sheet(name, diagnosis.image, boxes, n_columns=n_columns)
    dark = theme.is_dark()
    return {
        "sheet": serve(sheet.data, sheet.picture_format, place="sheet"),
        "rows": -(-len(cells) // n_columns),
        "columns": n_columns,
        "chosen": chosen,
        "groups": [
            {
                "title": group.title,
                "color": answer_color(group.answer_name, dark=dark),
                "cells": [
                    {"index": i, "number": i + 1, "name": looks[i].name} for i in group.indices
                ],
            }
            for group in group_cells(cells, looks)
        ],
    }
