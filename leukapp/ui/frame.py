"""What stands on every screen: the name, the research-use line, the limits."""

from functools import cache

import streamlit as st
from PIL import Image, ImageDraw
from streamlit.runtime.pages_manager import PagesManager

from leukapp.ui import texts, theme
from leukapp.ui.wording import escape_markdown


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


def show_frame() -> None:
    """Write the style rules, the app's name and the research-use line at the top of the page."""
    enter_through_app()
    st.html(theme.STYLE_RULES)
    st.html(
        f'<div class="leuk-brand"><b>{texts.APP_NAME}</b><span>{texts.APP_TAGLINE}</span>'
        f'<strong role="note">{texts.RESEARCH_USE}</strong></div>'
    )


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
