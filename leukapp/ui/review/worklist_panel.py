"""The worklist: filters, a page of thumbnails, and the image that is open."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Final, TypeVar

import streamlit as st

from leukapp.errors import BatchSourceError, BusyError, ChangedImageError, ImageError
from leukapp.imaging.arrays import RgbImage
from leukapp.resources import review_root
from leukapp.review.batch_images import BatchImages
from leukapp.review.kept_images import THUMBNAIL_PX, keep_thumbnail, thumbnail_path
from leukapp.review.records import BatchItem, BatchRun, DecisionKind
from leukapp.review.store import ReviewStore
from leukapp.review.worklist import (
    NO_CALL,
    ReviewFilter,
    WorklistEntry,
    WorklistFilter,
    build_worklist,
    choose_entries,
    next_open,
)
from leukapp.ui import theme
from leukapp.ui.guarded import guarded, guarded_fragment
from leukapp.ui.review.batch_address import (
    BLINDED_REVIEWS,
    VERDICTS,
    find_image,
    go_to,
    go_to_image,
    keep_address,
    seed,
    where,
)
from leukapp.ui.review.reading_panel import Reading, show_reading
from leukapp.ui.session import SharedDiagnoser
from leukapp.ui.texts import batch as texts
from leukapp.ui.wording import percent

OptionT = TypeVar("OptionT", bound=StrEnum)
COLUMNS: Final = 6
IMAGES_A_PAGE: Final = 4 * COLUMNS
ITEMS_KEY: Final = "batch-items"
BLINDED_KEY: Final = "batch-blinded"


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
    opened = find_image(entries, where().image)
    if opened is None and where().image is not None:
        words = texts.NO_SUCH_IMAGE.format(batch=run.id, number=where().image)
        st.warning(words, icon=":material/link_off:")
        go_to_image(None)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        _ask_blinded()
        _ask_filters(run)
        shown = choose_entries(entries, where().shown_filter, where().shown_order)
        n_open = sum(entry.decision is None for entry in shown)
        st.caption(texts.SHOWN.format(n=len(shown), total=len(entries), open=n_open))
    keep_address()
    is_blinded = where().is_blinded
    images = BatchImages.of(run, review_root())
    if opened is not None:
        reading = Reading(
            run=run, shown=_with_open(shown, opened), is_blinded=is_blinded, images=images
        )
        show_reading(reading, store, diagnoser)
        return
    if not shown:
        st.info(texts.NO_MATCH, icon=":material/filter_alt_off:")
        return
    _show_start(shown)
    _show_page(shown, images, diagnoser, is_blinded=is_blinded)


def _items(run_id: int, store: ReviewStore) -> tuple[BatchItem, ...]:
    """The batch's images; read again only once there are new answers, for none ever changes."""
    now = store.run(run_id)
    state = (run_id, now.created_at, now.done, now.unreadable)
    kept: tuple[object, tuple[BatchItem, ...]] | None = st.session_state.get(ITEMS_KEY)
    if kept is None or kept[0] != state:
        kept = (state, store.items(run_id))
        st.session_state[ITEMS_KEY] = kept
    return kept[1]


def _ask_blinded() -> None:
    """Ask for blinded reading."""
    seed(BLINDED_KEY, where().is_blinded)

    def turn() -> None:
        go_to(replace(where(), is_blinded=st.session_state[BLINDED_KEY], first=1))

    st.toggle(texts.BLINDED, help=texts.BLINDED_HELP, on_change=guarded(turn), key=BLINDED_KEY)


def _ask_filters(run: BatchRun) -> None:
    """Ask for filters and order; where verdicts are hidden, for none that would tell one."""
    here = where()
    wanted = here.shown_filter
    with st.popover(texts.FILTERS, icon=":material/filter_list:", width="content"):
        first, second = st.columns(2, gap="medium")
        with first:
            _ask(
                texts.REVIEWED_LABEL,
                wanted.review,
                texts.REVIEWED,
                key=f"batch-{run.id}-review-{here.is_blinded}",
                keep=lambda review: _filter_by(replace(where().wanted, review=review)),
                options=BLINDED_REVIEWS if here.is_blinded else tuple(ReviewFilter),
            )
            _ask(
                texts.QUALITY_LABEL,
                wanted.quality,
                texts.QUALITY,
                key=f"batch-{run.id}-quality",
                keep=lambda quality: _filter_by(replace(where().wanted, quality=quality)),
            )
        if here.is_blinded:
            return
        with second:
            _ask_verdicts(wanted, key=f"batch-{run.id}-verdicts")
            _ask(
                texts.BRANCHES_LABEL,
                wanted.branches,
                texts.BRANCHES,
                key=f"batch-{run.id}-branches",
                keep=lambda branches: _filter_by(replace(where().wanted, branches=branches)),
            )
        with first:
            _ask(
                texts.ORDER_LABEL,
                here.order,
                texts.ORDERS,
                key=f"batch-{run.id}-order",
                keep=lambda order: go_to(replace(where(), order=order, first=1)),
            )
        with second:
            _ask_confidence(wanted, key=f"batch-{run.id}-confidence")


