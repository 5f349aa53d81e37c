"""The components' HTML, CSS and JavaScript, and the pictures that they show.

They lie beside this file and are part of the page itself: nothing is fetched from elsewhere.
"""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import streamlit as st
from streamlit import runtime

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

ComponentName: TypeAlias = Literal["picture", "gallery"]
PictureFormat: TypeAlias = Literal["JPEG", "PNG"]

_FOLDER: Final = Path(__file__).resolve().parent


@cache
def component(name: ComponentName) -> "ComponentRenderer":
    """Give the function that puts a component onto the page."""
    html, css, js = (
        (_FOLDER / f"{name}.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js")
    )
    return st.components.v2.component(f"leukapp_{name}", html=html, css=css, js=js)


def serve(data: bytes, picture_format: PictureFormat, *, place: str) -> str:
    """Serve an encoded picture to this session, as Streamlit serves its own, and give its address.

    It goes with the session, or once a run of the page does not serve it any more.

    Args:
        data: the encoded picture.
        picture_format: of the data.
        place: names where it is shown; a place shows one picture.
    """
    if not runtime.exists():
        return ""
    media = runtime.get_instance().media_file_mgr
    return media.add(data, f"image/{picture_format.lower()}", f"leukapp-{place}")
