"""The heatmap viewer: which picture, which class, and how the heat is laid over it."""

from dataclasses import dataclass
from typing import Final

import streamlit as st

from leukapp.diagnosis import Diagnosis
from leukapp.imaging.arrays import RgbImage
from leukapp.imaging.overlay import COLOR_MAPS, ColorMap, draw_overlay
from leukapp.inference.heatmap import Heatmap
from leukapp.ui import texts, theme
from leukapp.ui.guarded import guarded_fragment
from leukapp.ui.picture import MAX_SIDE_PX as SCREEN_SIDE_PX
from leukapp.ui.picture import fit_for_screen, show_picture
from leukapp.ui.session import SharedDiagnoser
from leukapp.ui.wording import branch_title
from leukapp.ui.zoom_view import MAX_SIDE_PX as ZOOM_SIDE_PX
from leukapp.ui.zoom_view import CaptionedPicture, show_zoom_view

FUSED_SOURCE: Final = "fused"


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlayLook:
    """How heat is laid over an image.

    Attributes:
        opacity: share of the heat's color where it is drawn, 0-1.
        threshold: heat below this value is not drawn, 0-1.
        color_map: one of ``COLOR_MAPS``.
    """

    opacity: float
    threshold: float
    color_map: ColorMap


@guarded_fragment()
def show_heatmap_viewer(diagnosis: Diagnosis, diagnoser: SharedDiagnoser, *, key: str) -> None:
    """Write the viewer; its controls redraw this part of the page alone.

    Args:
        diagnosis: the image and its heatmaps.
        diagnoser: explains another class from the kept activations.
        key: the image's key in the session, so that the class choice starts anew for each image.
    """
    st.subheader(texts.HEATMAPS, help=texts.HEATMAPS_HELP, anchor=False)
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        view = _choose_view(diagnosis)
        class_name = _choose_class(diagnosis, key)
        zooms = st.toggle(texts.ZOOM_LABEL, help=texts.ZOOM_HELP, key="zoom")
    look = _choose_look()
    heatmaps = heatmaps_of(diagnosis, diagnoser, class_name)
    max_side_px = ZOOM_SIDE_PX if zooms else SCREEN_SIDE_PX
    pictures: tuple[CaptionedPicture, ...]
    if view == texts.VIEW_ENHANCED:
        enhanced = diagnoser.enhanced(diagnosis, max_side_px=max_side_px)
        pictures = (CaptionedPicture(image=enhanced, caption=texts.ENHANCED_CAPTION),)
    else:
        pictures = pictures_of(diagnosis, heatmaps, view, look, max_side_px=max_side_px)
    if zooms:
        show_zoom_view(pictures, key=f"zoom-{key}")
        return
    places = st.columns(len(pictures)) if len(pictures) > 1 else st.columns([1, 3, 1])[1:2]
    for place, picture in zip(places, pictures, strict=True):
        with place:
            show_picture(picture.image, caption=picture.caption, alt=picture.caption)


def pictures_of(
    diagnosis: Diagnosis,
    heatmaps: tuple[Heatmap, ...],
    view: str,
    look: OverlayLook,
    *,
    max_side_px: int,
) -> tuple[CaptionedPicture, ...]:
    """Give the pictures of a view with their captions.

    Args:
        diagnosis: the image.
        heatmaps: each branch's and then the fused one.
        view: one of the views that the viewer offers, but the enhanced one.
        look: how heat is drawn.
        max_side_px: longest side of a picture, in pixels.
    """
    image = fit_for_screen(diagnosis.image, max_side_px=max_side_px)
    if view == texts.VIEW_ORIGINAL:
        return (CaptionedPicture(image=image, caption=texts.VIEW_ORIGINAL),)
    return tuple(
        _draw_heat(image, heatmap, look)
        for heatmap in heatmaps
        if view in {texts.VIEW_SIDE_BY_SIDE, source_title(heatmap)}
    )


def heatmaps_of(
    diagnosis: Diagnosis, diagnoser: SharedDiagnoser, class_name: str
) -> tuple[Heatmap, ...]:
    """Give each branch's heatmap and then the fused one, for a class.

    The heatmaps that came with the diagnosis are used where they explain that class already.
    """
    if diagnosis.explanation.class_name == class_name:
        return diagnosis.heatmaps
    explanation = diagnoser.explain(diagnosis, class_name)
    return (*explanation.branches, explanation.fused)


def source_title(heatmap: Heatmap) -> str:
    """Give the words for where a heatmap comes from."""
    return texts.VIEW_FUSED if heatmap.source == FUSED_SOURCE else branch_title(heatmap.source)


def _choose_view(diagnosis: Diagnosis) -> str:
    """Ask which picture to show."""
    branches = [branch_title(branch.name) for branch in diagnosis.branches]
    views = [
        texts.VIEW_SIDE_BY_SIDE,
        texts.VIEW_ORIGINAL,
        texts.VIEW_ENHANCED,
        *branches,
        texts.VIEW_FUSED,
    ]
    return st.segmented_control(
        texts.VIEW_LABEL, views, default=texts.VIEW_SIDE_BY_SIDE, required=True, key="view"
    )


def _choose_class(diagnosis: Diagnosis, key: str) -> str:
    """Ask whose score is explained; at first the class that the diagnosis explained."""
    return st.segmented_control(
        texts.CLASS_LABEL,
        diagnosis.class_names,
        default=diagnosis.explanation.class_name,
        required=True,
        format_func=theme.marked,
        key=f"class-{key}",
    )


def _choose_look() -> OverlayLook:
    """Ask how heat is drawn."""
    first, second, third = st.columns([2, 2, 1], gap="large")
    opacity = first.slider(
        texts.OPACITY_LABEL, 0, 100, 60, 5, format="%d%%", help=texts.OPACITY_HELP, key="opacity"
    )
    threshold = second.slider(
        texts.THRESHOLD_LABEL,
        0,
        95,
        0,
        5,
        format="%d%%",
        help=texts.THRESHOLD_HELP,
        key="threshold",
    )
    color_map = third.selectbox(texts.COLOR_MAP_LABEL, list(COLOR_MAPS), key="color_map")
    return OverlayLook(opacity=opacity / 100, threshold=threshold / 100, color_map=color_map)


def _draw_heat(image: RgbImage, heatmap: Heatmap, look: OverlayLook) -> CaptionedPicture:
    """Draw one overlay, or the image alone with the reason where there is no heat."""
    wording = texts.HEATMAP_BLANK if heatmap.is_blank else texts.HEATMAP_CAPTION
    caption = wording.format(source=source_title(heatmap), label=heatmap.class_name)
    if not heatmap.is_blank:
        image = draw_overlay(
            image,
            heatmap.values,
            opacity=look.opacity,
            threshold=look.threshold,
            color_map=look.color_map,
        )
    return CaptionedPicture(image=image, caption=caption)
