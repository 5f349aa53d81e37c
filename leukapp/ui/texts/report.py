"""Texts of the PDF report of one image or several."""

from typing import Final

TITLE: Final = "LeukApp result"
VERDICT: Final = "Verdict"
SYNTHETIC: Final = "Synthetic image, drawn by a program: any verdict on it means nothing."
SYNTHETIC_SHORT: Final = "drawn"
IMAGE_TITLE: Final = "LeukApp result, image {number}"
BOXED: Final = "Boxes: {n} leukocytes, numbered as in the table"
COVER_TITLE: Final = "LeukApp report of {n} images"
COVER_LINE: Final = "Made {moment} (UTC)."
COVER_BUNDLE: Final = "Bundle {name}, sha256 {sha256}"
COVER_NOTE: Final = (
    "Images are named by the first digits of their sha256. Whether they are of one patient is not "
    "known here. Each image has its own pages behind this one."
)
NUMBER: Final = "No."
IMAGE_HASH: Final = "Image sha256"
PROBABILITY: Final = "Probability"
NOT_DECIDED: Final = "not decided"
DIFFERENTIAL: Final = "Leukocytes by answer"
ANSWER: Final = "Answer"
LEUKOCYTES: Final = "Leukocytes"
SHARE: Final = "Share of judged"
INTERVAL: Final = "95 % interval"
TOO_FEW: Final = "Under {enough} judged leukocytes a share says little."
DIFFERENTIAL_NOTE: Final = (
    "Counted in the photographed fields alone; no differential count of a patient."
)
CORRECTED: Final = (
    "With {n} leukocytes corrected, marked or removed by readers ({initials}, last {moment} UTC)"
)
CORRECTED_SHARE: Final = (
    "{n_blast_like} of {n_judged} judged are called leukemia: {share} (95 % interval {low} to "
    "{high}). "
)
CORRECTED_VERDICT: Final = "Verdict as corrected: {answer}."
CORRECTED_NOTE: Final = (
    "The verdict as corrected asks the networks' rule for a field again, with each reader's answer "
    "as one that the networks are almost sure of. The networks' own answers and the verdict above "
    "stay as they are; each correction is in the table of leukocytes."
)
NETWORKS: Final = "Networks"
MARKED: Final = "not found: marked by a reader"
READER: Final = "Reader"
SIGNED: Final = "{answer}, {initials}, {moment} UTC"
CELLS: Final = "Each leukocyte"
CELL: Final = "Cell"
REASON: Final = "Why no call"
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
    ("Laboratory", "laboratory"),
    ("Software", "software"),
)
"""Label of each line, and the name of what stands in it."""
NO_LABORATORY: Final = "not fitted to one; the bundle for all"
SOFTWARE: Final = "LeukApp {version}, {engine}"
LIMITS: Final = (
    "One image is one cell or one small field, not a differential count and not a patient's "
    "result. The networks know the classes that they were trained on, from few laboratories; they "
    "can be wrong with confidence."
)
