"""What is folded below the panes: heat settings, numbers, quality, details for researchers."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from leukapp.diagnosis import Diagnosis
from leukapp.inference.decision import Answer
from leukapp.review.records import CellCorrection, Decision
from leukapp.ui import texts
from leukapp.ui.cell_table import build_cell_rows
from leukapp.ui.diagnose.heat_settings import show_heat_settings
from leukapp.ui.diagnose.place import Section, section_key
from leukapp.ui.probability_chart import show_probability_chart, show_probability_table
from leukapp.ui.result_download import show_json_download, show_record_line
from leukapp.ui.session import SharedDiagnoser
from leukapp.ui.texts import diagnose as own_texts
from leukapp.ui.verdict import show_branch_votes, show_quality
from leukapp.ui.wording import escape_markdown

if TYPE_CHECKING:
    from streamlit.elements.lib.mutable_expander_container import ExpanderContainer


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedParts:
    """What readers signed on an image.

    Attributes:
        decision: that stands, or None.
        corrections: of its leukocytes that stand.
        corrected: verdict with these, or None.
    """

    decision: Decision | None
    corrections: tuple[CellCorrection, ...]
    corrected: Answer | None


def show_details(
    diagnosis: Diagnosis, diagnoser: SharedDiagnoser, *, key: str, signed: SignedParts
) -> None:
    """Write the folded parts; which are open stands in the page's address.

    Args:
        diagnosis: of one image.
        diagnoser: explains another class from what the diagnosis kept.
        key: of the image in the session.
        signed: what readers signed.
    """
    is_readable = diagnosis.quality.blocking is None
    n_findings = len(diagnosis.quality.findings)
    quality = own_texts.QUALITY_NOTES.format(n=n_findings) if n_findings else own_texts.QUALITY_FINE
    if diagnosis.branches and is_readable:
        # Written though it is folded: its controls hold for the large picture.
        with _fold(Section.HEAT, own_texts.HEAT_SETTINGS):
            show_heat_settings(diagnosis, diagnoser, key)
        numbers = _fold(Section.NUMBERS, own_texts.NUMBERS)
        if numbers.open:
            with numbers:
                _show_numbers(diagnosis)
    folded = _fold(Section.QUALITY, quality)
    if folded.open:
        with folded:
            show_quality(diagnosis)
    researchers = _fold(Section.DETAILS, own_texts.RESEARCHERS)
    if researchers.open:
        with researchers:
            _show_research_details(diagnosis, signed)


def _fold(section: Section, title: str) -> "ExpanderContainer":
    """A folded part that is written only once it is open."""
    return st.expander(title, on_change="rerun", key=section_key(section))


def _show_numbers(diagnosis: Diagnosis) -> None:
    is_call = diagnosis.finding is not None
    if diagnosis.probabilities is not None:
        show_probability_chart(diagnosis.probabilities, is_call=is_call)
        if not is_call:
            st.caption(texts.NO_CALL_NOTE)
    if diagnosis.cells:
        st.dataframe(build_cell_rows(diagnosis.cells), hide_index=True, width="stretch")


def _show_research_details(diagnosis: Diagnosis, signed: SignedParts) -> None:
    is_readable = diagnosis.quality.blocking is None
    # Where the quality speaks against reading the image, its numbers mean nothing.
    if is_readable:
        for sentence in diagnosis.no_call_details:
            st.markdown(escape_markdown(sentence))
    if diagnosis.branches and is_readable:
        show_branch_votes(diagnosis.branches)
        st.markdown(f"**{texts.TABLE}**")
        show_probability_table(diagnosis)
        if diagnosis.finding is None:
            st.caption(texts.NO_CALL_NOTE)
    show_record_line(diagnosis)
    show_json_download(diagnosis, signed.decision, signed.corrections, signed.corrected)
