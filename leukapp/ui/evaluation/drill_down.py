"""The images behind a confusion cell, with their heatmaps where the pixels are at hand."""

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from leukapp.evaluation.confusion import rows_in_cell
from leukapp.evaluation.held_out import HeldOutSet
from leukapp.ui import theme
from leukapp.ui.evaluation.confusion_panel import Cell
from leukapp.ui.evaluation.figure_box import show_numbers
from leukapp.ui.evaluation.gallery import Gallery, answer_caption, show_gallery
from leukapp.ui.texts import evaluation as texts


def show_images_behind(cell: Cell) -> None:
    """Write the table of the cell's images and, a page at a time, the images themselves.

    Args:
        cell: what the reader chose.
    """
    held_out = cell.side.evaluation.held_out
    rows = rows_in_cell(
        held_out, cell.true_class, cell.predicted_class, called_only=cell.called_only
    )
    label = texts.BEHIND_LABEL.format(
        true=theme.marked(cell.true_class), predicted=theme.marked(cell.predicted_class)
    )
    if not len(rows):
        st.markdown(f"**{label}**. {texts.BEHIND_NONE}")
        return
    st.markdown(f"**{label}**. {texts.BEHIND_COUNT.format(n=len(rows))}")
    show_numbers(image_table(held_out, rows), cell.side, name="images", fold=False)
    gallery = Gallery(
        table=cell.side.table,
        held_out=held_out,
        rows=tuple(int(row) for row in rows),
        caption=lambda row: answer_caption(held_out, row),
        key=f"{cell.side.key}-{cell.true_class}-{cell.predicted_class}-{cell.called_only}",
    )
    show_gallery(gallery)


def image_table(held_out: HeldOutSet, rows: NDArray[np.int64]) -> pd.DataFrame:
    """Give one line an image: id, group, probabilities, call.

    Args:
        held_out: the set.
        rows: which of its rows, int64 (rows,).
    """
    table = pd.DataFrame(
        {
            texts.COLUMN_SAMPLE: [held_out.sample_ids[row] for row in rows],
            texts.COLUMN_GROUP: [held_out.groups[row] for row in rows],
        }
    )
    for index, name in enumerate(held_out.class_names):
        table[f"p {name}"] = held_out.probabilities[rows, index]
    table[texts.COLUMN_CALL] = [_call(held_out, row) for row in rows]
    table[texts.COLUMN_REASON] = [held_out.no_call_reasons[row] or "" for row in rows]
    return table


def _call(held_out: HeldOutSet, row: int) -> str:
    if held_out.answers is not None:
        return theme.answer_title(held_out.answers[row])
    return texts.CALLED if held_out.is_called[row] else texts.NOT_CALLED
