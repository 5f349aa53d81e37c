"""Texts of the leukocytes of a field."""

from typing import Final

from leukapp.ui.texts.glossary import see

HEADING: Final = "Leukocytes in this image"
HEADING_HELP: Final = (
    "Each leukocyte is found by its nucleus, cut out at one scale and judged alone. The verdict "
    "above puts their answers together; cells unlike the training cells do not count."
)
ONE_CELL: Final = "Read as a photograph of one cell."
CUT_OUT_CELL: Final = (
    "Read as a cell that was cut out on black: its background was replaced, and its own outline "
    "gives the scale."
)
FIELD: Final = "Read as a field of {n} leukocytes."
ONE_CELL_ALT: Final = "What was cut out: a window of 3.2 erythrocytes"
FIELD_OF_ONE: Final = "Read as a field with one leukocyte."
FIELD_ALT: Final = "The field with a numbered box around each of {n} leukocytes"
CELL_ALT: Final = "Leukocyte {number} as the networks see it"
CELL_HEAT: Final = "Leukocyte {number}: heat for {label}"
SUMMARY: Final = (
    "**{n_blast_like} of {n_judged}** judged leukocytes are called leukemia: "
    "**{share}** (95 % interval {low} to {high})."
)
TOO_FEW: Final = (
    "Too few cells: a share means something from {enough} judged leukocytes on. Add fields of the "
    "same patient."
)
NONE_JUDGED: Final = "None of the {n_found} leukocytes got a call, so there is no share."
CHOOSE: Final = "Leukocyte"
COLUMN_NUMBER: Final = "Cell"
COLUMN_ANSWER: Final = "Answer"
COLUMN_REASON: Final = "Why no call"
CASE: Final = "These images are fields of one patient: count their leukocytes together"
CASE_HELP: Final = (
    "The blast-like share of all fields, with its interval. Images judged whole do not count."
    f" {see('Interval')}"
)
CASE_SUMMARY: Final = "{n_images} images, {n_found} leukocytes found, {n_judged} judged."
