"""Page "Your laboratory": fit the networks to a laboratory's own images, and accept the result."""

import streamlit as st

from leukapp.errors import LeukappError
from leukapp.ui import frame
from leukapp.ui.bundle_choice import choose_bundle
from leukapp.ui.laboratory.panels import (
    ask_and_start,
    open_commission_worker,
    show_in_use,
    show_kept,
    show_running,
)
from leukapp.ui.laboratory.parent import parent_of
from leukapp.ui.review.log import open_log, show_log_failure
from leukapp.ui.texts import laboratory as texts

frame.show_frame()
st.caption(texts.LEAD)
bundle = choose_bundle()
frame.show_about()
try:
    store, worker = open_log(), open_commission_worker()
    show_in_use(bundle, store)
    is_running = show_running(worker)
    show_kept(worker, store)
    if not is_running:
        ask_and_start(worker, store, parent_of(bundle))
except LeukappError as error:
    show_log_failure(error)
