"""Pictures that can be zoomed and moved, several of them together."""

from dataclasses import dataclass
from typing import Final

import plotly.graph_objects as go
import streamlit as st
from plotly.subplots import make_subplots

from leukapp.imaging.arrays import RgbImage
from leukapp.ui import texts, theme
from leukapp.ui.image_summary import jpeg_uri
from leukapp.ui.picture import fit_for_screen

MAX_SIDE_PX: Final = 1600
SINGLE_HEIGHT_PX, BESIDE_HEIGHT_PX = 640, 400


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CaptionedPicture:
    """One picture of a view.

    Attributes:
        image: sRGB pixels, uint8 (height, width, 3).
        caption: our own words.
    """

    image: RgbImage
    caption: str


def show_zoom_view(pictures: tuple[CaptionedPicture, ...], *, key: str) -> None:
    """Write pictures beside each other that zoom and move together.

    Args:
        pictures: at least one, all of one size.
        key: unique on the page; a view with another key starts unzoomed.
    """
    captions = ", ".join(picture.caption for picture in pictures)
    st.plotly_chart(
        build_zoom_figure(pictures, dark=theme.is_dark()),
        config={
            "scrollZoom": True,
            "displaylogo": False,
            "displayModeBar": True,
            "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
        },
        alt=texts.ZOOM_ALT.format(captions=captions),
        key=key,
    )


def build_zoom_figure(pictures: tuple[CaptionedPicture, ...], *, dark: bool) -> go.Figure:
    """Build one panel a picture, with axes that move together.

    Args:
        pictures: at least one, all of one size.
        dark: draw for the dark theme.

    Returns:
        Axes in pixels of the picture, the first row on top; square pixels. Zooming and moving
        outlive a redraw, for instance with another opacity.
    """
    figure = make_subplots(
        rows=1,
        cols=len(pictures),
        subplot_titles=[picture.caption for picture in pictures],
        horizontal_spacing=0.015,
    )
    for number, picture in enumerate(pictures, start=1):
        image = fit_for_screen(picture.image, max_side_px=MAX_SIDE_PX)
        figure.add_trace(
            go.Image(source=jpeg_uri(image, quality=92), hoverinfo="skip"), row=1, col=number
        )
    figure.update_xaxes(visible=False, matches="x", constrain="domain")
    figure.update_yaxes(visible=False, matches="y", constrain="domain", constraintoward="top")
    for number in range(1, len(pictures) + 1):
        anchor = "x" if number == 1 else f"x{number}"
        figure.update_yaxes(scaleanchor=anchor, row=1, col=number)
    figure.update_annotations(font={"size": 13, "color": theme.text_color(dark=dark)})
    return figure.update_layout(
        height=SINGLE_HEIGHT_PX if len(pictures) == 1 else BESIDE_HEIGHT_PX,
        margin={"l": 0, "r": 0, "t": 42, "b": 4},
        dragmode="pan",
        uirevision="keep",
    )
