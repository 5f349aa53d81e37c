"""Which cases the images of a batch belong to, and the way to put the batch into one."""

from dataclasses import replace

import streamlit as st

from leukapp.review.records import BatchRun, Case
from leukapp.review.store import ReviewStore
from leukapp.ui.cases.naming import ask_for_case, case_title
from leukapp.ui.guarded import guarded
from leukapp.ui.review.batch_address import go_to, go_to_case, where
from leukapp.ui.review.log import reader_mail
from leukapp.ui.texts import cases as texts
from leukapp.ui.wording import escape_markdown


def show_membership(run: BatchRun, opened: Case | None, store: ReviewStore) -> None:
    """Write the cases of a batch with the way to each, and what puts the batch into one.

    Args:
        run: the batch.
        opened: the case by which the reader came here, or None.
        store: of the server.
    """
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for case in store.cases.of_batch(run.id):
            is_way_back = opened is not None and case.id == opened.id
            name = escape_markdown(case_title(case))
            st.button(
                name,
                icon=":material/arrow_back:" if is_way_back else ":material/folder_shared:",
                help=texts.BACK if is_way_back else None,
                on_click=guarded(go_to_case),
                args=(case.id,),
                key=f"case-of-batch-{case.id}",
            )
        _show_putting(run, store)
    if opened is not None:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(texts.ONLY_OF_CASE.format(case=escape_markdown(case_title(opened))))
            st.button(
                texts.WHOLE_BATCH,
                type="tertiary",
                on_click=guarded(_leave_case),
                key="case-whole-batch",
            )


def _leave_case() -> None:
    go_to(replace(where(), case=None, first=1))


def _show_putting(run: BatchRun, store: ReviewStore) -> None:
    key = f"case-for-batch-{run.id}"

    def put() -> None:
        case = store.cases.put_batch(st.session_state[key], run.id, user=reader_mail())
        go_to_case(case.id)

    with st.popover(texts.PUT, icon=":material/create_new_folder:", width="content"):
        ask_for_case(key=key)
        st.caption(texts.PUT_HELP.format(n=run.total))
        st.button(texts.PUT_SURE, type="primary", on_click=guarded(put), key="case-put")
