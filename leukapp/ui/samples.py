"""Synthetic sample images: drawn by a program, so that the app can be tried without a patient's."""

import hashlib
import inspect
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Final, Literal

import numpy as np
import streamlit as st
from PIL import Image

from leukapp.imaging.arrays import RgbImage
from leukapp.imaging.synthetic import CellKind, draw_synthetic_cell, draw_synthetic_field
from leukapp.resources import cache_dir
from leukapp.ui import texts
from leukapp.ui.guarded import guarded
from leukapp.ui.kept_session import this_session
from leukapp.ui.picture import fit_for_screen
from leukapp.ui.upload import ImageEntry
from leukapp.whole_files import whole_file

SAMPLE_SEED: Final = 7
FIELD_LEUKOCYTES: Final = 12
FIELD_HEIGHT_PX: Final = 960
FIELD_WIDTH_PX: Final = 1280
PREVIEW_PX: Final = 360
CHOICE_KEY: Final = "sample"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One drawing.

    Attributes:
        kind: the leukocyte in its middle, or ``field`` for a field of several.
        title: what it is called on the screen.
    """

    kind: CellKind | Literal["field"]
    title: str

    @property
    def key(self) -> str:
        """The drawing's key among the images of a session."""
        return f"sample-{self.kind}"


SAMPLES: Final = (
    Sample(kind="neutrophil", title="Drawn neutrophil"),
    Sample(kind="lymphoblast", title="Drawn lymphoblast"),
    Sample(kind="myeloblast", title="Drawn myeloblast"),
    Sample(kind="lymphocyte", title="Drawn lymphocyte"),
    Sample(kind="field", title="Drawn field of 12 cells"),
)


def sample_kind(key: str) -> str | None:
    """Give the kind of the drawing that has a key among the images; None where it is none."""
    return next((sample.kind for sample in SAMPLES if sample.key == key), None)


@cache
def draw_sample(sample: Sample) -> RgbImage:
    """Draw a sample; the same pixels at every call."""
    if sample.kind == "field":
        return draw_synthetic_field(
            n_leukocytes=FIELD_LEUKOCYTES,
            seed=SAMPLE_SEED,
            height_px=FIELD_HEIGHT_PX,
            width_px=FIELD_WIDTH_PX,
        ).image
    return draw_synthetic_cell(sample.kind, seed=SAMPLE_SEED)


@cache
def sample_png(sample: Sample) -> bytes:
    """Give a sample as the PNG file that the networks get, like any upload."""
    buffer = BytesIO()
    Image.fromarray(np.ascontiguousarray(draw_sample(sample))).save(buffer, format="PNG")
    return buffer.getvalue()


def preview_jpeg(sample: Sample) -> bytes:
    """Give a small picture of a sample, kept in the user's cache: to draw a field takes a second.

    The file is named by the program that draws, so that a new version draws anew.
    """
    drawer = Path(inspect.getfile(draw_synthetic_cell)).read_bytes()
    made_by = hashlib.sha256(drawer + repr((sample, PREVIEW_PX)).encode()).hexdigest()[:20]
    path = cache_dir() / "samples" / f"{sample.kind}-{made_by}.jpg"
    if path.is_file():
        return path.read_bytes()
    buffer = BytesIO()
    picture = fit_for_screen(draw_sample(sample), max_side_px=PREVIEW_PX)
    Image.fromarray(picture).save(buffer, format="JPEG", quality=90)
    with suppress(OSError):
        # Without a cache the drawing is made at each start.
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as partial:
            partial.write_bytes(buffer.getvalue())
    return buffer.getvalue()


def show_sample_choice() -> list[ImageEntry]:
    """Ask for a synthetic sample; give it as the only entry of a list, or an empty list."""
    session = this_session()
    # The session remembers it: a widget's own state goes with its page.
    kept = (sample for sample in SAMPLES if sample.kind == session.sample)
    st.session_state[CHOICE_KEY] = next(kept, None)

    def keep() -> None:
        chosen = st.session_state[CHOICE_KEY]
        session.sample = None if chosen is None else chosen.kind

    chosen = st.selectbox(
        texts.SAMPLE_LABEL,
        SAMPLES,
        index=None,
        placeholder=texts.SAMPLE_PLACEHOLDER,
        format_func=lambda sample: sample.title,
        help=texts.SAMPLE_HELP,
        on_change=guarded(keep),
        key=CHOICE_KEY,
    )
    if chosen is None:
        return []
    return [
        ImageEntry(
            key=chosen.key,
            name=chosen.title,
            is_synthetic=True,
            read_bytes=lambda: sample_png(chosen),
        )
    ]


def show_sample_gallery() -> None:
    """Write the drawings side by side, each with a button that opens it."""
    st.caption(texts.WELCOME_SAMPLES)
    for column, sample in zip(st.columns(len(SAMPLES)), SAMPLES, strict=True):
        with column:
            st.image(preview_jpeg(sample), caption=sample.title, width="stretch", alt=sample.title)
            st.button(
                texts.SAMPLE_BUTTON,
                key=f"open-{sample.key}",
                on_click=guarded(_open_sample),
                args=(sample,),
                width="stretch",
            )


def _open_sample(sample: Sample) -> None:
    """Choose a sample as if it had been picked in the sidebar."""
    this_session().sample = sample.kind
