"""Page "Diagnose": images in, for each a verdict with the evidence behind it."""

import streamlit as st

from leukapp.diagnosis import Diagnosis
from leukapp.errors import BundleError, ImageError
from leukapp.ui import frame, texts
from leukapp.ui.bundle_choice import choose_bundle
from leukapp.ui.cell_table import show_cells
from leukapp.ui.heatmap_viewer import show_heatmap_viewer
from leukapp.ui.image_choice import choose_image, read_images, show_file_errors
from leukapp.ui.image_overview import show_image_overview
from leukapp.ui.picture import fit_for_screen, show_picture
from leukapp.ui.probability_chart import show_probability_chart, show_probability_table
from leukapp.ui.result_download import show_download
from leukapp.ui.review.decision_box import show_decision_box
from leukapp.ui.review.log import show_trail_failure, write_down
from leukapp.ui.samples import show_sample_choice, show_sample_gallery
from leukapp.ui.session import SharedDiagnoser, open_diagnoser, session_answers
from leukapp.ui.upload import ImageEntry, show_upload
from leukapp.ui.verdict import show_branch_votes, show_quality, show_verdict, show_why


def show_welcome() -> None:
    """Write the first screen, where there is no image yet."""
    st.subheader(texts.WELCOME_HEADING, anchor=False)
    st.markdown(texts.WELCOME)
    show_sample_gallery()


def show_answer(entry: ImageEntry, diagnosis: Diagnosis, diagnoser: SharedDiagnoser) -> None:
    """Write the verdict first, then the evidence, then the record."""
    if entry.is_synthetic:
        st.info(texts.SAMPLE_NOTICE, icon=":material/draw:")
    is_call = diagnosis.finding is not None
    picture, verdict, *chart = st.columns([1, 1.35, 1.6] if is_call else [1, 2.95], gap="medium")
    with picture:
        caption = texts.ORIGINAL_CAPTION.format(
            width=diagnosis.quality.width_px, height=diagnosis.quality.height_px
        )
        show_picture(fit_for_screen(diagnosis.image), caption=caption, alt=caption)
    with verdict:
        show_verdict(diagnosis)
        if not is_call:
            show_why(diagnosis)
    if is_call and diagnosis.probabilities is not None:
        with chart[0]:
            show_probability_chart(diagnosis.probabilities, is_call=True)

    is_readable = diagnosis.quality.blocking is None
    if diagnosis.cells and is_readable:
        with st.container(border=True, key="cells"):
            show_cells(diagnosis, diagnoser, key=entry.key)
    if diagnosis.branches and is_readable:
        with st.container(border=True, key="heatmaps"):
            show_heatmap_viewer(diagnosis, diagnoser, key=entry.key)

    places = st.columns(2 if is_call else 1, gap="medium")
    if is_call:
        with places[0].container(border=True, height="stretch", key="branches"):
            show_branch_votes(diagnosis.branches)
    with places[-1].container(border=True, height="stretch", key="quality"):
        show_quality(diagnosis)

    show_trail_failure()
    with st.container(border=True, key="decision"):
        decision = show_decision_box(diagnosis, key=entry.key)
    with st.container(border=True, key="record"):
        if is_call:
            st.subheader(texts.TABLE, anchor=False)
            show_probability_table(diagnosis)
        show_download(diagnosis, is_synthetic=entry.is_synthetic, decision=decision)


frame.show_frame()
bundle = choose_bundle()
with st.sidebar:
    st.subheader(texts.IMAGES_HEADER, anchor=False)
    entries = show_upload() + show_sample_choice()
frame.show_about()

# The answers keep their place from run to run: were it emptied first, what is being typed into it
# would be lost.
body = st.container()
welcome = body.empty() if not entries else None
if welcome:
    with welcome.container():
        show_welcome()
try:
    with st.spinner(texts.OPENING_BUNDLE):
        shared_diagnoser = open_diagnoser(str(bundle.folder))
except BundleError as error:
    with welcome.container() if welcome else body:
        frame.show_bundle_error(str(error))
    st.stop()

answers = session_answers(write_down)
answers.forget_all_but(entries)
if entries:
    with body:
        outcomes = read_images(entries, answers, shared_diagnoser)
        show_file_errors(entries, outcomes)
        show_image_overview(entries, outcomes)
        chosen = choose_image(entries, outcomes)
        answer = answers.answer(chosen, shared_diagnoser) if chosen else None
        if chosen and answer and not isinstance(answer, ImageError):
            show_answer(chosen, answer, shared_diagnoser)
