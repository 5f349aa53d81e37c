"""The worklist: what is in it, a page of thumbnails, and the image that is open."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from leukapp.resources import review_root
from leukapp.review.batch_images import BatchImages
from leukapp.review.records import BatchItem, BatchRun, Decision
from leukapp.review.store import ReviewStore
from leukapp.review.worklist import WorklistEntry, choose_entries, next_open
from leukapp.ui.cases.putting import ask_to_put
from leukapp.ui.guarded import guarded, guarded_fragment
from leukapp.ui.review.agree_with_all import ask_to_agree, ask_to_take_back
from leukapp.ui.review.batch_address import find_image, go_to_image, keep_address, where
from leukapp.ui.review.key_help import show_key_help
from leukapp.ui.review.keyboard import let_keys_reach_shortcuts
from leukapp.ui.review.log_lines import my_lines, my_worklist
from leukapp.ui.review.reading_panel import Reading, show_reading
from leukapp.ui.review.thumbnails import (
    ask_density,
    ask_picking,
    page_of,
    show_pager,
    show_thumbnails,
)
from leukapp.ui.review.worklist_filters import ask_blinded, ask_filters, ask_verdicts
from leukapp.ui.session import SharedDiagnoser
from leukapp.ui.texts import batch as texts

ITEMS_KEY: Final = "batch-items"


@guarded_fragment()
def show_worklist(run: BatchRun, store: ReviewStore, diagnoser: SharedDiagnoser) -> None:
    """Write the worklist; whatever is pressed in it redraws this part of the page alone.

    Args:
        run: the batch.
        store: of the server.
        diagnoser: computes heatmaps on demand.
    """
    lines = store.decisions(run_id=run.id)
    entries = my_worklist(run, _of_open_case(_items(run.id, store), store), lines)
    if not entries:
        st.info(texts.NOTHING_READ, icon=":material/hourglass_empty:")
        return
    let_keys_reach_shortcuts()
    opened = find_image(entries, where().image)
    if opened is None and where().image is not None:
        words = texts.NO_SUCH_IMAGE.format(batch=run.id, number=where().image)
        st.warning(words, icon=":material/link_off:")
        go_to_image(None)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        ask_blinded()
        ask_filters(run)
        shown = choose_entries(entries, where().shown_filter, where().shown_order)
        n_open = sum(entry.decision is None for entry in shown)
        st.caption(texts.SHOWN.format(n=len(shown), total=len(entries), open=n_open))
        show_key_help()
    keep_address()
    images = BatchImages.of(run, review_root())
    if opened is not None:
        reading = Reading(
            run=run,
            shown=_with_open(shown, opened),
            is_blinded=where().is_blinded,
            images=images,
        )
        show_reading(reading, store, diagnoser)
        return
    if not where().is_blinded:
        ask_verdicts(entries, run)
    if not shown:
        st.info(texts.NO_MATCH, icon=":material/filter_alt_off:")
        return
    page = page_of(shown)
    _show_actions(shown, page, entries, lines, run, store, images)
    show_thumbnails(page, images, diagnoser)
    show_pager(len(shown))
    if run.unreadable:
        st.caption(texts.UNREADABLE_APART.format(n=run.unreadable))


def _show_actions(  # noqa: PLR0913
    shown: Sequence[WorklistEntry],
    page: Sequence[WorklistEntry],
    entries: Sequence[WorklistEntry],
    lines: Sequence[Decision],
    run: BatchRun,
    store: ReviewStore,
    images: BatchImages,
) -> None:
    """Write what can be done with the list: begin, agree with several, take that back."""
    with st.container(horizontal=True, vertical_alignment="center"):
        _show_start(shown)
        if not where().is_blinded:
            ask_picking(page)
            ask_to_agree(page, entries, run, store, images)
            ask_to_put(entries, store)
            ask_to_take_back(my_lines(run, lines), store)
        ask_density()


def _items(run_id: int, store: ReviewStore) -> tuple[BatchItem, ...]:
    """The batch's images; read again only once there are new answers, for none ever changes."""
    now = store.run(run_id)
    state = (run_id, now.created_at, now.done, now.unreadable)
    kept: tuple[object, tuple[BatchItem, ...]] | None = st.session_state.get(ITEMS_KEY)
    if kept is None or kept[0] != state:
        kept = (state, store.items(run_id))
        st.session_state[ITEMS_KEY] = kept
    return kept[1]


def _of_open_case(items: Sequence[BatchItem], store: ReviewStore) -> Sequence[BatchItem]:
    """The images of the case that is open; all of them where none is."""
    case = where().case
    if case is None:
        return items
    of_case = store.cases.item_ids(case)
    return [item for item in items if item.id in of_case]


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
