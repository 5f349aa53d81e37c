"""Page "Status": for administrators, what the server does and whether its records are safe."""

import streamlit as st

from leukapp.ui import frame
from leukapp.ui.bundle_choice import choose_bundle
from leukapp.ui.laboratory.watch_banner import show_watch
from leukapp.ui.status.load_panel import show_load
from leukapp.ui.status.server_panel import show_refusals, show_versions
from leukapp.ui.status.store_panel import show_store
from leukapp.ui.texts import laboratory as laboratory_texts
from leukapp.ui.texts import status as texts

frame.show_frame()
bundle = choose_bundle()
frame.show_about()
st.caption(texts.LEAD)
with st.container(border=True):
    show_load(bundle)
with st.container(border=True):
    show_store()
with st.container(border=True):
    st.subheader(laboratory_texts.WATCH, anchor=False)
    show_watch(bundle)
first, second = st.columns(2, gap="medium")
with first.container(border=True, height="stretch"):
    show_refusals()
with second.container(border=True, height="stretch"):
    show_versions()
