"""The large picture of an image: zoom, boxes that choose a cell, overlays, light, scale."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import streamlit as st

from leukapp.imaging.cell_boxes import CellBox
from leukapp.ui.guarded import guarded
from leukapp.ui.microscope.cell_look import CellLook, answer_color
from leukapp.ui.microscope.mount import component, serve
from leukapp.ui.microscope.screen_pictures import EncodedPicture
from leukapp.ui.texts import microscope as texts

ERYTHROCYTE_UM: Final = 7.5
"""Diameter of an erythrocyte in a smear, which gives the scale."""

SHOWN_SHARE: Final = 0.66
"""Share of a cell's window that its box shows: about 2.1 erythrocytes, a large leukocyte."""

PICTURE_KEY: Final = "microscope"


@dataclass(frozen=True, slots=True, kw_only=True)
class LargePicture:
    """What the large picture shows.

    Attributes:
        key: of the image; another one starts unzoomed.
        name: what a screen reader says.
        width_px: of the image.
        height_px: of the image.
        original: the photograph.
        enhanced: the same, enhanced; None until it is asked for.
        can_enhance: whether it may be asked for.
        heat: a layer over it, or None where there is no heat.
        erythrocyte_px: scale of the image; None where nothing gives one.
        boxes: windows of the leukocytes.
        looks: how each of them is shown.
        chosen: index of the chosen one, or None.
        pending: window of one that is marked and not yet signed, or None.
    """

    key: str
    name: str
    width_px: int
    height_px: int
    original: EncodedPicture
    enhanced: EncodedPicture | None
    can_enhance: bool
    heat: EncodedPicture | None
    erythrocyte_px: float | None
    boxes: tuple[CellBox, ...]
    looks: tuple[CellLook, ...]
    chosen: int | None
    pending: CellBox | None = None


def show_large_picture(
    picture: LargePicture,
    *,
    on_choose: Callable[[int], None],
    on_enhance: Callable[[], None],
    on_mark: Callable[[float, float], None] | None = None,
) -> None:
    """Write the large picture.

    Args:
        picture: what is shown.
        on_choose: told the index of a cell that was clicked, before the page is drawn anew.
        on_enhance: told that the reader wants to see the enhanced picture.
        on_mark: told where a leukocyte was marked, in pixels of the image; None where none may be.
    """

    def choose() -> None:
        index = st.session_state[PICTURE_KEY]["chosen"]
        if isinstance(index, int) and 0 <= index < len(picture.boxes):
            on_choose(index)

    def mark() -> None:
        place = st.session_state[PICTURE_KEY]["marked"]
        if on_mark is not None and place is not None:
            x, y = float(place["x"]), float(place["y"])
            if 0 <= x < picture.width_px and 0 <= y < picture.height_px:
                on_mark(x, y)

    component("picture")(
        key=PICTURE_KEY,
        data=_data(picture, can_mark=on_mark is not None),
        on_chosen_change=guarded(choose),
        on_wanted_change=guarded(on_enhance),
        on_marked_change=guarded(mark),
    )


def pixels_per_um(erythrocyte_px: float | None) -> float | None:
    """Scale of an image from its erythrocytes; None where it has none."""
    return None if erythrocyte_px is None else erythrocyte_px / ERYTHROCYTE_UM


def _data(picture: LargePicture, *, can_mark: bool) -> dict[str, Any]:
    """What picture.js reads."""
    pictures = {
        name: None if encoded is None else serve(encoded.data, encoded.picture_format, place=name)
        for name, encoded in (
            ("original", picture.original),
            ("enhanced", picture.enhanced),
            ("heat", picture.heat),
        )
    }
    return {
        **pictures,
        "key": picture.key,
        "name": picture.name,
        "width": picture.width_px,
        "height": picture.height_px,
        "canEnhance": picture.can_enhance,
        "pixelsPerUm": pixels_per_um(picture.erythrocyte_px),
        "cells": _boxes(picture.boxes, picture.looks),
        "canMark": can_mark,
        "pending": None if picture.pending is None else _around(picture.pending),
        "chosen": picture.chosen,
        "words": asdict(texts.PICTURE_WORDS),
    }


def _boxes(boxes: Sequence[CellBox], looks: Sequence[CellLook]) -> list[dict[str, Any]]:
    return [
        {
            **_around(box),
            "name": look.name,
            "mark": look.mark,
            "isMarked": look.is_marked,
            "isRemoved": look.is_removed,
            # On a picture the theme does not matter.
            "color": answer_color(look.answer, dark=False),
        }
        for box, look in zip(boxes, looks, strict=True)
    ]


def _around(box: CellBox) -> dict[str, float]:
    """The middle of a cell's window: whole windows overlap so that no cell could be told."""
    width, height = box.x1 - box.x0, box.y1 - box.y0
    return {
        "x": box.x0 + width * (1 - SHOWN_SHARE) / 2,
        "y": box.y0 + height * (1 - SHOWN_SHARE) / 2,
        "width": width * SHOWN_SHARE,
        "height": height * SHOWN_SHARE,
    }
