"""Texts of the page "Evaluation"."""

from typing import Final

from leukapp.labels import CLASS_NAMES, OTHER_LEUKEMIA, join_with_or
from leukapp.ui.texts.glossary import see

LEAD: Final = (
    "How often LeukApp was right on images that it had not learned from: each laboratory by "
    "itself, with 95 % intervals over patients."
)

# Sidebar: what is looked at
SETS_HEADER: Final = "Test images"
SET_LABEL: Final = "Set"
SET_TITLE: Final = "{bundle} · {table}"
TABLE_TITLES: Final = {
    "held_out": "patients held out",
    "held_out_external": "other laboratories (external)",
}
"""Tables of a bundle by their file names; others are called as their files."""
SOURCE_LABEL: Final = "Source"
SOURCE_HELP: Final = (
    "Data set or laboratory. Sources are never pooled: a class that comes from one laboratory "
    "alone cannot be told from that laboratory."
    f" {see('Source')}"
)
COMPARE_LABEL: Final = "Compare with"
SAME_SET: Final = "This is the same set as the one above; choose another to compare it with."
FAULTS: Final = "This table has {n} faults:"
COMPARE_NONE: Final = "Nothing"
COMPARE_SOURCE_LABEL: Final = "Source to compare with"
UPLOAD_LABEL: Final = "Your own table of test images"
UPLOAD_HELP: Final = (
    "CSV or Parquet, one row an image, without pixels. It stays in this session's memory."
)
UPLOADED: Final = "Uploaded: {name}"
FORMAT_HEADER: Final = "Format of the table"
FORMAT_BODY: Final = f"""
One row an image, with these columns:

- `sample_id`: unique; the image's path below the data folder
- `group`: patient or block; may be empty if `groups_known` is `false`
- `groups_known`: `true` or `false`
- `source`: data set or laboratory
- `label`: {join_with_or(f"`{label}`" for label in (*CLASS_NAMES, OTHER_LEUKEMIA))}
- `protocol`: `grouped`, `paper` or `external`, the same in every row
- `bundle_sha256`: may be empty, the same in every row
- {", ".join(f"`p_{label}`" for label in CLASS_NAMES)}: sum to 1
- `is_called`: `true` or `false`; `no_call_reason`: text
- `finding`, `called_class`: both or neither, of answers in two steps: `Healthy` or `leukemia`, and
  the class that was named; empty for no call or where none was

For each branch, if wanted: {", ".join(f"`<branch>__p_{label}`" for label in CLASS_NAMES)}.
`leukapp evaluate` writes such a table; docs/held_out_format.md says more.
"""
FORMAT_TEMPLATE: Final = "Download an empty table"
NO_TABLES_TITLE: Final = "There is no held-out table yet"
NO_TABLES: Final = (
    "No bundle under the weights folder carries a held-out table. Put a bundle back, or drop a "
    "table of your own into the sidebar."
)

# Which images, and how they were held out
PROTOCOL_BADGES: Final = {
    "grouped": "patients held out",
    "paper": "leaking: copies were learned from",
    "external": "laboratory not seen before",
}
PROTOCOL_HELP: Final = {
    "grouped": (
        "No patient, block or near-duplicate of these images was trained on; the laboratory was."
    ),
    "paper": (
        "The paper's recipe: images were augmented before the split, so copies of these images "
        "were trained on. The figures say nothing about new patients."
    ),
    "external": "From a source that the bundle has never seen.",
}
N_IMAGES: Final = "{n} images"
N_COPIES: Final = "{n} augmented images"
N_GROUPS: Final = "{n} independent groups"
GROUPS_UNKNOWN: Final = "groups unknown"
GROUPS_UNKNOWN_HELP: Final = (
    "The source names no patients. Each image counts as a group of its own, so the intervals are "
    "too narrow if images share a patient."
    f" {see('Group')}"
)
LEAKING_WARNING: Final = (
    "Leaking protocol: copies of these images were trained on. These figures flatter and cannot be "
    "compared with those of patients held out."
)
DETAILS: Final = "Details for researchers"
DETAILS_BODY: Final = """
- Table: {table}
- Source in it: {source}
- Protocol: {protocol}
- Bundle, sha256: {sha256}
"""
NO_BUNDLE: Final = "not said"
OTHER_BUNDLE_NOTE: Final = "The bundle of this table is not at hand; its heatmaps cannot be drawn."

# Sections
SECTION_LABEL: Final = "Section"
OVERVIEW: Final = "Overview"
CURVES: Final = "ROC and PR"
CONFUSION: Final = "Confusion"
FAILURES: Final = "Failures"
CALIBRATION: Final = "Calibration"
THRESHOLD: Final = "Threshold"
GROUPS: Final = "Groups"
ABLATION: Final = "Ablation"
MAP: Final = "Map"
FILES: Final = "Files"

