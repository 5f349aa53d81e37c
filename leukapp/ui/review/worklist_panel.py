"""The worklist: what is in it, a page of thumbnails, and the image that is open."""

from collections.abc import Sequence

import streamlit as st

from leukapp.resources import review_root
from leukapp.review.batch_images import BatchImages
from leukapp.review.records import BatchRun
from leukapp.review.store import ReviewStore
from leukapp.review.worklist import WorklistEntry
from leukapp.review.worklist_book import ChosenList, WorklistScope
from leukapp.ui.cases.putting import ask_to_put
from leukapp.ui.guarded import guarded, guarded_fragment
from leukapp.ui.review.agree_with_all import ask_to_agree, ask_to_take_back
from leukapp.ui.review.batch_address import go_to_image, keep_address, where
from leukapp.ui.review.key_help import show_key_help
from leukapp.ui.review.keyboard import let_keys_reach_shortcuts
from leukapp.ui.review.log_lines import my_scope
from leukapp.ui.review.reading_panel import Reading, show_reading
from leukapp.ui.review.thumbnails import (
    ask_density,
    ask_picking,
    first_of_page,
    images_a_page,
    picked_ids,
    show_pager,
    show_thumbnails,
)
from leukapp.ui.review.worklist_filters import ask_blinded, ask_filters, ask_verdicts
from leukapp.ui.session import SharedDiagnoser
from leukapp.ui.texts import batch as texts


@guarded_fragment()
def show_worklist(run: BatchRun, store: ReviewStore, diagnoser: SharedDiagnoser) -> None:
    """Write the worklist; whatever is pressed in it redraws this part of the page alone.

    Args:
        run: the batch.
        store: of the server.
        diagnoser: computes heatmaps on demand.
    """
    # A batch that was removed meanwhile is one sentence.
    store.run(run.id)
    scope = my_scope(run, case_id=where().case)
    counts = store.worklists.count_verdicts(scope)
    if not counts:
        st.info(texts.NOTHING_READ, icon=":material/hourglass_empty:")
        return
    let_keys_reach_shortcuts()
    opened = _opened(scope, store)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        ask_blinded()
        ask_filters(run)
        shown = ChosenList(scope=scope, wanted=where().shown_filter, order=where().shown_order)
        size = store.worklists.size(shown)
        total = sum(counts.values())
        st.caption(texts.SHOWN.format(n=size.n, total=total, open=size.n_open))
        show_key_help()
    keep_address()
    images = BatchImages.of(run, review_root())
    if opened is not None:
        reading = Reading(
            run=run,
            shown=shown,
            place=store.worklists.place_of(shown, opened),
            is_blinded=where().is_blinded,
            images=images,
        )
        show_reading(reading, store, diagnoser)
        return
    if not where().is_blinded:
        ask_verdicts(counts, run)
    if not size.n:
        st.info(texts.NO_MATCH, icon=":material/filter_alt_off:")
        return
    page = store.worklists.page(shown, first=first_of_page(size.n), n=images_a_page())
    _show_actions(shown, page, run, store, images)
    show_thumbnails(page, images, diagnoser)
    show_pager(size.n)
    if run.unreadable:
        st.caption(texts.UNREADABLE_APART.format(n=run.unreadable))


def _opened(scope: WorklistScope, store: ReviewStore) -> WorklistEntry | None:
    """The image that the address names; a sentence, and the list, where there is none."""
    number = where().image
    if number is None:
        return None
    opened = store.worklists.image(scope, number)
    if opened is None:
        words = texts.NO_SUCH_IMAGE.format(batch=scope.run_id, number=number)
        st.warning(words, icon=":material/link_off:")
        go_to_image(None)
    return opened


def _show_actions(
    shown: ChosenList,
    page: Sequence[WorklistEntry],
    run: BatchRun,
    store: ReviewStore,
    images: BatchImages,
) -> None:
    """Write what can be done with the list: begin, agree with several, take that back."""
    with st.container(horizontal=True, vertical_alignment="center"):
        _show_start(store.worklists.first_open(shown))
        if not where().is_blinded:
            ask_picking(page)
            picked = store.worklists.of_ids(shown.scope, picked_ids())
            ask_to_agree(page, picked, run, store, images)
            ask_to_put(picked, store)
            ask_to_take_back(shown.scope, store)
        ask_density()


def _show_start(first: WorklistEntry | None) -> None:
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
