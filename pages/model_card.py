"""Page "Model card and audit": what a bundle is, where it fails, what audits found."""

from collections.abc import Callable

import streamlit as st

from leukapp.errors import BundleError, HeldOutError
from leukapp.model.bundle import Bundle
from leukapp.ui import frame
from leukapp.ui.bundle_choice import choose_bundle
from leukapp.ui.card.audits import show_audits
from leukapp.ui.card.bundle_choice import verified_bundle
from leukapp.ui.card.recipe import show_identity, show_recipe, show_training
from leukapp.ui.card.weaknesses import show_card, show_losses, show_weaknesses
from leukapp.ui.evaluation.table_choice import show_table_error
from leukapp.ui.laboratory.curve_figure import show_curve_of
from leukapp.ui.texts import model_card as texts


def show_bundle(bundle: Bundle) -> None:
    """Write the whole card; what cannot be read says so in its own place."""
    show_identity(bundle)
    show_part(show_weaknesses, bundle)
    show_training(bundle)
    show_recipe(bundle)
    show_part(show_losses, bundle)
    show_part(show_curve_of, bundle)
    show_audits(bundle)
    show_part(show_card, bundle)


def show_part(show: Callable[[Bundle], None], bundle: Bundle) -> None:
    """Write one part, or why it cannot be read."""
    try:
        show(bundle)
    except HeldOutError as error:
        show_table_error(error)


frame.show_frame()
st.caption(texts.LEAD)
try:
    chosen = verified_bundle(choose_bundle())
except BundleError as error:
    frame.show_bundle_error(str(error))
    st.stop()
finally:
    frame.show_about()

show_bundle(chosen)
st.page_link("pages/evaluation.py", label=texts.TO_EVALUATION, icon=":material/query_stats:")
