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
