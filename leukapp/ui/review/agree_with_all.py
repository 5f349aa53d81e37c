"""Agreeing with several answers at once: one signed decision each, taken back as one."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from leukapp.errors import BatchSourceError, ImageError
from leukapp.review.batch_images import BatchImages
from leukapp.review.records import BatchItem, BatchRun
from leukapp.review.store import ReviewStore
from leukapp.review.worklist import WorklistEntry, count_verdicts
from leukapp.review.worklist_book import WorklistScope
from leukapp.ui.guarded import guarded
from leukapp.ui.review.initials import ask_initials, session_initials
from leukapp.ui.review.log import is_admin, reader_mail
from leukapp.ui.review.thumbnails import picked_ids
from leukapp.ui.review.worklist_filters import verdict_title
from leukapp.ui.texts import batch as texts

UNSIGNED_KEY: Final = "batch-unsigned"
MAX_NAMED: Final = 10


def ask_to_agree(
    page: Sequence[WorklistEntry],
    picked: Sequence[WorklistEntry],
    run: BatchRun,
    store: ReviewStore,
    images: BatchImages,
) -> None:
    """Write the button that agrees with the ticked images, or with those on the screen.

    Args:
        page: the images that are on the screen.
        picked: those that are ticked.
        run: the batch.
        store: of the server.
        images: reads the files, for a file that was replaced is not signed.
    """
    meant = [entry for entry in picked or page if entry.decision is None and entry.reading is None]
    title = texts.AGREE_PICKED if picked else texts.AGREE_SHOWN
    with st.popover(
        title.format(n=len(meant)), icon=":material/done_all:", disabled=not meant, width="content"
    ):
        st.write(texts.AGREE_ALL_HELP.format(n=len(meant)))
        counts = count_verdicts(meant)
        st.markdown(" · ".join(f"{n} {verdict_title(name)}" for name, n in counts.items()))
        initials = ask_initials(key="initials-agree")

        def sign() -> None:
            _sign([entry.item for entry in meant], run, store, images)

        st.button(
            texts.AGREE_ALL.format(n=len(meant)),
            type="primary",
            on_click=guarded(sign),
            disabled=initials is None,
            key="batch-agree-all",
        )
    unsigned = st.session_state.pop(UNSIGNED_KEY, None)
    if unsigned is not None:
        st.warning(unsigned, icon=":material/rule:")


def ask_to_take_back(scope: WorklistScope, store: ReviewStore) -> None:
    """Write the button that takes back what was signed together, as long as it was the last.

    Args:
        scope: of the worklist.
        store: of the server.
    """
    made = store.worklists.last_act(scope, user=reader_mail())
    initials = session_initials()
    act = made[0].act if made else None
    if act is None:
        return

    def take_back() -> None:
        store.undo_act(act, initials=initials or "", user=reader_mail(), is_admin=is_admin())

    st.button(
        texts.TAKE_BACK_ALL.format(n=len(made)),
        icon=":material/undo:",
        on_click=guarded(take_back),
        disabled=initials is None,
        key="batch-take-back-all",
    )


def _sign(
    items: Sequence[BatchItem], run: BatchRun, store: ReviewStore, images: BatchImages
) -> None:
    """Sign every image whose file is the one that was judged; name the others by number."""
    whole: list[BatchItem] = []
    replaced: list[BatchItem] = []
    for item in items:
        try:
            is_whole = images.seen_sha256(item) == item.image_sha256
        except (ImageError, BatchSourceError):
            is_whole = False
        (whole if is_whole else replaced).append(item)
    store.agree_with_all(whole, run, initials=session_initials() or "", user=reader_mail())
    picked_ids().clear()
    if replaced:
        numbers = ", ".join(str(item.position + 1) for item in replaced[:MAX_NAMED])
        st.session_state[UNSIGNED_KEY] = texts.UNSIGNED.format(n=len(replaced), numbers=numbers)
