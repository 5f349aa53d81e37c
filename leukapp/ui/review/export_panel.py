"""Downloads of a reviewed batch."""

import streamlit as st

from leukapp.errors import LeukappError
from leukapp.resources import review_root
from leukapp.review.batch_images import BatchImages
from leukapp.review.corrected_cells import Corrections
from leukapp.review.double_reading import N_READERS, read_doubly
from leukapp.review.export import build_review_csv, build_review_parquet, build_review_table
from leukapp.review.records import BatchRun
from leukapp.review.store import ReviewStore
from leukapp.review.worklist import WorklistEntry, build_worklist
from leukapp.ui.review.image_reports import (
    MAX_REPORTED,
    build_image_reports,
    reported_entries,
)
from leukapp.ui.review.log_lines import settled_lines
from leukapp.ui.review.summary_pdf import build_summary_pdf
from leukapp.ui.session import SharedDiagnoser
from leukapp.ui.texts import batch as texts
from leukapp.ui.wording import escape_markdown


def show_export(run: BatchRun, store: ReviewStore, diagnoser: SharedDiagnoser) -> None:
    """Write the downloads.

    Args:
        run: the batch.
        store: of the server.
        diagnoser: computes the heatmaps of a report.
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
    corrections = store.all_cell_corrections()
    table = build_review_table(
        run,
        items,
        decisions,
        with_file_names=with_names,
        readings=readings,
        corrections=corrections,
    )
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
    entries = reported_entries(build_worklist(items, decisions))
    _show_reports(run, entries, diagnoser, corrections)


def _show_reports(
    run: BatchRun,
    entries: tuple[WorklistEntry, ...],
    diagnoser: SharedDiagnoser,
    corrections: Corrections,
) -> None:
    """Write the button for the report of the images that were decided on."""
    if not entries:
        st.caption(texts.REPORT_NONE)
        return
    if diagnoser.bundle_sha256 != run.bundle_sha256:
        st.caption(texts.REPORT_OTHER_BUNDLE)
        return
    made_key = f"batch-{run.id}-report"
    if st.button(
        texts.MAKE_REPORT.format(n=len(entries)),
        icon=":material/picture_as_pdf:",
        help=texts.REPORT_HELP.format(most=MAX_REPORTED),
        key="batch-make-report",
    ):
        images = BatchImages.of(run, review_root())
        try:
            with st.spinner(texts.MAKING_REPORT):
                st.session_state[made_key] = build_image_reports(
                    entries, images, diagnoser, corrections
                )
        except LeukappError as error:
            st.session_state.pop(made_key, None)
            st.warning(escape_markdown(str(error)), icon=":material/hourglass_top:")
    if made_key in st.session_state:
        st.download_button(
            texts.DOWNLOAD_REPORT,
            data=st.session_state[made_key],
            file_name=f"leukapp-batch-{run.id}-images.pdf",
            mime="application/pdf",
            on_click="ignore",
            icon=":material/download:",
            key="batch-report",
        )
