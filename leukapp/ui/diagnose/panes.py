"""One image in two panes: verdict, decision and cells in one, the large picture in the other."""

from functools import partial

import streamlit as st

from leukapp.diagnosis import Diagnosis
from leukapp.imaging.overlay import draw_overlay
from leukapp.inference.decision import Answer
from leukapp.review.corrected_cells import CorrectedCell, correct_cells
from leukapp.ui import texts
from leukapp.ui.cell_table import describe_reading, show_summary
from leukapp.ui.corrected_verdict import corrected_verdict
from leukapp.ui.diagnose.chosen_cell import choose_cell, chosen_cell
from leukapp.ui.diagnose.corrections import find_corrections, show_corrected, show_correction
from leukapp.ui.diagnose.details import SignedParts, show_details
from leukapp.ui.diagnose.heat_settings import chosen_heatmap, heat_settings
from leukapp.ui.diagnose.marked_cell import show_marked_cell
from leukapp.ui.diagnose.marking import (
    can_mark,
    mark_cell,
    pending_mark,
    show_marking,
    show_pending,
)
from leukapp.ui.diagnose.place import write_place
from leukapp.ui.diagnose.references import show_references
from leukapp.ui.guarded import guarded_fragment
from leukapp.ui.microscope.cell_look import CellLook, answer_mark, look_at
from leukapp.ui.microscope.gallery import show_gallery
from leukapp.ui.microscope.picture import LargePicture, show_large_picture
from leukapp.ui.microscope.screen_pictures import (
    MAX_SIDE_PX,
    EncodedPicture,
    encode_heat,
    encode_photo,
)
from leukapp.ui.picture import show_picture
from leukapp.ui.result_download import show_report_download
from leukapp.ui.review.decision_box import show_decision_box
from leukapp.ui.review.log import show_trail_failure
from leukapp.ui.samples import sample_kind
from leukapp.ui.session import SharedDiagnoser
from leukapp.ui.texts import cells as cell_texts
from leukapp.ui.texts import diagnose as own_texts
from leukapp.ui.texts import microscope as picture_texts
from leukapp.ui.upload import ImageEntry
from leukapp.ui.verdict import show_verdict
from leukapp.ui.wording import escape_markdown


@guarded_fragment()
def show_panes(entry: ImageEntry, diagnosis: Diagnosis, diagnoser: SharedDiagnoser) -> None:
    """Write the two panes and what is folded below them.

    Args:
        entry: the image.
        diagnosis: of it.
        diagnoser: explains a cell or another class from what the diagnosis kept.
    """
    is_readable = diagnosis.quality.blocking is None
    # A photograph of a single cell needs none: the decision on the image is the one on it.
    corrections = find_corrections(diagnosis) if is_readable and diagnosis.mode == "field" else ()
    cells = correct_cells(diagnosis.cells if is_readable else (), corrections)
    verdict = corrected_verdict(diagnosis, diagnoser, cells)
    looks = tuple(look_at(cell, index) for index, cell in enumerate(cells))
    chosen = chosen_cell(entry.key, len(cells))
    write_place(
        sample=sample_kind(entry.key),
        image_sha256=diagnosis.image_sha256,
        cell=chosen if len(cells) > 1 else None,
    )
    # The verdict comes first, for ears and on a phone; a wide screen has it on the right.
    with st.container(key="panes"):
        answer, view = st.columns([1, 1.6], gap="medium")
    with answer.container(key="answer-pane", gap="xsmall"):
        if entry.is_synthetic:
            st.caption(f":material/draw: {texts.SAMPLE_NOTICE}")
        show_verdict(diagnosis)
        show_trail_failure()
        decision = show_decision_box(diagnosis, key=entry.key)
        show_report_download(
            diagnosis,
            is_synthetic=entry.is_synthetic,
            decision=decision,
            corrections=corrections,
            corrected=verdict,
        )
        # Above the cells, so that it is in sight after a click in the picture.
        show_pending(diagnosis, diagnoser)
        if cells:
            _show_cells(entry, diagnosis, diagnoser, cells, looks, verdict)
        if can_mark(diagnosis):
            show_marking(diagnosis)
    with view.container(key="picture-pane", gap="small"):
        _show_picture(entry, diagnosis, diagnoser, cells, looks)
        signed = SignedParts(decision=decision, corrections=corrections, corrected=verdict)
        show_details(diagnosis, diagnoser, key=entry.key, signed=signed)


