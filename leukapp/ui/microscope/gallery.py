"""The leukocytes of an image in groups of one answer each, the most doubtful first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from leukapp.imaging.arrays import RgbImage
from leukapp.labels import ANSWER_NAMES, HEALTHY
from leukapp.review.corrected_cells import CorrectedCell
from leukapp.review.records import CORRECTIONS, REMOVED
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
    REMOVED,
)
"""Leukemias first, healthy cells, what readers see else, those without a call, removed boxes."""


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


def group_cells(cells: Sequence[CorrectedCell], looks: Sequence[CellLook]) -> tuple[CellGroup, ...]:
    """Put cells of one answer together; those unlike any training cell come last.

    Args:
        cells: of an image.
        looks: how each of them is shown.
    """
    by_doubt = sorted(range(len(cells)), key=lambda index: _probability(cells[index]))
    unlike = [i for i in by_doubt if _is_unlike(cells[i]) and not looks[i].is_corrected]
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


def _probability(one: CorrectedCell) -> float:
    """Of the networks' answer; those that they did not judge come last."""
    return 1.0 if one.cell is None else one.cell.answer_probability


def _is_unlike(one: CorrectedCell) -> bool:
    return one.cell is not None and not one.cell.is_counted


def show_gallery(
    image: RgbImage,
    cells: tuple[CorrectedCell, ...],
    *,
    name: str,
    looks: tuple[CellLook, ...],
    chosen: int | None,
    on_choose: Callable[[int], None],
) -> None:
    """Write the gallery.

    Args:
        image: uint8 (height, width, 3).
        cells: its leukocytes, at least one.
        name: of the image and its bundle.
        looks: how each leukocyte is shown.
        chosen: index of the chosen cell, or None.
        on_choose: told the index of a cell that was clicked, before the page is drawn anew.
    """

    def choose() -> None:
        index = st.session_state[GALLERY_KEY]["chosen"]
        if isinstance(index, int) and 0 <= index < len(cells):
            on_choose(index)

    component("gallery")(
        key=GALLERY_KEY,
        data=_data(image, cells, name, looks, chosen),
        on_chosen_change=guarded(choose),
    )


def _data(
    image: RgbImage,
    cells: tuple[CorrectedCell, ...],
    name: str,
    looks: tuple[CellLook, ...],
    chosen: int | None,
) -> dict[str, Any]:
    """What gallery.js reads."""
    n_columns = min(len(cells), SHEET_COLUMNS)
    boxes = tuple(cell.box for cell in cells)
    marked = [cell.box for cell in cells if cell.cell is None]
    sheet = encode_sheet(f"{name} {marked}", image, boxes, n_columns=n_columns)
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
