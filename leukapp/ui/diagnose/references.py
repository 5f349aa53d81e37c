"""What the chosen leukocyte is compared with: those signed at this site, or drawings."""

import hashlib
from typing import Final

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from leukapp.diagnosis import Diagnosis
from leukapp.errors import BusyError, ImageError, LeukappError
from leukapp.imaging.arrays import RgbImage
from leukapp.imaging.cell_boxes import CellBox
from leukapp.review.corrected_cells import corrected_minute
from leukapp.review.reference_cells import ReferenceCell, SignedCell, nearest_signed
from leukapp.ui.kept_session import this_session
from leukapp.ui.microscope.cell_look import marked_answer
from leukapp.ui.picture import show_picture, show_png
from leukapp.ui.review.log import open_log, show_log_failure
from leukapp.ui.samples import SAMPLES, sample_png
from leukapp.ui.session import SharedDiagnoser
from leukapp.ui.texts import diagnose as texts
from leukapp.ui.wording import escape_markdown

N_REFERENCES: Final = 4
N_OWN_KEY: Final = "own-signed-cells"
WHOLE_PX: Final = 1_000_000
"""Longer than any side of an image: its own pixels are cut, not a smaller copy's."""


def show_references(
    diagnosis: Diagnosis, diagnoser: SharedDiagnoser, index: int, place: NDArray[np.float32]
) -> None:
    """Write the signed leukocytes that are most like one, or drawings where none is signed.

    Args:
        diagnosis: of the image.
        diagnoser: decodes images of this browser.
        index: of the leukocyte.
        place: where the networks place it.
    """
    try:
        nearest = nearest_signed(
            place,
            _signed_cells(),
            bundle_sha256=diagnosis.bundle.sha256,
            but=(diagnosis.image_sha256, diagnosis.cells[index].box),
            n=N_REFERENCES,
        )
    except LeukappError as error:
        show_log_failure(error)
        return
    st.markdown(f"**{texts.REFERENCES}**", help=texts.REFERENCES_HELP)
    if not nearest:
        st.caption(texts.NO_REFERENCES)
        _show_drawings()
        return
    for column, reference in zip(st.columns(N_REFERENCES), nearest, strict=False):
        with column:
            _show_reference(reference, diagnosis, diagnoser)


def read_signed_anew() -> None:
    """Read the signed leukocytes anew at their next use, since this reader signed or took back."""
    st.session_state[N_OWN_KEY] = st.session_state.get(N_OWN_KEY, 0) + 1


def _signed_cells() -> tuple[SignedCell, ...]:
    """Every leukocyte that readers of this site signed; what colleagues sign follows soon."""
    return _read_signed(open_log().store_id, st.session_state.get(N_OWN_KEY, 0))


# While a batch is read the trail grows all the time: it is not searched at every click.
@st.cache_data(scope="session", max_entries=1, ttl=60, show_spinner=False)
def _read_signed(store_id: str, n_own: int) -> tuple[SignedCell, ...]:
    made = open_log().all_cell_corrections()
    return tuple(
        SignedCell(image_sha256=image, correction=correction)
        for image, corrections in made.items()
        for correction in corrections
    )


def _show_reference(
    reference: ReferenceCell, diagnosis: Diagnosis, diagnoser: SharedDiagnoser
) -> None:
    correction = reference.signed.correction
    caption = texts.REFERENCE.format(
        answer=marked_answer(correction.answer),
        initials=escape_markdown(correction.initials),
        moment=corrected_minute(correction),
    )
    window = _window(reference.signed, diagnosis, diagnoser)
    if window is None:
        st.caption(f"{caption}  \n{texts.REFERENCE_UNSEEN}")
        return
    show_picture(window, caption=caption, alt=texts.REFERENCE_ALT)


def _window(
    signed: SignedCell, diagnosis: Diagnosis, diagnoser: SharedDiagnoser
) -> RgbImage | None:
    """Pixels of a signed leukocyte where this browser has its image, else None.

    No other reader's picture is shown here, and none is kept for it.
    """
    box = signed.correction.box
    if signed.image_sha256 == diagnosis.image_sha256:
        return diagnosis.image[box.y0 : box.y1, box.x0 : box.x1]
    for image in this_session().images.values():
        if hashlib.sha256(image.data).hexdigest() == signed.image_sha256:
            try:
                return _cut(signed.image_sha256, box, image.data, diagnoser)
            except (ImageError, BusyError):
                return None
    return None


@st.cache_data(scope="session", max_entries=32, show_spinner=False)
def _cut(image_sha256: str, box: CellBox, _data: bytes, _diagnoser: SharedDiagnoser) -> RgbImage:
    """Cut a window out of an image of this browser; kept for this browser alone."""
    image = _diagnoser.decode(_data, max_side_px=WHOLE_PX)
    return image[box.y0 : box.y1, box.x0 : box.x1].copy()


def _show_drawings() -> None:
    cells = [sample for sample in SAMPLES if sample.kind != "field"]
    for place, sample in zip(st.columns(len(cells)), cells, strict=True):
        with place:
            show_png(sample_png(sample), caption=sample.title, alt=sample.title)
