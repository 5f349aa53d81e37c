"""Page "Diagnose": images in, for each a verdict beside the picture it was read from."""

import streamlit as st

from leukapp.errors import BundleError, ImageError
from leukapp.ui import frame, texts
from leukapp.ui.address import write_address
from leukapp.ui.bundle_choice import choose_bundle
from leukapp.ui.diagnose.keeping import show_keeping
from leukapp.ui.diagnose.panes import show_panes
from leukapp.ui.diagnose.place import follow_address
from leukapp.ui.image_choice import choose_image, read_images, show_file_errors
from leukapp.ui.image_overview import show_image_overview
from leukapp.ui.kept_session import this_session
from leukapp.ui.laboratory.watch_banner import show_drift
from leukapp.ui.review.log import write_down
from leukapp.ui.samples import show_sample_choice, show_sample_gallery
from leukapp.ui.session import open_diagnoser, session_answers
from leukapp.ui.upload import show_drop_field, show_kept_images


def show_welcome() -> None:
    """Write the first screen, where there is no image yet."""
    st.subheader(texts.WELCOME_HEADING, anchor=False)
    st.markdown(texts.WELCOME)
    show_drop_field()
    show_sample_gallery()


frame.show_frame()
bundle = choose_bundle()
follow_address(this_session())
is_first_screen = this_session().is_empty
with st.sidebar:
    st.subheader(texts.IMAGES_HEADER, anchor=False)
    if not is_first_screen:
        show_drop_field()
    entries = show_kept_images() + show_sample_choice()
frame.show_about()

show_drift(bundle)
# The answers keep their place from run to run: were it emptied first, what is being typed into it
# would be lost.
body = st.container()
welcome = body.empty() if is_first_screen else None
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
        chosen = choose_image(entries, outcomes)
        answer = answers.answer(chosen, shared_diagnoser) if chosen else None
        if chosen and answer and not isinstance(answer, ImageError):
            show_panes(chosen, answer, shared_diagnoser)
        show_image_overview(entries, outcomes)
        show_keeping(shared_diagnoser)
else:
    write_address({})
