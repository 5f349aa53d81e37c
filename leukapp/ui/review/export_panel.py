"""Downloads of a reviewed batch."""

import streamlit as st

from leukapp.review.double_reading import N_READERS, read_doubly
from leukapp.review.export import build_review_csv, build_review_parquet, build_review_table
from leukapp.review.records import BatchRun
from leukapp.review.store import ReviewStore
from leukapp.ui.review.log_lines import settled_lines
from leukapp.ui.review.summary_pdf import build_summary_pdf
from leukapp.ui.texts import batch as texts


def show_export(run: BatchRun, store: ReviewStore) -> None:
    """Write the downloads.

    Args:
        run: the batch.
        store: of the server.
    """
    st.write(texts.EXPORT_LEAD)
    with_names = st.toggle(
        texts.WITH_NAMES, help=texts.WITH_NAMES_HELP, key=f"batch-{run.id}-with-names"
    )
    items = store.items(run.id)
    lines = store.decisions(run_id=run.id)
    decisions = settled_lines(run, lines)
    readings = read_doubly(lines) if run.n_readers == N_READERS else None
    if readings is not None:
        st.caption(texts.EXPORT_SETTLED)
    if not items:
        st.info(texts.NOTHING_READ, icon=":material/hourglass_empty:")
        return
    table = build_review_table(run, items, decisions, with_file_names=with_names, readings=readings)
    stem = f"leukapp-batch-{run.id}"
    with st.container(horizontal=True):
        st.download_button(
            texts.DOWNLOAD_CSV,
            data=lambda: build_review_csv(table),
            file_name=f"{stem}.csv",
            mime="text/csv",
            on_click="ignore",
            icon=":material/download:",
            key="batch-csv",
        )
        st.download_button(
            texts.DOWNLOAD_PARQUET,
            data=lambda: build_review_parquet(table),
            file_name=f"{stem}.parquet",
            mime="application/vnd.apache.parquet",
            on_click="ignore",
            icon=":material/download:",
            key="batch-parquet",
        )
        st.download_button(
            texts.DOWNLOAD_PDF,
            data=lambda: build_summary_pdf(run, items, decisions),
            file_name=f"{stem}.pdf",
            mime="application/pdf",
            on_click="ignore",
            icon=":material/picture_as_pdf:",
            key="batch-pdf",
        )
