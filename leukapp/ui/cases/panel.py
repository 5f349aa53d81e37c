"""One case on page "Batch review": its name, its images, and what can be done with them."""

from collections.abc import Sequence

import streamlit as st

from leukapp.review.records import Case, ItemState
from leukapp.review.store import ReviewStore
from leukapp.ui.cases.naming import ask_for_case, case_title
from leukapp.ui.cases.open_case import OpenCase
from leukapp.ui.cases.report_panel import show_case_report
from leukapp.ui.cases.summary_panel import show_differential, show_shares
from leukapp.ui.guarded import guarded
from leukapp.ui.review.batch_address import go_to_case, where
from leukapp.ui.review.log import reader_mail
from leukapp.ui.review.thumbnails import ask_density, page_of, show_pager, show_thumbnails
from leukapp.ui.session import SharedDiagnoser
from leukapp.ui.texts import batch as batch_texts
from leukapp.ui.texts import cases as texts
from leukapp.ui.wording import escape_markdown


def show_case(case: Case, store: ReviewStore, diagnoser: SharedDiagnoser) -> None:
    """Write a case.

    Args:
        case: that is open.
        store: of the server.
        diagnoser: decodes pictures that have no thumbnail yet.
    """
    opened = OpenCase.read(case, store)
    _show_head(opened, store)
    if not opened.images:
        st.info(texts.NO_IMAGES, icon=":material/folder_open:")
        return
    is_hidden = where().is_blinded and any(entry.decision is None for entry in opened.entries)
    if is_hidden:
        st.info(texts.SUMMARY_HIDDEN, icon=":material/visibility_off:")
    elif opened.entries:
        shares, table = st.columns(2, gap="large")
        with shares:
            show_shares(opened.entries, opened.summary)
        with table:
            show_differential(opened.summary)
            show_case_report(opened, diagnoser)
    _show_images(opened, diagnoser)
    _show_changes(opened, store)


def _show_head(opened: OpenCase, store: ReviewStore) -> None:
    case = opened.case
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.header(escape_markdown(case_title(case)), anchor=False, width="content")
        _show_naming(case, store)
        st.button(
            texts.CLOSE,
            icon=":material/close:",
            on_click=guarded(go_to_case),
            args=(None,),
            key="case-close",
        )
    moment = case.created_at.strftime("%Y-%m-%d %H:%M")
    st.caption(texts.ABOUT.format(number=case.id, n=case.n_images, moment=moment))


def _show_naming(case: Case, store: ReviewStore) -> None:
    # The name is part of the key, so that the field shows what the case is called now.
    key = f"case-name-{case.id}-{case.name}"

    def rename() -> None:
        store.cases.name(case.id, st.session_state[key], user=reader_mail())
        store.overwrite_removed()

    with st.popover(texts.RENAME, icon=":material/edit:", width="content"):
        ask_for_case(key=key, label=texts.RENAME, value=case.name or "")
        st.caption(texts.RENAME_HELP)
        st.button(texts.RENAME_SURE, type="primary", on_click=guarded(rename), key="case-rename")


def _show_images(opened: OpenCase, diagnoser: SharedDiagnoser) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        title = f"{texts.IMAGES} ({len(opened.entries)})"
        st.subheader(title, anchor=False, width="content")
        ask_density()
    if opened.entries:
        show_thumbnails(page_of(opened.entries), opened.read_pixels(), diagnoser)
        show_pager(len(opened.entries))
    for state, words in (
        (ItemState.WAITING, texts.WAITING),
        (ItemState.UNREADABLE, texts.UNREADABLE),
    ):
        n = sum(one.item.state is state for one in opened.images)
        if n:
            st.caption(words.format(n=n))


def _show_changes(opened: OpenCase, store: ReviewStore) -> None:
    """Write the ways to take images out and to remove the case."""
    case = opened.case
    with st.container(horizontal=True, gap="small"):
        with st.popover(texts.TAKE_OUT, icon=":material/remove_circle:", width="content"):
            _show_taking_out(opened, store)
        with st.popover(texts.REMOVE, icon=":material/delete:", width="content"):
            st.write(texts.REMOVE_HELP)

            def remove() -> None:
                store.cases.remove(case.id, user=reader_mail())
                store.overwrite_removed()
                go_to_case(None)

            st.button(
                texts.REMOVE_SURE, type="primary", on_click=guarded(remove), key="case-remove"
            )


def _show_taking_out(opened: OpenCase, store: ReviewStore) -> None:
    key = f"case-take-out-{opened.case.id}-{len(opened.images)}"
    items = {one.item.id: one.item for one in opened.images}

    def name_of(item_id: int) -> str:
        item = items[item_id]
        return batch_texts.OPEN_IN_BATCH.format(batch=item.run_id, number=item.position + 1)

    st.caption(texts.TAKE_OUT_HELP)
    chosen: Sequence[int] = st.multiselect(
        texts.TAKE_OUT_LABEL,
        list(items),
        format_func=name_of,
        placeholder=texts.TAKE_OUT_PLACEHOLDER,
        key=key,
    )

    def take_out() -> None:
        store.cases.take_out(opened.case.id, chosen, user=reader_mail())

    st.button(
        texts.TAKE_OUT_SURE.format(n=len(chosen)),
        disabled=not chosen,
        on_click=guarded(take_out),
        key="case-take-out",
    )