def _show_cells(
    entry: ImageEntry,
    diagnosis: Diagnosis,
    diagnoser: SharedDiagnoser,
    cells: tuple[CorrectedCell, ...],
    looks: tuple[CellLook, ...],
    verdict: Answer | None,
) -> None:
    chosen = chosen_cell(entry.key, len(cells))
    st.subheader(picture_texts.GALLERY, help=picture_texts.GALLERY_HELP, anchor=False)
    if diagnosis.mode == "field":
        show_summary(diagnosis.cell_summary)
        show_corrected(cells, verdict)
    else:
        st.caption(describe_reading(diagnosis))
    if len(cells) > 1:
        show_gallery(
            diagnosis.image,
            cells,
            name=_name(diagnosis),
            looks=looks,
            chosen=chosen,
            on_choose=lambda index: choose_cell(entry.key, index),
        )
    if chosen is None:
        return
    if len(cells) > 1:
        mark = answer_mark(looks[chosen].answer)
        st.markdown(f"**{mark} {escape_markdown(looks[chosen].name)}**")
    _show_cell(diagnosis, diagnoser, chosen, cells[chosen])
    if diagnosis.mode == "field":
        is_judged = cells[chosen].cell is not None
        place = diagnoser.place_cell(diagnosis, chosen) if is_judged else None
        # What is said of a drawing is no reference for cells of patients.
        kept_place = None if entry.is_synthetic else place
        if place is not None:
            show_references(diagnosis, diagnoser, chosen, place)
        show_correction(diagnosis, chosen, cells[chosen], place=kept_place)


def _show_cell(
    diagnosis: Diagnosis, diagnoser: SharedDiagnoser, index: int, one: CorrectedCell
) -> None:
    """Write one leukocyte large, with its heat."""
    cell = one.cell
    if cell is None:
        show_marked_cell(diagnosis, diagnoser, one.box)
        return
    crop, heat = st.columns(2)
    alt = cell_texts.CELL_ALT.format(number=index + 1)
    if cell.no_call_reason and len(diagnosis.cells) > 1:
        st.caption(cell.no_call_reason)
    class_name = cell.probabilities.top_class
    with crop:
        show_picture(cell.crop, caption=own_texts.AS_JUDGED, alt=alt)
    with heat:
        heatmap = diagnoser.explain_cell(diagnosis, index, class_name).fused
        alt = cell_texts.CELL_HEAT.format(number=index + 1, label=class_name)
        caption = own_texts.HEAT_FOR.format(label=class_name)
        show_picture(draw_overlay(cell.crop, heatmap.values), caption=caption, alt=alt)


def _show_picture(
    entry: ImageEntry,
    diagnosis: Diagnosis,
    diagnoser: SharedDiagnoser,
    cells: tuple[CorrectedCell, ...],
    looks: tuple[CellLook, ...],
) -> None:
    name = _name(diagnosis)
    wants_enhanced = f"wants-enhanced-{name}"
    is_readable = diagnosis.quality.blocking is None
    size = {"width": diagnosis.quality.width_px, "height": diagnosis.quality.height_px}

    def want_enhanced() -> None:
        st.session_state[wants_enhanced] = True

    enhanced = None
    if st.session_state.get(wants_enhanced):
        image = diagnoser.enhanced(diagnosis, max_side_px=MAX_SIDE_PX)
        enhanced = encode_photo(f"{name} enhanced", image)
    show_large_picture(
        LargePicture(
            key=entry.key,
            name=picture_texts.PICTURE_NAME.format(**size, n=len(cells)),
            width_px=diagnosis.quality.width_px,
            height_px=diagnosis.quality.height_px,
            original=encode_photo(f"{name} original", diagnosis.image),
            enhanced=enhanced,
            can_enhance=True,
            heat=_heat(diagnosis, diagnoser, entry.key) if is_readable else None,
            erythrocyte_px=diagnosis.erythrocyte_px,
            boxes=tuple(cell.box for cell in cells),
            looks=looks,
            chosen=chosen_cell(entry.key, len(cells)) if len(cells) > 1 else None,
            pending=pending_mark(diagnosis),
        ),
        on_choose=lambda index: choose_cell(entry.key, index),
        on_enhance=want_enhanced,
        on_mark=partial(mark_cell, diagnosis) if can_mark(diagnosis) else None,
    )
    has_scale = diagnosis.erythrocyte_px is not None
    st.caption(
        picture_texts.PICTURE_CAPTION.format(**size)
        + (f" {picture_texts.SCALE_CAPTION}" if has_scale else "")
    )


def _heat(diagnosis: Diagnosis, diagnoser: SharedDiagnoser, key: str) -> EncodedPicture | None:
    if not diagnosis.branches:
        return None
    settings = heat_settings(diagnosis, key)
    heatmap = chosen_heatmap(diagnosis, diagnoser, settings)
    if heatmap.is_blank:
        return None
    return encode_heat(
        heatmap,
        (diagnosis.quality.height_px, diagnosis.quality.width_px),
        threshold=settings.look.threshold,
        color_map=settings.look.color_map,
    )


def _name(diagnosis: Diagnosis) -> str:
    return f"{diagnosis.image_sha256} {diagnosis.bundle.sha256}"
