"""Parts "Sign-in" and "Versions": who was refused, and what runs here."""

import platform
from importlib.metadata import version
from typing import Final

import streamlit as st

from leukapp import __version__
from leukapp.ui.access import is_sign_in_configured
from leukapp.ui.sign_ins import sign_ins
from leukapp.ui.texts import status as texts

MAX_SHOWN: Final = 20
PACKAGES: Final = ("streamlit", "openvino", "numpy", "SQLAlchemy")


def show_refusals() -> None:
    """Write how many sign-ins opened nothing since the server began, and the last of them."""
    st.subheader(texts.SIGN_IN, anchor=False)
    if not is_sign_in_configured():
        st.markdown(texts.SIGN_IN_OFF)
    refusals = sign_ins().refusals
    st.markdown(texts.REFUSALS.format(n=len(refusals)))
    for refusal in refusals[:MAX_SHOWN]:
        st.caption(f"{refusal.at:%Y-%m-%d %H:%M:%S} UTC · {refusal.reason}")


def show_versions() -> None:
    """Write the versions of the program and of what it stands on."""
    st.subheader(texts.VERSIONS, anchor=False)
    lines = [("LeukApp", __version__), ("Python", platform.python_version())]
    lines += [(name, version(name)) for name in PACKAGES]
    st.markdown("\n".join(f"- {name} {number}" for name, number in lines))
