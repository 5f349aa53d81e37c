"""Page "Glossary": every word, found by a search and by the help marks that point to it."""

import re
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from leukapp.ui import texts as app_texts
from leukapp.ui.texts import batch, cells, diagnose, microscope, review
from leukapp.ui.texts import evaluation as evaluation_texts
from leukapp.ui.texts import glossary as texts


def test_every_word_is_listed_and_a_search_narrows_the_list(
    start_app: Callable[..., AppTest],
) -> None:
    app = start_app()
    app.switch_page("pages/glossary.py").run()
    names = [heading.value for heading in app.subheader]
    assert names == sorted((term.name for term in texts.TERMS), key=str.casefold)
    assert [heading.anchor for heading in app.subheader][:2] == ["accuracy", "accuracy-of-called"]

    app.text_input(key="glossary-search").set_value("grad-cam").run()
    assert [heading.value for heading in app.subheader] == ["Heatmap"]
    app.text_input(key="glossary-search").set_value("nowhere at all").run()
    assert texts.NOTHING in [one.value for one in app.markdown]


def test_links_of_help_marks_lead_to_a_word() -> None:
    anchors = {term.anchor for term in texts.TERMS}
    assert len(anchors) == len(texts.TERMS)
    helps = [
        value
        for module in (
            app_texts,
            batch,
            cells,
            diagnose,
            evaluation_texts,
            microscope,
            review,
        )
        for name, value in vars(module).items()
        if name.endswith("_HELP") and isinstance(value, str)
    ]
    linked = [anchor for text in helps for anchor in re.findall(r"glossary#([a-z-]+)\)", text)]
    assert len(linked) > 20
    assert set(linked) <= anchors
    with pytest.raises(KeyError):
        texts.see("No such word")


RESEARCH_WORDS = re.compile(
    r"\b(bundle|branch(es)?|fused|softmax|sha-?256|hash(es)?|engine|grouped)\b", re.IGNORECASE
)
OF_RESEARCHERS = re.compile("PDF_|BATCH_RECORD|EXPORT_LEAD")
"""What is folded under "Details for researchers", or written into files."""


def test_a_clinician_s_words_come_first_in_batch_and_diagnose() -> None:
    found = {
        name: value
        for module in (batch, cells, diagnose, microscope, review)
        for name, value in vars(module).items()
        if name.isupper() and isinstance(value, str) and not OF_RESEARCHERS.match(name)
        # A placeholder is no word, and a link to the glossary explains one.
        if RESEARCH_WORDS.search(re.sub(r"\{\w+\}|\[[^]]*\]\([^)]*\)", "", value))
    }
    assert found == {}
