"""Page "Evaluation": how a bundle did on the images it was judged by, never pooled."""

import streamlit as st

from leukapp.errors import HeldOutError
from leukapp.ui import frame
from leukapp.ui.bundle_choice import choose_bundle
from leukapp.ui.evaluation.ablation_panel import show_ablation, show_pairing
from leukapp.ui.evaluation.address import SECTION_KEY, take_address, write_address
from leukapp.ui.evaluation.calibration_panel import show_calibration
from leukapp.ui.evaluation.comparison import show_comparison, show_curves_of_both
from leukapp.ui.evaluation.confusion_panel import show_confusion
from leukapp.ui.evaluation.curve_panel import show_curves
from leukapp.ui.evaluation.drill_down import show_images_behind
from leukapp.ui.evaluation.failures_panel import show_failures
from leukapp.ui.evaluation.figure_style import CARD_STYLE
from leukapp.ui.evaluation.files_panel import show_files
from leukapp.ui.evaluation.group_panel import show_groups
from leukapp.ui.evaluation.map_panel import show_map
from leukapp.ui.evaluation.overview import show_overview
from leukapp.ui.evaluation.side import Side
from leukapp.ui.evaluation.sources_panel import show_sources
from leukapp.ui.evaluation.table_choice import address_of, choose_sides, show_table_error
from leukapp.ui.evaluation.threshold_panel import show_thresholds
from leukapp.ui.texts import evaluation as texts

ONE_SIDE_SECTIONS = {
    texts.OVERVIEW: show_overview,
    texts.CURVES: show_curves,
    texts.FAILURES: show_failures,
    texts.CALIBRATION: show_calibration,
    texts.GROUPS: show_groups,
    texts.ABLATION: show_ablation,
    texts.MAP: show_map,
}
OVERLAID = {texts.OVERVIEW: show_comparison, texts.CURVES: show_curves_of_both}
SECTIONS = (
    texts.OVERVIEW,
    texts.CURVES,
    texts.CONFUSION,
    texts.FAILURES,
    texts.CALIBRATION,
    texts.THRESHOLD,
    texts.GROUPS,
    texts.ABLATION,
    texts.MAP,
    texts.FILES,
)


def show_section(section: str, sides: tuple[Side, ...]) -> None:
    """Write one section, side by side where two sets are compared."""
    if section == texts.CONFUSION:
        show_images_behind(show_confusion(sides))
    elif section == texts.THRESHOLD:
        show_thresholds(sides)
    elif section == texts.FILES:
        show_files(sides)
    else:
        if len(sides) == 2 and section in OVERLAID:
            OVERLAID[section](*sides)
        for column, side in zip(st.columns(len(sides), gap="large"), sides, strict=True):
            with column:
                ONE_SIDE_SECTIONS[section](side)
        if section == texts.OVERVIEW:
            show_sources(sides[0])


frame.show_frame()
bundle = choose_bundle()
st.html(CARD_STYLE)
st.caption(texts.LEAD)
take_address(SECTIONS)
try:
    sides = choose_sides(bundle)
except HeldOutError as error:
    show_table_error(error)
    st.stop()
finally:
    frame.show_about()

if not sides:
    st.subheader(texts.NO_TABLES_TITLE, anchor=False)
    st.write(texts.NO_TABLES)
    st.stop()
section = st.segmented_control(
    texts.SECTION_LABEL,
    SECTIONS,
    required=True,
    label_visibility="collapsed",
    key=SECTION_KEY,
)
write_address(address_of(sides, section, bundle))
if len(sides) == 2:
    show_pairing(*sides)
show_section(section, sides)
