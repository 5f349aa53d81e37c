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
    initial_sidebar_state="expanded",
    menu_items={"About": f"**{texts.APP_NAME}**. {texts.APP_TAGLINE}. {texts.RESEARCH_USE}"},
)

page = st.navigation(
    access.pages_of(
        access.admit(),
        [
            st.Page(
                PAGES_DIR / "diagnose.py", title="Diagnose", icon=":material/biotech:", default=True
            ),
            st.Page(
                PAGES_DIR / "batch_review.py", title="Batch review", icon=":material/rate_review:"
            ),
            st.Page(PAGES_DIR / "evaluation.py", title="Evaluation", icon=":material/query_stats:"),
            st.Page(PAGES_DIR / "model_card.py", title="Model card", icon=":material/fact_check:"),
        ],
    )
)
access.note_page(page.title)
with guarded.one_sentence():
    page.run()
frame.import_ahead()