# Metric cards
BALANCED_ACCURACY: Final = "Balanced accuracy"
BALANCED_ACCURACY_NOTE: Final = "mean share of each class that is right"
ACCURACY: Final = "Accuracy"
ACCURACY_NOTE: Final = "share of all images that is right, calls ignored"
LEUKEMIA_AUROC: Final = "AUROC leukemia"
LEUKEMIA_AUROC_NOTE: Final = "every class but Healthy, against Healthy"
COVERAGE: Final = "Coverage"
COVERAGE_NOTE: Final = "share of images with a call"
ACCURACY_OF_CALLED: Final = "Accuracy of called"
ACCURACY_OF_CALLED_NOTE: Final = "share of the called images that is right"
FALSE_ALARMS: Final = "Healthy called leukemia"
FALSE_ALARMS_NOTE: Final = "share of Healthy images called leukemia; lower is better"
FALSE_ALARMS_LINE: Final = (
    "**Healthy called leukemia: {called} of {healthy}** Healthy images. A no call is no such call."
)
FALSE_ALARMS_MOST_PROBABLE: Final = (
    "Were every image called by its most probable class, it would be {n}."
)
FALSE_ALARMS_FLAGGED: Final = (
    "The threshold above flags {n} of them: it looks at the probability of leukemia alone, not at "
    "the bundle's rules for a no call."
)
NETWORK: Final = "Answers of"
NETWORK_HELP: Final = (
    "The fused decision, or what one branch says by itself on the same images. A branch alone has "
    "no rule for a no call: which images count as called stays the bundle's."
    f" {see('Branch')}"
)
BACKGROUND: Final = "Background only"
BACKGROUND_NOTE: Final = "balanced accuracy from the image's edge alone, where no cell is seen"
BACKGROUND_NOT_MEASURED: Final = "not measured for this table"
INTERVAL: Final = "95 % interval {low:.3f} to {high:.3f}"
NO_INTERVAL: Final = "no interval: too few groups or no spread"
NO_FIGURE: Final = "needs both kinds of images"

# Figures
CSV: Final = "CSV"
CSV_HELP: Final = (
    "The numbers of this figure. Its picture: the camera in the figure's toolbar, or section Files."
)
NUMBERS: Final = "Numbers"
FOOTER: Final = "LeukApp · {title} · {source} · {protocol}"

SOURCES_TITLE: Final = "All sources"
SOURCES_HELP: Final = (
    "Each source by itself, never pooled. The interval is of 95 %, over patients or blocks of "
    "images. Background only: a classifier that sees only the image's edge; where it comes near "
    "the balanced accuracy, that figure may come from the laboratory and not from the cell."
    f" {see('Background only')}"
)
SOURCES_HINT: Final = "Click a heading to sort; mark a row to see its source above."
SOURCES_FIGURE: Final = "Accuracy of each source"
HELD_OUT_COLUMN: Final = "How held out"
IMAGES_COLUMN: Final = "Images"
GROUPS_COLUMN: Final = "Patients or blocks"
LOW_COLUMN: Final = "95 % from"
HIGH_COLUMN: Final = "95 % to"
SOURCES_NETWORK: Final = "LeukApp"
SOURCES_BACKGROUND: Final = "background only"
PER_CLASS: Final = "Each class"

ROC_TITLE: Final = "ROC"
ROC_HELP: Final = (
    "Each class against the others. Band: 95 % of resamples that draw whole groups. A class "
    "that this source does not hold, or holds alone, has no curve."
    f" {see('ROC curve')}"
)
PR_TITLE: Final = "Precision over sensitivity"
PR_HELP: Final = (
    "Each class against the others, with its 95 % band over groups. The dotted line is what "
    "guessing reaches. Precision depends on this source's mix of classes."
    f" {see('Precision')}"
)
FALSE_POSITIVE_RATE: Final = "Other images taken for the class"
SENSITIVITY: Final = "Sensitivity"
SPECIFICITY: Final = "Specificity"
PRECISION: Final = "Precision"
CURVE_NAME: Final = "{label} {area}"
NO_CURVES: Final = "This source holds one class, so no class can be told from another in it."

