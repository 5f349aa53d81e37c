"""Images of a held-out set where the pixels are at hand, a page at a time; one opens with heat."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import streamlit as st

from leukapp.errors import BundleError, ImageError
from leukapp.evaluation.held_out import HeldOutSet
from leukapp.evaluation.held_out_tables import HeldOutTable
from leukapp.imaging.arrays import RgbImage
from leukapp.imaging.image_io import read_image, read_image_bytes
from leukapp.inference.answers import NO_ANSWER
from leukapp.resources import data_root, find_pixels
from leukapp.ui import theme
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gallery:
    """Which images are shown.

    Attributes:
        table: whose bundle draws the heatmaps.
        held_out: the set that ``rows`` count in.
        rows: the images, in the order in which they are shown.
        caption: the words under an image, as Markdown of our own.
        key: of its widgets, the same at every rerun.
    """

    table: HeldOutTable
    held_out: HeldOutSet
    rows: tuple[int, ...]
    caption: Callable[[int], str]
    key: str


def show_gallery(gallery: Gallery) -> None:
    """Write a page of images and the one that is opened, or why they are not at hand."""
    root = data_root()
    if root is None:
        st.info(texts.NO_DATA_ROOT, icon=":material/folder_off:")
        return
    opened = _show_page(gallery, root)
    if opened is not None:
        _show_opened(gallery, *opened)


def answer_caption(held_out: HeldOutSet, row: int) -> str:
    """Say what an image was answered and how surely."""
    label = held_out.predicted_labels[row]
    if label == NO_ANSWER:
        return texts.NO_ANSWER
    answer = theme.marked(held_out.class_names[label])
    return f"{answer} {percent(held_out.probabilities[row].max())}"


@st.cache_data(show_spinner=False, max_entries=200, scope="session")
def _thumbnail(path: str, changed_ns: int) -> RgbImage | None:
    """Read a small copy of an image, or None where it cannot be read."""
    try:
        return fit_for_screen(read_image(Path(path)), max_side_px=THUMBNAIL_PX)
    except ImageError:
        return None


def _show_page(gallery: Gallery, root: Path) -> tuple[int, Path] | None:
    """Write a page of images with buttons; give the row and the file of the opened one."""
    held_out, rows = gallery.held_out, gallery.rows
    page_key, open_key = f"page-{gallery.key}", f"open-{gallery.key}"
    first = min(st.session_state.get(page_key, 0), len(rows) - 1)
    shown = rows[first : first + IMAGES_A_PAGE]
    paths = {row: find_pixels(root, held_out.sample_ids[row]) for row in shown}
    if not any(paths.values()):
        st.info(texts.NO_PIXELS, icon=":material/folder_off:")
    columns = st.columns(IMAGES_A_PAGE)
    for column, row in zip(columns, shown, strict=False):
        path = paths[row]
        if path is not None:
            with column:
                _show_thumbnail(gallery.caption(row), row, path, open_key)
    _show_pager(len(rows), first, page_key)
    opened = st.session_state.get(open_key)
    if opened is None or opened not in rows:
        return None
    path = find_pixels(root, held_out.sample_ids[opened])
    return None if path is None else (opened, path)


def _show_thumbnail(caption: str, row: int, path: Path, open_key: str) -> None:
    """Write one small image and the button that opens it."""
    picture = _thumbnail(str(path), path.stat().st_mtime_ns)
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


def _show_opened(gallery: Gallery, row: int, path: Path) -> None:
    """Write the opened image with its heatmaps, from the bundle whose table this is."""
    held_out, folder = gallery.held_out, gallery.table.bundle_folder
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
        show_heatmap_viewer(answer, diagnoser, key=f"evaluation-{row}-{gallery.key}")


def _answer_words(probabilities: Mapping[str, float]) -> str:
    """The probability of each class in words."""
    if not probabilities:
        return texts.NO_ANSWER
    return ", ".join(f"{name} {percent(value)}" for name, value in probabilities.items())
