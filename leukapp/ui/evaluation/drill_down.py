"""The images behind a confusion cell, with their heatmaps where the pixels are at hand."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from leukapp.errors import BundleError, ImageError
from leukapp.evaluation.confusion import rows_in_cell
from leukapp.evaluation.held_out import HeldOutSet
from leukapp.imaging.arrays import RgbImage
from leukapp.imaging.image_io import read_image, read_image_bytes
from leukapp.resources import data_root, find_pixels
from leukapp.ui import theme
from leukapp.ui.evaluation.confusion_panel import Cell
from leukapp.ui.evaluation.figure_box import show_numbers
from leukapp.ui.guarded import guarded
from leukapp.ui.heatmap_viewer import show_heatmap_viewer
from leukapp.ui.picture import fit_for_screen, show_picture
from leukapp.ui.session import Answers, open_diagnoser
from leukapp.ui.texts import evaluation as texts
from leukapp.ui.upload import ImageEntry
from leukapp.ui.wording import escape_markdown, percent

IMAGES_A_PAGE: Final = 6
THUMBNAIL_PX: Final = 220
ANSWERS_KEY: Final = "evaluation-answers"


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
    root = data_root()
    if root is None:
        st.info(texts.NO_DATA_ROOT, icon=":material/folder_off:")
        return
    key = f"{cell.side.key}-{cell.true_class}-{cell.predicted_class}-{cell.called_only}"
    opened = _show_gallery(held_out, rows, root, key)
    if opened is not None:
        _show_opened(cell, *opened)


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


@st.cache_data(show_spinner=False, max_entries=200, scope="session")
def _thumbnail(path: str, changed_ns: int) -> RgbImage | None:
    """Read a small copy of an image, or None where it cannot be read."""
    try:
        return fit_for_screen(read_image(Path(path)), max_side_px=THUMBNAIL_PX)
    except ImageError:
        return None


def _show_gallery(
    held_out: HeldOutSet, rows: NDArray[np.int64], root: Path, key: str
) -> tuple[int, Path] | None:
    """Write a page of images with buttons; give the row and the file of the opened one."""
    page_key, open_key = f"page-{key}", f"open-{key}"
    first = min(st.session_state.get(page_key, 0), len(rows) - 1)
    shown = rows[first : first + IMAGES_A_PAGE]
    paths = {int(row): find_pixels(root, held_out.sample_ids[row]) for row in shown}
    if not any(paths.values()):
        st.info(texts.NO_PIXELS, icon=":material/folder_off:")
    columns = st.columns(IMAGES_A_PAGE)
    for column, row in zip(columns, shown, strict=False):
        path = paths[int(row)]
        if path is not None:
            with column:
                _show_thumbnail(held_out, int(row), path, open_key)
    _show_pager(len(rows), first, page_key)
    opened = st.session_state.get(open_key)
    if opened is None or opened not in rows:
        return None
    path = find_pixels(root, held_out.sample_ids[opened])
    return None if path is None else (opened, path)


def _show_thumbnail(held_out: HeldOutSet, row: int, path: Path, open_key: str) -> None:
    """Write one small image and the button that opens it."""
    picture = _thumbnail(str(path), path.stat().st_mtime_ns)
    answer = theme.marked(held_out.class_names[held_out.predicted_labels[row]])
    caption = f"{answer} {percent(held_out.probabilities[row].max())}"
    if picture is not None:
        show_picture(picture, caption=caption, alt=caption)

    def open_image() -> None:
        st.session_state[open_key] = row

    st.button(
        texts.OPEN_IMAGE, key=f"{open_key}-{row}", on_click=guarded(open_image), width="stretch"
    )


def _show_pager(n_rows: int, first: int, page_key: str) -> None:
    """Write which images of how many are shown, and the buttons to the others."""
    if n_rows <= IMAGES_A_PAGE:
        return

    def go(to: int) -> None:
        st.session_state[page_key] = to

    last = min(first + IMAGES_A_PAGE, n_rows)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            texts.PREVIOUS_PAGE,
            key=f"{page_key}-back",
            on_click=guarded(go),
            args=(max(0, first - IMAGES_A_PAGE),),
            disabled=first == 0,
        )
        st.button(
            texts.NEXT_PAGE,
            key=f"{page_key}-on",
            on_click=guarded(go),
            args=(last,),
            disabled=last >= n_rows,
        )
        st.caption(texts.SHOWN_OF.format(first=first + 1, last=last, n=n_rows))


def _show_opened(cell: Cell, row: int, path: Path) -> None:
    """Write the opened image with its heatmaps, from the bundle whose table this is."""
    held_out, folder = cell.side.evaluation.held_out, cell.side.table.bundle_folder
    st.markdown(
        "**"
        + texts.IMAGE_LINE.format(
            sample=escape_markdown(held_out.sample_ids[row]),
            group=escape_markdown(held_out.groups[row]),
        )
        + "**"
    )
    if folder is None:
        st.info(texts.OTHER_BUNDLE_NOTE, icon=":material/info:")
        return
    try:
        diagnoser = open_diagnoser(str(folder))
    except BundleError as error:
        st.error(escape_markdown(str(error)), icon=":material/error:")
        return
    entry = ImageEntry(
        key=f"{folder.name}-{path}",
        name=path.name,
        is_synthetic=False,
        read_bytes=lambda: read_image_bytes(path),
    )
    answers: Answers = st.session_state.setdefault(ANSWERS_KEY, Answers())
    answer = answers.answer(entry, diagnoser)
    if isinstance(answer, ImageError):
        st.error(escape_markdown(str(answer)), icon=":material/broken_image:")
        return
    st.caption(
        texts.TABLE_ANSWER.format(
            answer=_answer_words(
                dict(zip(held_out.class_names, held_out.probabilities[row], strict=True))
            ),
            now=_answer_words(answer.probabilities.as_dict() if answer.probabilities else {}),
        )
    )
    with st.container(border=True):
        show_heatmap_viewer(answer, diagnoser, key=f"evaluation-{row}-{cell.side.key}")


def _answer_words(probabilities: Mapping[str, float]) -> str:
    """The probability of each class in words."""
    if not probabilities:
        return texts.NO_ANSWER
    return ", ".join(f"{name} {percent(value)}" for name, value in probabilities.items())