def _filter_by(wanted: WorklistFilter) -> None:
    """Show other images, from the first one."""
    go_to(replace(where(), wanted=wanted, first=1))


def _ask_verdicts(wanted: WorklistFilter, *, key: str) -> None:
    seed(key, [name for name in VERDICTS if name in wanted.verdicts])

    def keep() -> None:
        _filter_by(replace(where().wanted, verdicts=frozenset(st.session_state[key])))

    st.multiselect(
        texts.VERDICTS_LABEL,
        VERDICTS,
        format_func=lambda name: theme.marked(None if name == NO_CALL else name),
        placeholder=texts.REVIEWED["any"],
        on_change=guarded(keep),
        key=key,
    )


def _ask_confidence(wanted: WorklistFilter, *, key: str) -> None:
    ends = (round(wanted.min_confidence * 100), round(wanted.max_confidence * 100))
    seed(key, ends)

    def keep() -> None:
        low, high = st.session_state[key]
        _filter_by(replace(where().wanted, min_confidence=low / 100, max_confidence=high / 100))

    st.slider(
        texts.CONFIDENCE_LABEL, 0, 100, step=1, format="%d%%", on_change=guarded(keep), key=key
    )


def _ask(
    label: str,
    chosen: OptionT,
    words: Mapping[str, str],
    *,
    key: str,
    keep: Callable[[OptionT], None],
    options: tuple[OptionT, ...] = (),
) -> None:
    """Ask for one of several settings, all of its type unless some are named."""
    seed(key, chosen)

    def change() -> None:
        keep(st.session_state[key])

    st.selectbox(
        label,
        options or list(type(chosen)),
        format_func=lambda choice: words[choice.value],
        on_change=guarded(change),
        key=key,
    )


def _with_open(shown: Sequence[WorklistEntry], opened: WorklistEntry) -> tuple[WorklistEntry, ...]:
    """Keep the open image in the list though a decision has just moved it out of the filter."""
    is_there = any(entry.item.id == opened.item.id for entry in shown)
    return tuple(shown) if is_there else (opened, *shown)


def _show_start(shown: Sequence[WorklistEntry]) -> None:
    first = next_open(shown)
    st.button(
        texts.START_REVIEW if first else texts.ALL_REVIEWED,
        type="primary",
        icon=":material/play_arrow:" if first else ":material/task_alt:",
        on_click=guarded(go_to_image),
        args=(first,),
        disabled=first is None,
        shortcut="N",
        key="batch-begin",
    )


def _show_page(
    shown: Sequence[WorklistEntry],
    images: BatchImages,
    diagnoser: SharedDiagnoser,
    *,
    is_blinded: bool,
) -> None:
    """Write one page of thumbnails; the others are not even looked at."""
    first = min(where().first - 1, len(shown) - 1) // IMAGES_A_PAGE * IMAGES_A_PAGE
    page = shown[first : first + IMAGES_A_PAGE]
    with st.container(key="worklist-page"):
        for start in range(0, len(page), COLUMNS):
            row = page[start : start + COLUMNS]
            for column, entry in zip(st.columns(COLUMNS, gap="small"), row, strict=False):
                with column:
                    _show_thumbnail(entry, images, diagnoser, is_blinded=is_blinded)
    _show_pager(len(shown), first)


def _show_thumbnail(
    entry: WorklistEntry,
    images: BatchImages,
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

    st.button(
        texts.OPEN_IMAGE.format(number=number),
        key=f"batch-open-{entry.item.id}",
        on_click=guarded(go_to_image),
        args=(entry,),
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


def _show_pager(n: int, first: int) -> None:
    if n <= IMAGES_A_PAGE:
        return

    def go(to: int) -> None:
        go_to(replace(where(), first=to + 1))

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
