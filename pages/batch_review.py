"""Page "Batch review": a set of images is read, then reviewed, compared and exported."""

import streamlit as st

from leukapp.errors import BundleError, LeukappError
from leukapp.ui import frame
from leukapp.ui.bundle_choice import choose_bundle
from leukapp.ui.review.agreement_panel import show_agreement
from leukapp.ui.review.batches import choose_batch, open_worker
from leukapp.ui.review.export_panel import show_export
from leukapp.ui.review.log import open_log, show_log_failure
from leukapp.ui.review.new_batch import go_to_started_batch, show_new_batch
from leukapp.ui.review.progress_panel import SECTION_KEY, show_batch_head, show_progress
from leukapp.ui.review.worklist_panel import show_worklist
from leukapp.ui.session import open_diagnoser
from leukapp.ui.texts import OPENING_BUNDLE
from leukapp.ui.texts import batch as texts

SECTIONS = (texts.PROGRESS, texts.WORKLIST, texts.AGREEMENT, texts.EXPORT)

frame.show_frame()
bundle = choose_bundle()
try:
    with st.spinner(OPENING_BUNDLE):
        diagnoser = open_diagnoser(str(bundle.folder))
except BundleError as error:
    frame.show_bundle_error(str(error))
    st.stop()
finally:
    choice = st.sidebar.container()
    frame.show_about()
try:
    log, worker = open_log(), open_worker()
    go_to_started_batch()
    with choice:
        run = choose_batch(log)
    if run is None:
        st.header(texts.TITLE, anchor=False)
        st.caption(texts.LEAD)
        show_new_batch(log, worker, diagnoser)
        st.stop()
    show_batch_head(run, worker)
    section = st.segmented_control(
        texts.SECTION_LABEL,
        SECTIONS,
        default=texts.PROGRESS,
        required=True,
        label_visibility="collapsed",
        key=SECTION_KEY,
    )
    if section == texts.PROGRESS:
        show_progress(run, log, worker, diagnoser)
    elif section == texts.WORKLIST:
        show_worklist(run, log, diagnoser)
    elif section == texts.AGREEMENT:
        show_agreement(run, log)
    else:
        show_export(run, log)
except LeukappError as error:
    show_log_failure(error)
