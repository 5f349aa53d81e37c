"""The list of the app's words, with a field that narrows it down."""

import streamlit as st

from leukapp.ui.texts import glossary as texts


def show_glossary() -> None:
    """Write every word that holds what the reader looks for, by the alphabet."""
    wanted = st.text_input(texts.SEARCH, key="glossary-search").strip().casefold()
    found = [
        term
        for term in sorted(texts.TERMS, key=lambda term: term.name.casefold())
        if wanted in f"{term.name} {term.meaning}".casefold()
    ]
    if not found:
        st.markdown(texts.NOTHING)
    for term in found:
        st.subheader(term.name, anchor=term.anchor)
        st.markdown(term.meaning)
