"""Section "Map": where the networks place the images, and the images that lie together."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from leukapp.errors import HeldOutError
from leukapp.evaluation.feature_map import FeatureMap, find_feature_map
from leukapp.evaluation.held_out_tables import HeldOutTable
from leukapp.labels import OTHER_LEUKEMIA
from leukapp.ui import theme
from leukapp.ui.evaluation.figure_box import file_stem, show_numbers, toolbar
from leukapp.ui.evaluation.figure_style import finish_figure, make_inert
from leukapp.ui.evaluation.gallery import IMAGES_A_PAGE, Gallery, answer_caption, show_gallery
from leukapp.ui.evaluation.metric_cards import show_side_head
from leukapp.ui.evaluation.side import Side
from leukapp.ui.evaluation.table_choice import show_table_error
from leukapp.ui.guarded import guarded
from leukapp.ui.texts import evaluation as texts


def show_map(side: Side) -> None:
    """Write the map of a side's source; a click shows the image and those nearest to it.

    Args:
        side: whose table and source it is.
    """
    show_side_head(side)
    try:
        found = find_map(side.table)
    except HeldOutError as error:
        show_table_error(error)
        return
    if found is None:
        st.info(texts.NO_MAP, icon=":material/info:")
        return
    rows = mapped_rows(found, side)
    if not len(rows):
        st.info(texts.NOTHING_ON_MAP, icon=":material/info:")
        return
    st.markdown(f"**{texts.MAP_TITLE}**", help=texts.MAP_HELP)
    st.caption(texts.MAP_CAPTION.format(n=len(rows)))
    key = f"map-{side.key}"

    def take_click() -> None:
        points = st.session_state[key]["selection"]["points"]
        if points:
            st.session_state[f"{key}-row"] = int(points[0]["customdata"])

    st.plotly_chart(
        make_inert(build_map_figure(found, rows, side, dark=theme.is_dark())),
        key=key,
        on_select=guarded(take_click),
        selection_mode="points",
        config=toolbar(file_stem(side, "map")),
        alt=f"{texts.MAP_TITLE}: {side.title}, {side.source}",
    )
    show_numbers(map_table(found, rows, side), side, name="map")
    chosen = st.session_state.get(f"{key}-row")
    if isinstance(chosen, int) and chosen in rows:
        _show_nearest(found, chosen, rows, side)


def find_map(table: HeldOutTable) -> FeatureMap | None:
    """Give the map that the bundle of a table carries for it, or None.

    Args:
        table: of a bundle or of a user.

    Raises:
        HeldOutError: the map is damaged or was changed.
    """
    if table.bundle_folder is None:
        return None
    return find_feature_map(table.bundle_folder, table.sha256, len(table.held_out.sample_ids))


def mapped_rows(made: FeatureMap, side: Side) -> NDArray[np.int64]:
    """Rows of a side's table that are of its source and lie on the map, int64 (rows,).

    Args:
        made: of the side's table.
        side: whose source it is.
    """
    is_of_source = np.asarray(side.table.held_out.sources) == side.source
    return np.flatnonzero(is_of_source & np.isfinite(made.components).all(axis=1)).astype(np.int64)


def build_map_figure(
    made: FeatureMap, rows: NDArray[np.int64], side: Side, *, dark: bool
) -> go.Figure:
    """Build the first two components, one mark an image, by true class.

    Args:
        made: of the side's table.
        rows: of the images that are drawn, int64 (rows,).
        side: the set they are of.
        dark: draw for the dark theme.
    """
    held_out = side.table.held_out
    places = _plane(made, rows)
    names = np.array((*held_out.class_names, OTHER_LEUKEMIA))[held_out.true_labels[rows]]
    figure = go.Figure()
    for name in dict.fromkeys(names.tolist()):
        own = names == name
        look = None if name == OTHER_LEUKEMIA else name
        figure.add_scatter(
            x=places[own, 0],
            y=places[own, 1],
            mode="markers",
            name=name,
            text=[held_out.sample_ids[row] for row in rows[own]],
            customdata=rows[own].tolist(),
            marker={
                "color": theme.color_of(look, dark=dark),
                "symbol": theme.style_of(look).symbol,
                "size": 8,
                "opacity": 0.75,
            },
            hovertemplate="%{text}<extra>%{fullData.name}</extra>",
        )
    for axis, number in ((figure.update_xaxes, 0), (figure.update_yaxes, 1)):
        share = made.shares[number] if number < len(made.shares) else 0.0
        axis(title={"text": texts.MAP_AXIS.format(number=number + 1, share=share)})
    return finish_figure(figure, side, dark=dark, height_px=520)


def map_table(made: FeatureMap, rows: NDArray[np.int64], side: Side) -> pd.DataFrame:
    """Give one row an image, with every component.

    Args:
        made: of the side's table.
        rows: of the images, int64 (rows,).
        side: the set they are of.
    """
    held_out = side.table.held_out
    names = (*held_out.class_names, OTHER_LEUKEMIA)
    return pd.DataFrame(
        {
            texts.COLUMN_SAMPLE: [held_out.sample_ids[row] for row in rows],
            texts.TRUE_CLASS: [names[held_out.true_labels[row]] for row in rows],
            **{
                f"component_{number + 1}": made.components[rows, number].astype(float)
                for number in range(made.components.shape[1])
            },
        }
    )


def _plane(made: FeatureMap, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """The first two components; the second is 0 where there is one alone."""
    places = np.zeros((len(rows), 2), np.float32)
    n = min(2, made.components.shape[1])
    places[:, :n] = made.components[rows, :n]
    return places


def _show_nearest(made: FeatureMap, chosen: int, rows: NDArray[np.int64], side: Side) -> None:
    held_out = side.table.held_out
    st.markdown(f"**{texts.MAP_NEAREST}**")
    gallery = Gallery(
        table=side.table,
        held_out=held_out,
        rows=tuple(int(row) for row in made.nearest(chosen, rows, IMAGES_A_PAGE)),
        caption=lambda row: answer_caption(held_out, row),
        key=f"map-{side.key}-{chosen}",
    )
    show_gallery(gallery)
