"""How heat is laid over the large picture: whose, for which class, above what, in which colors."""

from dataclasses import dataclass

import streamlit as st

from leukapp.diagnosis import Diagnosis
from leukapp.imaging.overlay import COLOR_MAPS
from leukapp.inference.heatmap import Heatmap
from leukapp.ui import texts, theme
from leukapp.ui.heatmap_viewer import FUSED_SOURCE, OverlayLook, heatmaps_of, pictures_of
from leukapp.ui.picture import MAX_SIDE_PX, show_picture
from leukapp.ui.session import SharedDiagnoser
from leukapp.ui.texts import diagnose as own_texts
from leukapp.ui.wording import branch_title

SIDE_BY_SIDE_OPACITY = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatSettings:
    """What the reader set.

    Attributes:
        source: name of a branch, or ``FUSED_SOURCE``.
        class_name: whose score is explained.
        look: how it is drawn; its opacity holds for the pictures side by side alone.
    """

    source: str
    class_name: str
    look: OverlayLook


def heat_settings(diagnosis: Diagnosis, key: str) -> HeatSettings:
    """Give what the reader set, though the controls stand further down the page.

    Args:
        diagnosis: of the image.
        key: of the image in the session.
    """
    state = st.session_state
    return HeatSettings(
        source=state.get("heat-source", FUSED_SOURCE),
        class_name=state.get(f"heat-class-{key}") or diagnosis.explanation.class_name,
        look=OverlayLook(
            opacity=SIDE_BY_SIDE_OPACITY,
            threshold=state.get("heat-threshold", 0) / 100,
            color_map=state.get("heat-colors", next(iter(COLOR_MAPS))),
        ),
    )


def chosen_heatmap(
    diagnosis: Diagnosis, diagnoser: SharedDiagnoser, settings: HeatSettings
) -> Heatmap:
    """Give the heatmap that the settings ask for.

    Args:
        diagnosis: of an image with something to judge.
        diagnoser: explains another class from what the diagnosis kept.
        settings: of the reader.
    """
    heatmaps = heatmaps_of(diagnosis, diagnoser, settings.class_name)
    same = (heatmap for heatmap in heatmaps if heatmap.source == settings.source)
    return next(same, heatmaps[-1])


def show_heat_settings(diagnosis: Diagnosis, diagnoser: SharedDiagnoser, key: str) -> None:
    """Write the controls, and on demand every heatmap side by side.

    Args:
        diagnosis: of an image with something to judge.
        diagnoser: explains another class from what the diagnosis kept.
        key: of the image in the session.
    """
    st.caption(texts.HEATMAPS_HELP)
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        st.segmented_control(
            own_texts.HEAT_SOURCE,
            [FUSED_SOURCE, *(branch.name for branch in diagnosis.branches)],
            default=FUSED_SOURCE,
            required=True,
            format_func=_source_title,
            key="heat-source",
        )
        st.segmented_control(
            texts.CLASS_LABEL,
            diagnosis.class_names,
            default=diagnosis.explanation.class_name,
            required=True,
            format_func=theme.marked,
            key=f"heat-class-{key}",
        )
        st.selectbox(texts.COLOR_MAP_LABEL, list(COLOR_MAPS), width=160, key="heat-colors")
    st.slider(
        texts.THRESHOLD_LABEL,
        0,
        95,
        0,
        5,
        format="%d%%",
        help=texts.THRESHOLD_HELP,
        key="heat-threshold",
    )
    if not st.toggle(own_texts.SIDE_BY_SIDE, key="heat-side-by-side"):
        return
    settings = heat_settings(diagnosis, key)
    pictures = pictures_of(
        diagnosis,
        heatmaps_of(diagnosis, diagnoser, settings.class_name),
        texts.VIEW_SIDE_BY_SIDE,
        settings.look,
        max_side_px=MAX_SIDE_PX,
    )
    for place, picture in zip(st.columns(len(pictures)), pictures, strict=True):
        with place:
            show_picture(picture.image, caption=picture.caption, alt=picture.caption)


def _source_title(source: str) -> str:
    return own_texts.BOTH_NETWORKS if source == FUSED_SOURCE else branch_title(source)
