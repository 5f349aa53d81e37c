"""One page of the worklist's thumbnails: a click opens one, ticks choose several."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

import streamlit as st

from leukapp.errors import BatchSourceError, BusyError, ChangedImageError, ImageError
from leukapp.imaging.arrays import RgbImage
from leukapp.review.answer_keys import REJECTED
from leukapp.review.kept_images import THUMBNAIL_PX, keep_thumbnail, thumbnail_path
from leukapp.review.records import BatchItem, DecisionKind
from leukapp.review.worklist import (
    WorklistEntry,
    WorklistOrder,
    verdict_of,
)
from leukapp.ui import theme
from leukapp.ui.guarded import guarded
from leukapp.ui.review.batch_address import Density, go_to, go_to_image, seed, where
from leukapp.ui.session import SharedDiagnoser
from leukapp.ui.texts import batch as texts
from leukapp.ui.wording import percent

PICKED_KEY: Final = "batch-picked"
PICKING_KEY: Final = "batch-picking"
DENSITY_KEY: Final = "batch-density"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """How close the thumbnails lie."""

    width_px: int
    images_a_page: int


LAYOUTS: Final = {
    Density.COMFORTABLE: _Layout(width_px=180, images_a_page=24),
    Density.COMPACT: _Layout(width_px=104, images_a_page=60),
}


def ask_density() -> None:
    """Ask how close the thumbnails lie."""
    seed(DENSITY_KEY, where().density)

    def keep() -> None:
        go_to(replace(where(), density=st.session_state[DENSITY_KEY]))

    st.segmented_control(
        texts.DENSITY_LABEL,
        list(Density),
        required=True,
        format_func=lambda density: texts.DENSITIES[density.value],
        label_visibility="collapsed",
        on_change=guarded(keep),
        key=DENSITY_KEY,
    )


def page_of(shown: Sequence[WorklistEntry]) -> Sequence[WorklistEntry]:
    """Give the images of the page that is open.

    Args:
        shown: all images of a list, at least one.
    """
    first = first_of_page(len(shown))
    return shown[first : first + images_a_page()]


def images_a_page() -> int:
    """Give how many thumbnails a page has."""
    return LAYOUTS[where().density].images_a_page


def first_of_page(n: int) -> int:
    """Give the place of the first image of the page that is open, from 0.

    Args:
        n: images of the worklist, at least one.
    """
    size = images_a_page()
    return min(where().first - 1, n - 1) // size * size


def picked_ids() -> set[int]:
    """Give the ids of the images that are ticked; of every batch of this session."""
    picked: set[int] = st.session_state.setdefault(PICKED_KEY, set())
    return picked


def ask_picking(page: Sequence[WorklistEntry]) -> None:
    """Write the switch that puts ticks on the thumbnails, and what ticks or clears many.

    Args:
        page: the images that are on the screen.
    """
    is_picking = st.toggle(texts.PICK_MANY, help=texts.PICK_MANY_HELP, key=PICKING_KEY)
    if not is_picking:
        picked_ids().clear()
        return

    def pick() -> None:
        picked_ids().update(entry.item.id for entry in page)

    st.button(texts.PICK_ALL, on_click=guarded(pick), key="batch-pick-all")
    st.button(
        texts.PICK_NONE,
        on_click=guarded(picked_ids().clear),
        disabled=not picked_ids(),
        key="batch-pick-none",
    )


class ReadsImages(Protocol):
    """Reads the file behind an image of a batch."""

    def read(self, item: BatchItem) -> bytes:
        """Give its bytes.

        Raises:
            ImageError: there are none of the file that was judged.
            BatchSourceError: no file of this batch can be read.
        """


def show_thumbnails(
    page: Sequence[WorklistEntry], images: ReadsImages, diagnoser: SharedDiagnoser
) -> None:
    """Write one page of thumbnails; the others are not even looked at.

    Args:
        page: the images that are on the screen.
        images: reads the pixels.
        diagnoser: decodes those that have no thumbnail yet.
    """
    is_sorted = where().shown_order is not WorklistOrder.POSITION
    refused = [entry for entry in page if is_sorted and verdict_of(entry.item) == REJECTED]
    judged = [entry for entry in page if entry not in refused]
    _show_grid(judged, images, diagnoser, key="worklist-page")
    if refused:
        st.markdown(f"**{texts.REJECTED}**", help=texts.REJECTED_HELP)
        _show_grid(refused, images, diagnoser, key="worklist-refused")


def _show_grid(
    entries: Sequence[WorklistEntry],
    images: ReadsImages,
    diagnoser: SharedDiagnoser,
    *,
    key: str,
) -> None:
    width = LAYOUTS[where().density].width_px
    with st.container(horizontal=True, gap="small", key=key):
        for entry in entries:
            with st.container(key=f"thumb-{entry.item.id}", width=width, gap=None):
                _show_thumbnail(entry, images, diagnoser)


def _show_thumbnail(entry: WorklistEntry, images: ReadsImages, diagnoser: SharedDiagnoser) -> None:
    number = entry.item.position + 1
    try:
        path = _thumbnail(entry, images, diagnoser)
        st.image(path, width="stretch", alt=texts.THUMBNAIL_ALT.format(number=number))
    except ChangedImageError:
        st.caption(texts.OTHER_PICTURE.format(number=number))
    except (ImageError, BatchSourceError, BusyError):
        st.caption(texts.NO_PICTURE.format(number=number))
    # It lies over the whole picture, so that a click on the picture opens it.
    title = texts.OPEN_IMAGE if where().batch else texts.OPEN_IN_BATCH
    st.button(
        title.format(batch=entry.item.run_id, number=number),
        key=f"batch-open-{entry.item.id}",
        on_click=guarded(go_to_image),
        args=(entry,),
    )
    if st.session_state.get(PICKING_KEY):
        _show_tick(entry.item.id, number)
    is_hidden = where().is_blinded and entry.decision is None
    st.caption("  \n".join(_caption_lines(entry, is_hidden=is_hidden)))


def _show_tick(item_id: int, number: int) -> None:
    key = f"batch-pick-{item_id}"
    seed(key, item_id in picked_ids())

    def turn() -> None:
        picked_ids().symmetric_difference_update({item_id})

    st.checkbox(
        texts.PICK_IMAGE.format(number=number),
        label_visibility="collapsed",
        on_change=guarded(turn),
        key=key,
    )


def _thumbnail(
    entry: WorklistEntry, images: ReadsImages, diagnoser: SharedDiagnoser
) -> str | RgbImage:
    """Path of the small copy, which is made where it is missing, or its pixels.

    Raises:
        ImageError: there are no pixels of the file that was judged.
        BatchSourceError: no file of this batch can be read.
        BusyError: too many readers wait already.
    """
    digest = entry.item.image_sha256
    if digest is None:
        raise ImageError(texts.NO_PICTURE.format(number=entry.item.position + 1))
    path = thumbnail_path(digest)
    if path.is_file():
        return str(path)
    small = diagnoser.decode(images.read(entry.item), max_side_px=THUMBNAIL_PX)
    keep_thumbnail(digest, small)
    return str(path) if path.is_file() else small


def _caption_lines(entry: WorklistEntry, *, is_hidden: bool) -> list[str]:
    """Verdict, what speaks for a second look, and decision; as Markdown of our own words."""
    item, decision = entry.item, entry.decision
    if is_hidden:
        return [texts.HIDDEN]
    is_refused = verdict_of(item) == REJECTED
    lines = [f"**{texts.REJECTED if is_refused else theme.marked(item.answer_name)}**"]
    if item.answer_name is not None and item.confidence is not None:
        lines[0] += f" {percent(item.confidence)}"
    notes = []
    if item.branches_agree is False:
        notes.append(texts.MARK_DISAGREE)
    if item.quality and not is_refused:
        notes.append(texts.MARK_QUALITY)
    if notes:
        lines.append(" · ".join(notes))
    if decision is not None:
        label = theme.answer_title(decision.answer_name)
        key = DecisionKind(decision.kind).value
        lines.append(f"**{texts.DECIDED[key].format(label=label)}**")
    return lines


def show_pager(n: int) -> None:
    """Write the way to the other pages of the list.

    Args:
        n: images in the list.
    """
    size, first = images_a_page(), first_of_page(n)
    if n <= size:
        return

    def go(to: int) -> None:
        go_to(replace(where(), first=to + 1))

    last = min(first + size, n)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            texts.PAGE_BACK,
            icon=":material/chevron_left:",
            on_click=guarded(go),
            args=(max(0, first - size),),
            disabled=first == 0,
            shortcut="PageUp",
            key="batch-page-back",
        )
        st.button(
            texts.PAGE_ON,
            icon=":material/chevron_right:",
            on_click=guarded(go),
            args=(last,),
            disabled=last >= n,
            shortcut="PageDown",
            key="batch-page-on",
        )
        st.caption(texts.PAGE_LINE.format(first=first + 1, last=last, n=n))
