"""The worklist: filters, a page of thumbnails, and the image that is open."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final, TypeVar

import streamlit as st

from leukapp.errors import BatchSourceError, BusyError, ChangedImageError, ImageError
from leukapp.imaging.arrays import RgbImage
from leukapp.labels import ANSWER_NAMES
from leukapp.resources import review_root
from leukapp.review.batch_images import BatchImages
from leukapp.review.kept_images import THUMBNAIL_PX, keep_thumbnail, thumbnail_path
from leukapp.review.records import BatchItem, BatchRun, DecisionKind
from leukapp.review.store import ReviewStore
from leukapp.review.worklist import (
    NO_CALL,
    BranchFilter,
    QualityFilter,
    ReviewFilter,
    WorklistEntry,
    WorklistFilter,
    WorklistOrder,
    build_worklist,
    choose_entries,
    next_open,
)
from leukapp.ui import theme
from leukapp.ui.guarded import guarded, guarded_fragment
from leukapp.ui.review.reading_panel import Reading, show_reading
from leukapp.ui.session import SharedDiagnoser
from leukapp.ui.texts import batch as texts
from leukapp.ui.wording import percent

OptionT = TypeVar("OptionT", bound=StrEnum)
COLUMNS: Final = 6
IMAGES_A_PAGE: Final = 4 * COLUMNS
ITEMS_KEY: Final = "batch-items"
BLINDED_KEY: Final = "batch-blinded"
BLINDED_NAME: Final = "vote-first"


@guarded_fragment()
def show_worklist(run: BatchRun, store: ReviewStore, diagnoser: SharedDiagnoser) -> None:
    """Write the worklist; whatever is pressed in it redraws this part of the page alone.

    Args:
        run: the batch.
        store: of the server.
        diagnoser: computes heatmaps on demand.
    """
    entries = build_worklist(_items(run.id, store), store.decisions(run_id=run.id))
    if not entries:
        st.info(texts.NOTHING_READ, icon=":material/hourglass_empty:")
        return
    open_key = f"batch-{run.id}-open"
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        is_blinded = _ask_blinded()
        shown = _choose(entries, run, is_blinded=is_blinded)
        n_open = sum(entry.decision is None for entry in shown)
        st.caption(texts.SHOWN.format(n=len(shown), total=len(entries), open=n_open))
    images = BatchImages.of(run, review_root())
    if st.session_state.get(open_key) is not None:
        reading = Reading(
            run=run,
            shown=_with_open(shown, entries, st.session_state[open_key]),
            open_key=open_key,
            is_blinded=is_blinded,
            images=images,
        )
        show_reading(reading, store, diagnoser)
        return
    if not shown:
        st.info(texts.NO_MATCH, icon=":material/filter_alt_off:")
        return
    _show_start(shown, open_key)
    _show_page(shown, run, open_key, images, diagnoser, is_blinded=is_blinded)


def _items(run_id: int, store: ReviewStore) -> tuple[BatchItem, ...]:
    """The batch's images; read again only once there are new answers, for none ever changes."""
    now = store.run(run_id)
    state = (run_id, now.created_at, now.done, now.unreadable)
    kept: tuple[object, tuple[BatchItem, ...]] | None = st.session_state.get(ITEMS_KEY)
    if kept is None or kept[0] != state:
        kept = (state, store.items(run_id))
        st.session_state[ITEMS_KEY] = kept
    return kept[1]


def _ask_blinded() -> bool:
    """Ask for blinded reading; the address remembers it, so that a reload shows no verdict."""
    if BLINDED_KEY not in st.session_state:
        st.session_state[BLINDED_KEY] = st.query_params.get(BLINDED_NAME) == "1"
    is_blinded = st.toggle(texts.BLINDED, help=texts.BLINDED_HELP, key=BLINDED_KEY)
    if is_blinded:
        st.query_params[BLINDED_NAME] = "1"
    else:
        st.query_params.pop(BLINDED_NAME, None)
    return is_blinded


def _choose(
    entries: Sequence[WorklistEntry], run: BatchRun, *, is_blinded: bool
) -> tuple[WorklistEntry, ...]:
    """Ask for filters and order, and give the images in it."""
    with st.popover(texts.FILTERS, icon=":material/filter_list:", width="content"):
        first, second = st.columns(2, gap="medium")
        with first:
            review = _ask(
                texts.REVIEWED_LABEL,
                (ReviewFilter.ANY, ReviewFilter.OPEN, ReviewFilter.REVIEWED)
                if is_blinded
                else tuple(ReviewFilter),
                texts.REVIEWED,
                key=f"batch-{run.id}-review-{is_blinded}",
            )
            quality = _ask(
                texts.QUALITY_LABEL,
                tuple(QualityFilter),
                texts.QUALITY,
                key=f"batch-{run.id}-quality",
            )
        if is_blinded:
            wanted = WorklistFilter(review=review, quality=quality)
            return choose_entries(entries, wanted, WorklistOrder.POSITION)
        with second:
            verdicts = st.multiselect(
                texts.VERDICTS_LABEL,
                [*ANSWER_NAMES, NO_CALL],
                format_func=lambda name: theme.marked(None if name == NO_CALL else name),
                placeholder=texts.REVIEWED["any"],
                key=f"batch-{run.id}-verdicts",
            )
            branches = _ask(
                texts.BRANCHES_LABEL,
                tuple(BranchFilter),
                texts.BRANCHES,
                key=f"batch-{run.id}-branches",
            )
        with first:
            order = _ask(
                texts.ORDER_LABEL,
                tuple(WorklistOrder),
                texts.ORDERS,
                key=f"batch-{run.id}-order",
            )
        with second:
            low, high = st.slider(
                texts.CONFIDENCE_LABEL, 0, 100, (0, 100), 5, format="%d%%",
                key=f"batch-{run.id}-confidence",
            )  # fmt: skip
    wanted = WorklistFilter(
        verdicts=frozenset(verdicts),
        min_confidence=low / 100,
        max_confidence=high / 100,
        branches=branches,
        quality=quality,
        review=review,
    )
    return choose_entries(entries, wanted, order)


