"""Whose answers a section shows: both branches fused, or one of them alone."""

from dataclasses import replace
from typing import Final

import streamlit as st

from leukapp.ui.evaluation.side import Side
from leukapp.ui.texts import evaluation as texts
from leukapp.ui.wording import branch_title

FUSED: Final = ""
"""Stands for the fused decision; no branch has an empty name."""


def choose_network(side: Side) -> Side:
    """Ask for the fused decision or a branch alone, where the table has branches.

    Args:
        side: with the fused decision.

    Returns:
        The side with the figures of what was chosen.
    """
    branches = side.evaluation.branches
    if not branches:
        return side
    chosen = st.segmented_control(
        texts.NETWORK,
        [FUSED, *branches],
        default=FUSED,
        required=True,
        format_func=network_title,
        help=texts.NETWORK_HELP,
        key=f"network-{side.key}",
    )
    if chosen == FUSED:
        return side
    return replace(side, evaluation=branches[chosen], network=network_title(chosen))


def network_title(branch: str) -> str:
    """Give the words for the fused decision or one branch alone."""
    return texts.FUSED if branch == FUSED else texts.ALONE.format(branch=branch_title(branch))
