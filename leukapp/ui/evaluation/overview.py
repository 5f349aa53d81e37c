"""Section "Overview": the main figures of a source with their intervals, and each class."""

import pandas as pd
import streamlit as st

from leukapp.ui.evaluation.figure_box import show_numbers
from leukapp.ui.evaluation.metric_cards import (
    cards_of,
    class_rows,
    show_cards,
    show_false_alarms,
    show_side_head,
)
from leukapp.ui.evaluation.side import Side
from leukapp.ui.texts import evaluation as texts


def show_overview(side: Side) -> None:
    """Write the cards of the source and the figures of each class."""
    show_side_head(side)
    show_cards(cards_of(side.evaluation))
    show_false_alarms(side.evaluation)
    st.markdown(f"**{texts.PER_CLASS}**")
    show_numbers(pd.DataFrame(class_rows(side.evaluation)), side, name="classes", fold=False)
