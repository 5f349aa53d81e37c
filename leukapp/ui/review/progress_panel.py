"""How far a batch is: progress, rate, time left, its buttons, and the files without an answer."""

from collections.abc import Callable
from typing import Final

import streamlit as st

from leukapp.errors import LeukappError
from leukapp.resources import review_root
from leukapp.review.batch_images import BatchImages
from leukapp.review.double_reading import N_READERS
from leukapp.review.records import BatchRun, ItemState, RunState
from leukapp.review.removal import remove_batch
from leukapp.review.store import ReviewStore
from leukapp.ui.guarded import guarded, guarded_fragment
from leukapp.ui.review.batch_address import BatchSection, go_to_batch, go_to_section
from leukapp.ui.review.batches import state_word
from leukapp.ui.review.log import reader_mail
from leukapp.ui.review.worker import BatchWorker, WorkStatus
from leukapp.ui.session import SharedDiagnoser
from leukapp.ui.texts import batch as texts
from leukapp.ui.wording import escape_markdown

REFRESH_SECONDS: Final = 1.0
STATE_COLORS: Final = {
    texts.STATES["running"]: "blue",
    texts.STATES["finished"]: "green",
    texts.STATES["interrupted"]: "orange",
}


def show_batch_head(run: BatchRun, worker: BatchWorker) -> None:
    """Write which batch this is, where it stands, and what reads it."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.header(escape_markdown(run.name), anchor=False, width="content")
        word = state_word(run, worker)
        st.badge(word, color=STATE_COLORS.get(word, "gray"))  # type: ignore[arg-type]
        with st.popover(texts.RESEARCHERS, width="content"):
            sha, version = run.bundle_sha256, run.software_version
            st.caption(texts.BATCH_RECORD.format(sha=sha, version=version))
    st.caption(
        texts.BATCH_ABOUT.format(
            number=run.id,
            total=run.total,
            moment=run.created_at.strftime("%Y-%m-%d %H:%M"),
        )
        + (texts.ASKS_FOR_TWO if run.n_readers == N_READERS else "")
    )


def show_progress(
    run: BatchRun, store: ReviewStore, worker: BatchWorker, diagnoser: SharedDiagnoser
) -> None:
    """Write how far a batch is; while it is being read, this part redraws itself.

    Args:
        run: the batch.
        store: of the server.
        worker: of the server.
        diagnoser: the server's networks.
    """
    is_active = worker.status(run.id).is_active

    @guarded_fragment(run_every=REFRESH_SECONDS if is_active else None)
    def show() -> None:
        now = store.run(run.id)
        status = worker.status(run.id)
        _show_bar(now, status)
        _show_buttons(now, status, store, worker, diagnoser)
        if is_active and not status.is_active:
            st.rerun()

    show()
    if not is_active and run.done:
        st.button(
            texts.REVIEW_NOW,
            type="primary",
            icon=":material/rate_review:",
            on_click=guarded(go_to_section),
            args=(BatchSection.WORKLIST,),
            key="batch-review-now",
        )
    _show_unreadable(run, store)
    if not is_active:
        _show_removal(run, store)


def duration_words(seconds: float) -> str:
    """Give a time that is left in words, rounded up to what a reader can use.

    Example:
        >>> duration_words(42.3), duration_words(90), duration_words(5000)
        ('43 s', '2 min', '1 h 24 min')
    """
    whole = int(-(-seconds // 1))
    if whole < 60:
        return texts.SECONDS.format(n=whole)
    minutes = -(-whole // 60)
    if minutes < 60:
        return texts.MINUTES.format(n=minutes)
    return texts.HOURS.format(hours=minutes // 60, minutes=minutes % 60)


def _show_bar(run: BatchRun, status: WorkStatus) -> None:
    n_read = run.done + run.unreadable
    words = [texts.PROGRESS_BAR.format(read=run.done, total=run.total)]
    if run.unreadable:
        words.append(texts.PROGRESS_UNREADABLE.format(n=run.unreadable))
    if status.is_working and status.images_per_second:
        words.append(texts.RATE.format(rate=status.images_per_second))
        left = (run.total - n_read) / status.images_per_second
        words.append(texts.TIME_LEFT.format(time=duration_words(left)))
    elif status.is_working:
        words.append(texts.RATE_UNKNOWN)
    st.progress(min(1.0, n_read / max(1, run.total)), " · ".join(words))
    if status.failure is not None:
        reason = escape_markdown(status.failure)
        st.error(texts.FAILED.format(reason=reason), icon=":material/error:")
    elif status.is_in_line:
        st.info(texts.IN_LINE, icon=":material/hourglass_top:")
    elif not status.is_active:
        _show_rest(run)


def _show_rest(run: BatchRun) -> None:
    """Say why the batch is not being read."""
    if run.state is RunState.RUNNING:
        st.warning(texts.INTERRUPTED, icon=":material/power_off:")
    elif run.state is RunState.PAUSED:
        st.info(texts.PAUSED, icon=":material/pause:")
    elif run.state is RunState.CANCELLED:
        st.info(texts.CANCELLED, icon=":material/cancel:")
    else:
        st.success(texts.FINISHED, icon=":material/task_alt:")


def _show_buttons(
    run: BatchRun,
    status: WorkStatus,
    store: ReviewStore,
    worker: BatchWorker,
    diagnoser: SharedDiagnoser,
) -> None:
    if run.state in {RunState.FINISHED, RunState.CANCELLED}:
        return
    if not status.is_active and run.bundle_sha256 != diagnoser.bundle_sha256:
        st.warning(texts.OTHER_BUNDLE, icon=":material/swap_horiz:")
        return
    with st.container(horizontal=True):
        if status.is_active:
            if st.button(texts.PAUSE, icon=":material/pause:", key="batch-pause"):
                _try(lambda: worker.stop(run.id, RunState.PAUSED, user=reader_mail()))
        elif st.button(
            texts.RESUME, type="primary", icon=":material/play_arrow:", key="batch-resume"
        ):
            images = BatchImages.of(run, review_root())
            _try(lambda: worker.begin(run.id, diagnoser, images, user=reader_mail()))
        with st.popover(texts.CANCEL, icon=":material/cancel:"):
            st.write(texts.CANCEL_HELP)
            if st.button(texts.CANCEL_SURE, type="primary", key="batch-cancel"):
                _try(lambda: worker.stop(run.id, RunState.CANCELLED, user=reader_mail()))


def _try(action: Callable[[], None]) -> None:
    """Run an action and redraw the whole page, or say why the action failed."""
    try:
        action()
    except LeukappError as error:
        st.error(escape_markdown(str(error)), icon=":material/error:")
        return
    st.rerun()


def _show_unreadable(run: BatchRun, store: ReviewStore) -> None:
    if not run.unreadable:
        return
    broken = [item for item in store.items(run.id) if item.state is ItemState.UNREADABLE]
    st.subheader(f"{texts.UNREADABLE} ({len(broken)})", anchor=False)
    st.dataframe(
        {
            texts.UNREADABLE_NAME: [item.name for item in broken],
            texts.UNREADABLE_REASON: [item.error or "" for item in broken],
        },
        hide_index=True,
        width="stretch",
        key="batch-unreadable",
    )


def _show_removal(run: BatchRun, store: ReviewStore) -> None:
    """Write the way to get the batch off the server; it asks once more."""
    with st.popover(texts.REMOVE, icon=":material/delete:"):
        st.write(texts.REMOVE_HELP)
        if st.button(texts.REMOVE_SURE, type="primary", key="batch-remove"):
            _try(lambda: _remove(run, store))


def _remove(run: BatchRun, store: ReviewStore) -> None:
    remove_batch(store, run.id, user=reader_mail())
    go_to_batch(None)
