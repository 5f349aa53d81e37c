"""Texts of what is folded below the two panes of page "Diagnose", and of its first screen."""

from typing import Final

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
)
CORRECT_NEEDS_INITIALS: Final = "Type your initials above to correct a leukocyte."
CORRECTED_BY: Final = "Corrected to **{answer}** by {initials}, {moment} UTC"
TAKE_BACK_CORRECTION: Final = "Take the correction back"
CORRECTED_COUNT: Final = "With {n} corrected by readers:"
