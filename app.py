"""LeukApp's entry: page settings and navigation. Start it with ``streamlit run app.py``."""

from pathlib import Path

import streamlit as st

from leukapp.repeated_lines import limit_repeated_lines
from leukapp.ui import access, frame, guarded, texts
from leukapp.ui.server_memory import share_heaps

PAGES_DIR = Path(__file__).resolve().parent / "pages"

share_heaps()
limit_repeated_lines()
st.set_page_config(
    page_title=texts.APP_NAME,
    page_icon=frame.draw_icon(),
    layout="wide",
    initial_sidebar_state="auto",
    menu_items={"About": f"**{texts.APP_NAME}**. {texts.APP_TAGLINE}. {texts.RESEARCH_USE}"},
)

page = st.navigation(access.pages_of(access.admit(), PAGES_DIR))
access.note_page(page.title)
st.set_page_config(page_title=f"{page.title} · {texts.APP_NAME}")
with guarded.one_sentence():
    page.run()
frame.import_ahead()