def _ask(
    label: str, options: tuple[OptionT, ...], words: Mapping[str, str], *, key: str
) -> OptionT:
    """Ask for one of several settings, the first one at the beginning."""
    chosen = st.selectbox(label, options, format_func=lambda choice: words[choice.value], key=key)
    return chosen if chosen is not None else options[0]


def _with_open(
    shown: Sequence[WorklistEntry], entries: Sequence[WorklistEntry], item_id: int
) -> tuple[WorklistEntry, ...]:
    """Keep the open image in the list though a decision has just moved it out of the filter."""
    if any(entry.item.id == item_id for entry in shown):
        return tuple(shown)
    return (*(entry for entry in entries if entry.item.id == item_id), *shown)


def _show_start(shown: Sequence[WorklistEntry], open_key: str) -> None:
    first = next_open(shown)

    def begin() -> None:
        if first is not None:
            st.session_state[open_key] = first.item.id

    st.button(
        texts.START_REVIEW if first else texts.ALL_REVIEWED,
        type="primary",
        icon=":material/play_arrow:" if first else ":material/task_alt:",
        on_click=guarded(begin),
        disabled=first is None,
        shortcut="N",
        key="batch-begin",
    )


def _show_page(
    shown: Sequence[WorklistEntry],
    run: BatchRun,
    open_key: str,
    images: BatchImages,
    diagnoser: SharedDiagnoser,
    *,
    is_blinded: bool,
) -> None:
    """Write one page of thumbnails; the others are not even looked at."""
    page_key = f"batch-{run.id}-page"
    first = min(
        st.session_state.get(page_key, 0), (len(shown) - 1) // IMAGES_A_PAGE * IMAGES_A_PAGE
    )
    page = shown[first : first + IMAGES_A_PAGE]
    with st.container(key="worklist-page"):
        for start in range(0, len(page), COLUMNS):
            row = page[start : start + COLUMNS]
            for column, entry in zip(st.columns(COLUMNS, gap="small"), row, strict=False):
                with column:
                    _show_thumbnail(entry, images, open_key, diagnoser, is_blinded=is_blinded)
    _show_pager(len(shown), first, page_key)


def _show_thumbnail(
    entry: WorklistEntry,
    images: BatchImages,
    open_key: str,
    diagnoser: SharedDiagnoser,
    *,
    is_blinded: bool,
) -> None:
    number = entry.item.position + 1
    try:
        path = _thumbnail(entry, images, diagnoser)
        st.image(path, width="stretch", alt=texts.THUMBNAIL_ALT.format(number=number))
    except ChangedImageError:
        st.caption(texts.OTHER_PICTURE.format(number=number))
    except (ImageError, BatchSourceError, BusyError):
        st.caption(texts.NO_PICTURE.format(number=number))

    def open_image() -> None:
        st.session_state[open_key] = entry.item.id

    st.button(
        texts.OPEN_IMAGE.format(number=number),
        key=f"{open_key}-{entry.item.id}",
        on_click=guarded(open_image),
        width="stretch",
    )
    is_hidden = is_blinded and entry.decision is None
    st.caption("  \n".join(_caption_lines(entry, is_hidden=is_hidden)))


def _thumbnail(
    entry: WorklistEntry, images: BatchImages, diagnoser: SharedDiagnoser
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
    lines = [f"**{theme.marked(item.answer_name)}**"]
    if item.confidence is None:
        lines[0] += f" {texts.NO_NUMBER}"
    elif item.answer_name is not None:
        lines[0] += f" {percent(item.confidence)}"
    notes = []
    if item.branches_agree is False:
        notes.append(texts.MARK_DISAGREE)
    if item.quality:
        notes.append(texts.MARK_QUALITY)
    if notes:
        lines.append(" · ".join(notes))
    if decision is not None:
        label = theme.answer_title(decision.answer_name)
        key = DecisionKind(decision.kind).value
        lines.append(f"**{texts.DECIDED[key].format(label=label)}**")
    return lines


def _show_pager(n: int, first: int, page_key: str) -> None:
    if n <= IMAGES_A_PAGE:
        return

    def go(to: int) -> None:
        st.session_state[page_key] = to

    last = min(first + IMAGES_A_PAGE, n)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            texts.PAGE_BACK,
            icon=":material/chevron_left:",
            on_click=guarded(go),
            args=(max(0, first - IMAGES_A_PAGE),),
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
