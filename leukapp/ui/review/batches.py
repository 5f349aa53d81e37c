"""What the server shares of batches, and which one is on the screen."""

from typing import Final

import streamlit as st

from leukapp.review.kept_images import discard_orphans
from leukapp.review.records import BatchRun, RunState
from leukapp.review.removal import sweep_removed
from leukapp.review.store import RUNS_A_PAGE, ReviewStore
from leukapp.ui.guarded import guarded
from leukapp.ui.review.batch_address import go_to_batch, seed, where
from leukapp.ui.review.log import open_log
from leukapp.ui.review.worker import BatchWorker
from leukapp.ui.texts import batch as texts

CHOICE_KEY: Final = "batch"
OLDER_KEY: Final = "batch-older"
NEW: Final = 0
"""Stands for a new batch in the menu."""


@st.cache_resource(show_spinner=False)
def open_worker() -> BatchWorker:
    """Give the one worker of the server, after removing what a killed one left.

    Raises:
        StoreError: the review log cannot be opened.
    """
    log = open_log()
    discard_orphans(log.store_id, log.knows_upload)
    sweep_removed(log)
    return BatchWorker(log)


def choose_batch(store: ReviewStore) -> BatchRun | None:
    """Ask which batch to show.

    Args:
        store: of the server.

    Returns:
        The batch, or None for a new one.
    """
    page = store.runs(limit=RUNS_A_PAGE)
    if len(page) == RUNS_A_PAGE and page[-1].id > 1:
        _ask_for_older(page[-1].id)
    asked_for = where().batch or NEW
    if asked_for and asked_for < min((run.id for run in page), default=0):
        page += tuple(run for run in store.runs(before=asked_for + 1, limit=1))
    runs = {run.id: run for run in page}
    options = [NEW, *runs]
    if asked_for not in options:
        st.warning(texts.NO_SUCH_BATCH.format(number=asked_for), icon=":material/link_off:")
        go_to_batch(None)
    seed(CHOICE_KEY, where().batch or NEW)

    def line_of(run_id: int) -> str:
        if run_id == NEW:
            return texts.NEW_BATCH
        # Nothing that changes: Streamlit knows a choice by its words.
        return texts.BATCH_LINE.format(number=run_id, name=runs[run_id].name)

    def choose() -> None:
        go_to_batch(st.session_state[CHOICE_KEY] or None)

    st.selectbox(
        texts.BATCH,
        options,
        format_func=line_of,
        help=texts.BATCHES_HELP,
        on_change=guarded(choose),
        key=CHOICE_KEY,
    )
    chosen = where().batch
    return None if chosen is None else runs[chosen]


def _ask_for_older(oldest: int) -> None:
    """Write the field for the number of a batch that is older than those of the menu."""

    def choose() -> None:
        number = st.session_state[OLDER_KEY]
        if number is not None:
            go_to_batch(number)

    st.number_input(
        texts.OLDER_BATCH,
        min_value=1,
        max_value=oldest - 1,
        value=None,
        step=1,
        help=texts.OLDER_HELP.format(n=RUNS_A_PAGE),
        on_change=guarded(choose),
        key=OLDER_KEY,
    )


def state_word(run: BatchRun, worker: BatchWorker) -> str:
    """Give the word for where a batch stands; one that nobody goes on with is interrupted."""
    if run.state is not RunState.RUNNING:
        return texts.STATES[run.state.value]
    status = worker.status(run.id)
    if status.is_in_line:
        return texts.STATES["waiting"]
    return texts.STATES["running" if status.is_working else "interrupted"]
