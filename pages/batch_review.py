"""Page "Batch review": a set of images is read, then reviewed, compared and exported."""

import streamlit as st

from leukapp.errors import BundleError, LeukappError
from leukapp.ui import frame
from leukapp.ui.bundle_choice import choose_bundle
from leukapp.ui.cases.membership import show_membership
from leukapp.ui.cases.panel import show_case
from leukapp.ui.cases.search import open_case, search_cases
from leukapp.ui.laboratory.watch_banner import show_drift
from leukapp.ui.review.agreement_panel import show_agreement
from leukapp.ui.review.batch_address import BatchSection, follow_address, keep_address
from leukapp.ui.review.batches import choose_batch, open_worker
from leukapp.ui.review.export_panel import show_export
from leukapp.ui.review.log import open_log, show_log_failure
from leukapp.ui.review.new_batch import show_new_batch
from leukapp.ui.review.progress_panel import show_batch_head, show_progress
from leukapp.ui.review.section_choice import choose_section
from leukapp.ui.review.worklist_panel import show_worklist
from leukapp.ui.session import open_diagnoser
from leukapp.ui.texts import OPENING_BUNDLE
from leukapp.ui.texts import batch as texts

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
    show_drift(bundle)
    follow_address()
    with choice:
        run = choose_batch(log)
        search_cases(log)
    case = open_case(log)
    if run is None and case is not None:
        keep_address()
        show_case(case, log, diagnoser)
        st.stop()
    if run is None:
        st.caption(texts.LEAD)
        keep_address()
        show_new_batch(log, worker, diagnoser)
        st.stop()
    show_batch_head(run, worker)
    show_membership(run, case, log)
    section = choose_section()
    if section is not BatchSection.WORKLIST:
        # The worklist keeps its own, for it is drawn anew alone.
        keep_address()
    if section is BatchSection.READING:
        show_progress(run, log, worker, diagnoser)
    elif section is BatchSection.WORKLIST:
        show_worklist(run, log, diagnoser)
    elif section is BatchSection.AGREEMENT:
        show_agreement(run, log)
    else:
        show_export(run, log, diagnoser)
except LeukappError as error:
    show_log_failure(error)
