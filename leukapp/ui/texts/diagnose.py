"""Texts of what is folded below the two panes of page "Diagnose", and of its first screen."""

from typing import Final

from leukapp.ui.texts.glossary import see

HEAT_SETTINGS: Final = "Heatmap settings"
HEAT_SOURCE: Final = "Heat of"
BOTH_NETWORKS: Final = "Both networks"
SIDE_BY_SIDE: Final = "All heatmaps side by side"
NUMBERS: Final = "Numbers"
QUALITY_FINE: Final = "Image quality: nothing found"
QUALITY_NOTES: Final = "Image quality: {n} to note"
RESEARCHERS: Final = "Details for researchers"
AS_JUDGED: Final = "As the networks see it"
HEAT_FOR: Final = "Heat for {label}"
NETWORKS_AGREE: Final = "Both networks agree."
NETWORKS_DISAGREE: Final = "The two networks alone do not agree."

CORRECT: Final = "What do you see?"
CORRECT_HELP: Final = (
    "Saved at once to the audit trail with your initials. The networks' verdict on the image stays "
    "as it is; the count below the verdict follows, and says so."
    f" {see('Audit trail')}"
)
CORRECT_NEEDS_INITIALS: Final = "Type your initials above to correct a leukocyte."
CORRECTED_BY: Final = "Corrected to **{answer}** by {initials}, {moment} UTC"
TAKE_BACK_CORRECTION: Final = "Take the correction back"
CORRECTED_COUNT: Final = "With {n} corrected, marked or removed by readers:"
CORRECTED_VERDICT: Final = "Verdict as corrected: **{answer}**"
CORRECTED_VERDICT_HELP: Final = (
    "The networks' own rule for a field, asked again: a corrected or marked leukocyte counts as "
    "one that the networks are {certain:.0%} sure of, a removed one and an artifact not at all. "
    "Reactive and other cells, which the networks do not know, are left out. The networks' verdict "
    "above stays as it is."
    f" {see('Corrected')}"
)
REFERENCES: Final = "Signed here, most like it"
REFERENCES_HELP: Final = (
    "Leukocytes that readers of this site signed, in the order in which the networks find them "
    "like this one. They are no second opinion: the networks that judge also choose. Of a signed "
    "leukocyte a short list of numbers is kept, no picture; it is shown where its image is among "
    "yours."
)
NO_REFERENCES: Final = (
    "No leukocyte is signed here yet with these networks. Drawings, made by a program, stand in "
    "their place:"
)
REFERENCE: Final = "{answer}, {initials}, {moment}"
REFERENCE_ALT: Final = "A leukocyte that a reader of this site signed"
REFERENCE_UNSEEN: Final = "Its image is not among yours."
NO_CELL_LEFT: Final = "No leukocyte is left of which the networks' rule could be asked."
REMOVE: Final = "Remove: no leukocyte here"
MARK: Final = "Mark a missed leukocyte"
MARK_HELP: Final = (
    "Press **Mark a cell** over the picture (or M in it) and click the leukocyte or draw a box "
    "around it (with Shift held, a box at any time). Or say where its middle is, in pixels from "
    "the left and upper edge. Its window is as large as those of all others."
)
MARK_X: Final = "From the left, px"
MARK_Y: Final = "From the top, px"
MARK_HERE: Final = "Mark here"
MARKED: Final = "Marked, not signed yet"
MARKED_HELP: Final = (
    "Say what it is. It counts with your answer alone. The networks judge it, too, cut out as "
    "those that they found, but their verdict on the image stays as it is: how well they do on "
    "cells that were marked by hand was not measured."
)
MARKED_ALT: Final = "The leukocyte that you marked"
MARKED_CELL: Final = "A leukocyte that a reader marked, as the networks see it"
MARKED_ANSWER: Final = "Marked by hand; the networks on it alone: {answer}, {certain}"
MARKED_NO_CALL: Final = "Marked by hand; the networks on it alone: no call. {reason}"
MARK_DROP: Final = "Do not mark it"

KEEP: Final = "Keep these images"
KEEP_HELP: Final = (
    "Begins a batch on page Batch review with the images that you brought: only their pixels are "
    "stored, until somebody removes the batch, and everyone who may open that page sees them with "
    "their file names. Each is read once more. Corrected leukocytes stay corrected, and decisions "
    "on the answers of these networks go along, each with its reader and its time; from then on "
    "those of the batch are taken back there."
)
KEEP_SURE: Final = "Keep (images: {n})"
KEEPING: Final = "Taking the images in…"
KEPT: Final = "Kept as batch {batch}: open it"
KEPT_DECISIONS: Final = "Signed decisions that went along: {n}"