CONFUSION_TITLE: Final = "Confusion matrix"
CONFUSION_HELP: Final = (
    "Rows are the true class, columns the most probable one. Click a cell to see the images "
    "behind it."
    f" {see('Confusion matrix')}"
)
CONFUSION_SHOW: Final = "Show"
COUNTS: Final = "Counts"
SHARE_OF_TRUE: Final = "Share of row (true)"
SHARE_OF_PREDICTED: Final = "Share of column (answered)"
CALLED_ONLY: Final = "Calls only"
CALLED_ONLY_HELP: Final = "Leave out images whose answer was no call."
LEFT_OUT: Final = "{n} images without a call are left out."
UNANSWERED: Final = "{n} images in which no leukocyte was found have no answer and are left out."
TRUE_CLASS: Final = "True class"
PREDICTED_CLASS: Final = "Answered"

FAILURE_COUNTS: Final = "Failures of every source"
FAILURE_COUNTS_HELP: Final = (
    "All sources that these networks were judged on, also of their other sets. They are not "
    "pooled: they hold different images and classes."
    f" {see('Source')}"
)
FAILURE_COUNTS_HINT: Final = "Click a heading to sort; mark a row to see the images of its set."
FAILURES_TITLE: Final = "Wrong and missing calls of all sources of this set"
FAILURES_HELP: Final = (
    "The surest answer first. Counts of one source say nothing of another: they hold different "
    "images and classes."
    f" {see('Source')}"
)
FAILURE_KIND: Final = "Kind"
MISSED: Final = "Leukemia called Healthy"
WRONG_TYPE: Final = "Another type of leukemia called"
NO_FAILURES: Final = "No image of this set is among them."
FAILED_OF: Final = "{source}: {n} of {total}"
FAILURE_CAPTION: Final = "{true}, answered {answer} · {source}"

BEHIND_TITLE: Final = "Images behind a cell"
BEHIND_LABEL: Final = "{true}, answered {predicted}"
BEHIND_COUNT: Final = "{n} images, the surest answer first."
BEHIND_NONE: Final = "No image is in this cell."
BEHIND_SIDE: Final = "Of which set"
NO_DATA_ROOT: Final = (
    "The pixels are not at hand. Start the app with LEUKAPP_DATA_DIR set to the folder that holds "
    "the images, and they are shown here with their heatmaps."
)
NO_PIXELS: Final = "The pixels of these images are not in the data folder."
SHOWN_OF: Final = "{first} to {last} of {n}"
OPEN_IMAGE: Final = "Look"
PREVIOUS_PAGE: Final = "Previous images"
NEXT_PAGE: Final = "Next images"
IMAGE_LINE: Final = "{sample} · group {group}"
NO_ANSWER: Final = "no leukocyte found"
TABLE_ANSWER: Final = "In the table: {answer}. Read again now: {now}."
COLUMN_SAMPLE: Final = "Image"
COLUMN_GROUP: Final = "Group"
COLUMN_CALL: Final = "Call"
COLUMN_REASON: Final = "Reason"
CALLED: Final = "called"
NOT_CALLED: Final = "no call"

CALIBRATION_TITLE: Final = "Calibration"
CALIBRATION_HELP: Final = (
    "Images in bins of their top probability against the share of them that is right. On the "
    "dotted line a probability means what it says. ECE is the mean distance from it; Brier is the "
    "squared distance over all classes, 0 best, 2 worst."
    f" {see('Calibrated probability')}"
)
CALIBRATION_LINE: Final = "ECE {ece:.3f} · Brier {brier:.3f}"
TOP_PROBABILITY: Final = "Top probability"
SHARE_RIGHT: Final = "Share right"
CALIBRATED_LINE: Final = "perfect"
BIN_NAME: Final = "bins (size: images)"
RISK_TITLE: Final = "Risk over coverage"
RISK_HELP: Final = (
    "Call the surest images first: the error among the called as more are called. The mark is "
    "where the bundle's own rules stand, which also look at image quality and at the distance to "
    "the training images."
    f" {see('Risk over coverage')}"
)
RISK: Final = "Share of wrong calls"
RISK_AREA: Final = "Mean risk {area:.3f}"
RISK_OWN: Final = "bundle's own calls"

TARGET_LABEL: Final = "What counts as positive"
TARGETS: Final = {
    "leukemia": "Leukemia (all but Healthy)",
    **{label: f"{label} against the rest" for label in CLASS_NAMES},
}
THRESHOLD_LABEL: Final = "Flag from probability"
PREVALENCE_LABEL: Final = "Prevalence, %"
PREVALENCE_HELP: Final = (
    "Share of positives among the people you would use it on. The predictive values follow from it "
    "by Bayes' rule; this table's own mix of classes plays no part."
    f" {see('Prevalence')}"
)
THRESHOLD_NOTE: Final = (
    "For reading, not for choosing: a threshold chosen on these images must be judged on others."
)
PPV: Final = "PPV"
PPV_NOTE: Final = "chance that a flagged image is positive, at the prevalence"
NPV: Final = "NPV"
NPV_NOTE: Final = "chance that an image not flagged is not positive, at the prevalence"
SENSITIVITY_NOTE: Final = "share of positive images that is flagged"
SPECIFICITY_NOTE: Final = "share of other images that is not flagged"
TWO_WAY_TITLE: Final = "Flagged or not"
SWEEP_TITLE: Final = "Every threshold"
POSITIVE: Final = "positive"
NEGATIVE: Final = "other"
FLAGGED: Final = "flagged"
NOT_FLAGGED: Final = "not flagged"

