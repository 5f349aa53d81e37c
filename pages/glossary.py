"""Page "Glossary": what the words of the app mean."""

import streamlit as st

from leukapp.ui import frame
from leukapp.ui.glossary import show_glossary
from leukapp.ui.texts import glossary as texts

frame.show_frame()
frame.show_about()
st.caption(texts.LEAD)
show_glossary()
