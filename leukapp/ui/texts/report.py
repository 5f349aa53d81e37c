"""Texts of the one-page PDF report of one image."""

from typing import Final

TITLE: Final = "LeukApp result"
VERDICT: Final = "Verdict"
SYNTHETIC: Final = "Synthetic image, drawn by a program: any verdict on it means nothing."
IMAGE: Final = "Image, {width} x {height} px"
HEAT: Final = "{source}: heat for {label}"
HEAT_BLANK: Final = "{source}: nothing raised the score of {label}"
HEAT_NOTE: Final = (
    "Grad-CAM: colored areas raised the score of the named class most. It shows where a network "
    "looked, not what a cell is, and not a lesion."
)
NUMBERS: Final = "Probabilities"
CLASS: Final = "Class"
FUSED: Final = "Fused, calibrated"
OWN_SOFTMAX: Final = "{branch}, own softmax"
QUALITY: Final = "Image quality"
QUALITY_FINE: Final = "Nothing found that speaks against reading this image."
SIGNATURE: Final = "Reviewer's decision"
SIGNATURE_CHOICES: Final = ("agree", "override with: ____________________", "unsure")
SIGNATURE_LINES: Final = ("Reason", "Initials and date")
DECIDED: Final = {
    "agree": "Agree: {answer}",
    "override": "Override with: {answer}",
    "unsure": "Unsure",
}
DECIDED_REASON: Final = "Reason: {reason}"
DECIDED_BY: Final = "Initials {initials}, saved {moment} (UTC) as line {number} of the review log."
RECORD: Final = "Record"
RECORD_LINES: Final = (
    ("Time (UTC)", "time"),
    ("Image sha256", "image"),
    ("Bundle", "bundle"),
    ("Bundle sha256", "sha256"),
    ("Software", "software"),
)
"""Label of each line, and the name of what stands in it."""
SOFTWARE: Final = "LeukApp {version}, {engine}"
LIMITS: Final = (
    "One image is one cell or one small field, not a differential count and not a patient's "
    "result. The networks know the classes that they were trained on, from few laboratories; they "
    "can be wrong with confidence."
)
