"""What stands on every screen: the name, the research-use line, the limits."""

import html
import importlib
import threading
from functools import cache
from typing import Final

import streamlit as st
from PIL import Image, ImageDraw
from streamlit.runtime.pages_manager import PagesManager

from leukapp.ui import access, guarded, texts, theme
from leukapp.ui.kept_session import remember_in_browser, this_session
from leukapp.ui.wording import escape_markdown

SETTLING_SECONDS: Final = 5.0
"""The first screen and its networks load in this time, and need the processor for themselves."""

IMPORTED_AHEAD: Final = (
    "skimage.segmentation",
    "leukapp.review.store",
    "leukapp.ui.evaluation.overview",
    "leukapp.ui.review.summary_pdf",
)


@cache
def draw_icon() -> Image.Image:
    """Draw the browser tab's icon; an icon by name would be fetched from another server."""
    icon = Image.new("RGBA", (64, 64))
    brush = ImageDraw.Draw(icon)
    brush.ellipse((2, 2, 61, 61), fill="#CBB2DC")
    brush.ellipse((14, 12, 53, 51), fill="#6B2D8C")
    return icon


def enter_through_app() -> None:
    """Start again through app.py where Streamlit ran a page by itself.

    It does so when the first visit to a new server names a page, e.g. a tab that is reloaded after
    a restart, since it takes ``pages/`` for its older kind of navigation until app.py has run.
    """
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.rerun()


@st.cache_resource(show_spinner=False)
def import_ahead() -> threading.Timer:
    """Import what the first diagnosis and the other pages need, once the first screen has settled.

    Scikit-learn alone takes a second; a page that is opened by its own address waits for it.
    """
    timer = threading.Timer(SETTLING_SECONDS, _import_all)
    timer.daemon = True
    timer.start()
    return timer


def _import_all() -> None:
    for name in IMPORTED_AHEAD:
        importlib.import_module(name)


def show_frame() -> None:
    """Write the style rules, then the app, the page and the research-use line at the top."""
    enter_through_app()
    access.require_admission()
    remember_in_browser(this_session())
    st.html(theme.STYLE_RULES)
    st.html(
        f'<div class="leuk-brand"><b>{texts.APP_NAME}</b><h1>{html.escape(access.open_page())}</h1>'
        f'<span>{texts.APP_TAGLINE}</span><strong role="note">{texts.RESEARCH_USE}</strong></div>'
    )
    guarded.show_failure()


def show_about() -> None:
    """Write the folded "About and limits" at the foot of the sidebar."""
    with st.sidebar.expander(texts.ABOUT):
        st.markdown(texts.ABOUT_BODY)
        st.caption(texts.RESEARCH_USE)


def show_bundle_error(message: str) -> None:
    """Write the one screen that stands in for every answer when there is no usable bundle.

    Args:
        message: the sentence of the BundleError; shown as plain text.
    """
    st.subheader(texts.BUNDLE_ERROR_TITLE, anchor=False)
    st.error(escape_markdown(message), icon=":material/error:")
    st.write(texts.BUNDLE_ERROR_HINT)
