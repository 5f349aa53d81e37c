"""Keeping the images of page "Diagnose" as a batch of the server, in a case where one is named."""

from dataclasses import dataclass
from typing import Final

import streamlit as st

from leukapp.errors import LeukappError
from leukapp.ui.cases.naming import ask_for_case, show_named_case
from leukapp.ui.kept_session import KeptSession, this_session
from leukapp.ui.review.log import open_log, reader_mail
from leukapp.ui.session import SharedDiagnoser
from leukapp.ui.texts import diagnose as texts
from leukapp.ui.wording import escape_markdown

CASE_KEY: Final = "keep-case"
KEPT_KEY: Final = "kept-as-batch"
"""What this session has kept last, a ``Kept``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Images that became a batch.

    Attributes:
        keys: of the images in the session.
        batch: number of the batch.
        n_decisions: that were signed on them and went along.
    """

    keys: tuple[str, ...]
    batch: int
    n_decisions: int


def show_keeping(diagnoser: SharedDiagnoser) -> None:
    """Write the way to keep the images that the reader brought; drawings are none.

    Args:
        diagnoser: the server's networks, which read the batch.
    """
    session = this_session()
    if not session.images:
        return
    keys = tuple(session.images)
    kept = st.session_state.get(KEPT_KEY)
    if isinstance(kept, Kept) and kept.keys == keys:
        # No way to keep them once more by a second press.
        st.page_link(
            "pages/batch_review.py",
            label=texts.KEPT.format(batch=kept.batch),
            icon=":material/task_alt:",
            query_params={"batch": str(kept.batch)},
        )
        if kept.n_decisions:
            st.caption(texts.KEPT_DECISIONS.format(n=kept.n_decisions))
        return
    with st.popover(texts.KEEP, icon=":material/inventory_2:"):
        st.write(texts.KEEP_HELP)
        case = ask_for_case(key=CASE_KEY)
        try:
            if case.strip():
                show_named_case(case, open_log())
            if st.button(texts.KEEP_SURE.format(n=len(keys)), type="primary", key="keep"):
                st.session_state[KEPT_KEY] = _keep(session, case, diagnoser)
                st.rerun()
        except LeukappError as error:
            st.error(escape_markdown(str(error)), icon=":material/error:")


def _keep(session: KeptSession, case: str, diagnoser: SharedDiagnoser) -> Kept:
    """Begin a batch with the images of the session, and what is signed on them.

    Raises:
        LeukappError: the server's disk or its review store takes nothing, or too many wait.
    """
    # The database's libraries take half a second, which the first screen does not wait for.
    from leukapp.review.uploads import keep_files
    from leukapp.ui.review.batches import open_worker
    from leukapp.ui.review.begin import BatchStart, begin_reading

    store = open_log()
    with st.spinner(texts.KEEPING):
        entries = keep_files(
            [(image.name, image.data) for image in session.images.values()],
            store_id=store.store_id,
            on_file=lambda *_: None,
            turn=diagnoser.turn,
        )
        start = BatchStart(entries=entries, case=case)
        batch = begin_reading(start, store, open_worker(), diagnoser).id
        carried = store.carry_decisions(batch, user=reader_mail())
        return Kept(keys=tuple(session.images), batch=batch, n_decisions=len(carried))
