"""Section "Ablation": each branch alone, other bundles, and what the paper printed."""

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from leukapp.errors import HeldOutError
from leukapp.evaluation.ablation import AblationRow, PairedComparison, compare_paired
from leukapp.evaluation.held_out import HeldOutSet
from leukapp.evaluation.published import (
    ABLATION,
    BASE_MODELS,
    PROPOSED,
    PUBLISHED_MACRO_AUC,
)
from leukapp.evaluation.report import PROTOCOL_TEXTS, format_estimate
from leukapp.model.presets import PAPER_BASE_MODELS
from leukapp.ui import theme
from leukapp.ui.evaluation.figure_box import show_figure, show_numbers
from leukapp.ui.evaluation.figure_style import (
    accent_color,
    finish_figure,
    interval_bars,
    share_axis,
)
from leukapp.ui.evaluation.metric_cards import show_side_head
from leukapp.ui.evaluation.side import Side
from leukapp.ui.evaluation.table_choice import bundle_options, show_table_error, table_of_file
from leukapp.ui.texts import evaluation as texts
from leukapp.ui.wording import branch_title


def show_ablation(side: Side) -> None:
    """Write each branch against both, other tables on the same images, and the paper's column."""
    show_side_head(side)
    rows = side.evaluation.ablation
    st.markdown(f"**{texts.ABLATION_TITLE}**", help=texts.ABLATION_HELP)
    figure = build_ablation_figure(rows, side, dark=theme.is_dark())
    show_figure(figure, ablation_table(rows), side, name="ablation")
    st.markdown(f"**{texts.PAPER_TITLE}**", help=texts.PAPER_HELP)
    show_numbers(paper_table(rows), side, name="base-models", fold=False)
    st.caption(texts.PAPER_AUC_NOTE.format(auc=PUBLISHED_MACRO_AUC))
    st.markdown(f"**{texts.OTHER_BUNDLES_TITLE}**", help=texts.OTHER_BUNDLES_HELP)
    others = _other_tables(side)
    if others.empty:
        st.caption(texts.NO_OTHER_BUNDLES)
    else:
        show_numbers(others, side, name="other-tables", fold=False)


def show_pairing(first: Side, second: Side) -> None:
    """Write how two sides differ on the images that both hold, or that they hold none."""
    paired = compare_paired(first.evaluation.held_out, second.evaluation.held_out)
    if paired is None:
        st.caption(texts.PAIRED_NONE)
        return
    st.markdown(f"**{texts.PAIRED_TITLE}** {describe_pairing(paired)}")


def describe_pairing(paired: PairedComparison) -> str:
    """Say in one sentence how two tables differ on the same images."""
    return texts.PAIRED_LINE.format(
        n=paired.n_images,
        groups=paired.n_groups,
        difference=format_estimate(paired.difference),
        first=paired.n_only_first,
        second=paired.n_only_second,
    )


def row_title(row: AblationRow) -> str:
    """Give the words for one way to decide."""
    if row.branch is None:
        return texts.FUSED
    return texts.ALONE.format(branch=branch_title(row.branch))


def build_ablation_figure(rows: tuple[AblationRow, ...], side: Side, *, dark: bool) -> go.Figure:
    """Build one line a way to decide: accuracy with its interval."""
    estimates = [row.accuracy for row in rows]
    figure = go.Figure(
        go.Scatter(
            x=[estimate.value for estimate in estimates],
            y=[row_title(row) for row in rows],
            mode="markers",
            marker={
                "size": 12,
                "symbol": ["circle" if row.branch is None else "square-open" for row in rows],
                "color": accent_color(dark=dark),
            },
            error_x=interval_bars(estimates),
            text=[format_estimate(estimate) for estimate in estimates],
            hovertemplate="%{y}: %{text}<extra></extra>",
        )
    )
    figure.update_xaxes(share_axis(texts.ACCURACY))
    figure.update_yaxes(autorange="reversed", automargin=True)
    return finish_figure(figure, side, dark=dark, height_px=330)


def ablation_table(rows: tuple[AblationRow, ...]) -> pd.DataFrame:
    """Give one row a way to decide, figures with their intervals."""
    return pd.DataFrame(
        {
            texts.MODEL: row_title(row),
            texts.ACCURACY: format_estimate(row.accuracy),
            texts.DIFFERENCE: format_estimate(row.difference),
            texts.MACRO_AUROC: format_estimate(row.macro_auroc),
        }
        for row in rows
    )


def paper_table(rows: tuple[AblationRow, ...]) -> pd.DataFrame:
    """Give measured accuracies beside the paper's columns; what has no counterpart stays empty."""
    measured = {
        PROPOSED if row.branch is None else PAPER_BASE_MODELS.get(row.branch, row.branch): row
        for row in rows
    }
    printed = {figure.model: figure.accuracy_percent for figure in BASE_MODELS}
    in_ablation = {figure.model: figure.accuracy_percent for figure in ABLATION}
    return pd.DataFrame(
        {
            texts.MODEL: texts.FUSED if model == PROPOSED else branch_title(model),
            texts.MEASURED_COLUMN: format_estimate(measured[model].accuracy)
            if model in measured
            else "-",
            texts.PAPER_COLUMN: printed.get(model),
            texts.PAPER_ABLATION_COLUMN: in_ablation.get(model),
        }
        for model in dict.fromkeys([*measured, *printed])
    )


def _other_tables(side: Side) -> pd.DataFrame:
    """Every other table of a bundle that holds images of this side's source, compared in pairs."""
    rows: list[dict[str, object]] = []
    for option in bundle_options():
        if option.path is None:
            continue
        try:
            table = table_of_file(option.path)
        except HeldOutError as error:
            show_table_error(error)
            continue
        is_own = table.sha256 == side.table.sha256
        if is_own or side.source not in table.held_out.source_names:
            continue
        rows += _compared(option.title, side.evaluation.held_out, table.held_out, side.source)
    return pd.DataFrame(rows)


def _compared(
    title: str, own: HeldOutSet, other: HeldOutSet, source: str
) -> list[dict[str, object]]:
    """One row of the table of other tables, or none where they share no image."""
    paired = compare_paired(other.of_source(source), own)
    if paired is None:
        return []
    return [
        {
            texts.MODEL: title,
            "protocol": PROTOCOL_TEXTS[other.protocol],
            "shared images": paired.n_images,
            "groups": paired.n_groups,
            "accuracy minus this table's": format_estimate(paired.difference),
        }
    ]