GROUPS_TITLE: Final = "Each group, the worst first"
GROUPS_HELP: Final = (
    "A group is a patient or a block of neighboring images: what repeats independently."
    f" {see('Group')}"
)
GROUPS_FIGURE: Final = "How the groups spread"
GROUP_ACCURACY: Final = "Accuracy of the group"
N_OF_GROUPS: Final = "Groups"

ABLATION_TITLE: Final = "Each branch alone and both"
ABLATION_HELP: Final = (
    "On the same images. Difference: accuracy minus that of the fused decision, with a 95 % "
    "interval over groups; where it includes zero, these images cannot tell the two apart."
    f" {see('Branch')}"
)
FUSED: Final = "Both branches fused"
ALONE: Final = "{branch} alone"
PAPER_TITLE: Final = "Base models, and what the paper printed"
PAPER_HELP: Final = (
    "Reference only. The paper measured on ALL-IDB2 and ASH combined and augmented before it "
    "split, so copies of its test images were trained on. Its figures stand in a column of their "
    "own and are not comparable with those measured here."
)
PAPER_COLUMN: Final = "Paper %, Table 2"
PAPER_ABLATION_COLUMN: Final = "Paper %, ablation"
MEASURED_COLUMN: Final = "Measured here"
MODEL: Final = "Model"
MACRO_AUROC: Final = "Macro AUROC"
DIFFERENCE: Final = "Difference to fused"
PAPER_AUC_NOTE: Final = (
    "The paper's columns are of its own leaking protocol on other images: reference only. "
    "It fuses EfficientNetB7 and MobileNetV3Large and prints a macro AUC of {auc} for that."
)
OTHER_BUNDLES_TITLE: Final = "Other tables on the same images"
OTHER_BUNDLES_HELP: Final = (
    "Paired: only images that both tables hold, and the difference is over their groups."
)
NO_OTHER_BUNDLES: Final = "No other table holds images of this source."
PAIRED_TITLE: Final = "Both sets on the same images"
PAIRED_LINE: Final = (
    "{n} images of {groups} groups are in both: accuracy of A minus B {difference}; "
    "only A right {first}, only B right {second}."
)
PAIRED_NONE: Final = "The two sets share no image, so their difference has no paired interval."
BOTH_TITLE: Final = "A and B"
BOTH_HELP: Final = (
    "Marks and lines: each set on all of its images, with 95 % intervals. A minus B: on the images "
    "that both hold; each resample draws patients or blocks once for both. Where that interval "
    "includes zero, these images cannot tell the two apart."
    f" {see('Interval')}"
)
FIGURE_COLUMN: Final = "Figure"
A_MINUS_B: Final = "A minus B, same images"
CURVES_OF: Final = "Curves of"
NO_SHARED_CURVES: Final = "No class has a curve in both sets."

FILES_TITLE: Final = "Every figure as a file"
FILES_HELP: Final = (
    "SVG for print, PNG for slides, CSV for the numbers. Your browser draws the pictures; nothing "
    "is sent anywhere."
)
FILES_DRAWING: Final = "Computing every figure…"
FILES_ZIP: Final = "All figures (zip)"
FILES_FIGURE: Final = "Figure"
FILES_FILES: Final = "Files"
MAP_TITLE: Final = "Where the networks place the images"
MAP_HELP: Final = (
    "The features of both networks, the mean over the leukocytes of each image, cut to their "
    "principal components over the whole set. Images that lie together look alike to the networks; "
    "the map has two of thousands of directions, so that some that lie together here do not."
)
MAP_CAPTION: Final = "{n} images by their true class. A click shows one and those nearest to it."
MAP_AXIS: Final = "Component {number} ({share:.0%} of the variance)"
MAP_NEAREST: Final = "The image that you chose, and those nearest to it"
NO_MAP: Final = (
    "This set has no map. A bundle carries one for each of its own sets where `leukapp train` of "
    "this version made it."
)
NOTHING_ON_MAP: Final = "No image of this source has a leukocyte, so that none lies on the map."
