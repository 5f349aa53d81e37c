"""Texts of the page "Batch review"."""

from typing import Final

from leukapp.ui.texts.glossary import see

LEAD: Final = (
    "Let the networks read a whole set of images, then look at the ones that need you: unsure "
    "answers first, your decision with one key, and how often you and the networks agree."
)

# Choosing a batch
BATCH: Final = "Batch"
NEW_BATCH: Final = "New batch"
NO_SUCH_BATCH: Final = (
    "There is no batch {number} in the review store of this server; it may have been removed."
)
ADDRESS_IGNORED: Final = "Part of this link was not understood and is left out: {names}."
NO_SUCH_IMAGE: Final = "Batch {batch} has no image {number} that was read; here is its worklist."
BATCH_LINE: Final = "{number}: {name}"
OLDER_BATCH: Final = "An older batch, by its number"
OLDER_HELP: Final = "The menu lists the newest {n} batches."
BATCHES_HELP: Final = "Batches are shared by everyone who may open this page."
STATES: Final = {
    "running": "reading",
    "paused": "paused",
    "cancelled": "cancelled",
    "finished": "read",
    "interrupted": "interrupted",
    "waiting": "in line",
}

# A new batch
SOURCE_LABEL: Final = "Where are the images?"
SOURCE_FILES: Final = "Files or a zip"
SOURCE_FOLDER: Final = "A folder of this computer"
SOURCE_SERVER: Final = "A folder of the server"
FILES_LABEL: Final = "Drop images or a zip of images here"
FOLDER_LABEL: Final = "Drop a folder of images here"
FILES_HELP: Final = (
    "JPEG, PNG, TIFF, BMP or WebP. Only the pixels are kept on the server, without the files' "
    "metadata, until you remove the images of the batch. Up to 500 MB at once; drop larger sets "
    "as zips one after the other, or ask for a folder of the server."
)
N_FILES: Final = "Files dropped: {n}"
NO_ROOT: Final = (
    "No folder of the server is open to reviewers. Whoever runs it can name one with the "
    "environment variable {variable}."
)
HERE: Final = "Here: {path}"
ROOT: Final = "review folder"
GO_INTO: Final = "Go into a folder"
GO_INTO_PLACEHOLDER: Final = "Choose one of {n}"
GO_UP: Final = "Up"
FILES_HERE: Final = "Files here: {n} · folders: {folders}"
UNNAMED_HERE: Final = (
    "Names here that are not written in UTF-8: {n}. They are not shown, and a batch of this folder "
    "cannot begin until they are renamed."
)
WITH_SUBFOLDERS: Final = "With the folders below"
NAME_LABEL: Final = "Name of the batch"
NAME_PLACEHOLDER: Final = "For instance: slides of May; no patient's name"
TWO_READERS: Final = "Two readers"
TWO_READERS_HELP: Final = (
    "Each image asks for decisions of two readers; neither sees the other's before signing. Where "
    "they differ, a further decision settles it. Without sign-in, readers are told apart by their "
    "initials."
    f" {see('Two readers')}"
)
ASKS_FOR_TWO: Final = " · two readers"
START: Final = "Start reading"
KEEPING: Final = (
    "Taking in upload {i} of {n}: {kept} files, {pixels:.2f} billion pixels, {disk:.2f} GB so far…"
)
UPLOAD_LIMITS: Final = (
    "One batch takes up to {files} files, {pixels:g} billion pixels, {disk:g} GB on the server's "
    "disk and {minutes:g} minutes of taking in."
)
UNNAMED: Final = "Batch of {moment}"

# Progress
SECTION_LABEL: Final = "Part"
PROGRESS: Final = "Reading"
WORKLIST: Final = "Worklist"
AGREEMENT: Final = "Agreement"
EXPORT: Final = "Export"
BATCH_ABOUT: Final = "Batch {number} · {total} files · begun {moment} UTC"
RESEARCHERS: Final = "Details for researchers"
BATCH_RECORD: Final = "Bundle sha256 {sha} · LeukApp {version}"
PROGRESS_BAR: Final = "{read} of {total} files read"
PROGRESS_UNREADABLE: Final = "{n} could not be read"
IN_LINE: Final = "Another batch is being read; this one is in line."
RATE: Final = "{rate:.1f} images a second"
TIME_LEFT: Final = "{time} left"
RATE_UNKNOWN: Final = "measuring the rate…"
SECONDS: Final = "{n} s"
MINUTES: Final = "{n} min"
HOURS: Final = "{hours} h {minutes} min"
PAUSE: Final = "Pause"
RESUME: Final = "Resume"
CANCEL: Final = "Cancel"
CANCEL_HELP: Final = "Stops for good; what was read stays and can be reviewed."
CANCEL_SURE: Final = "Yes, cancel the reading"
INTERRUPTED: Final = (
    "This batch was interrupted, for instance because the server was restarted. Nothing that was "
    "read is lost: press Resume to read the rest."
)
PAUSED: Final = "Paused. What was read can be reviewed already."
CANCELLED: Final = "Cancelled. What was read can be reviewed."
FINISHED: Final = "Reading is finished."
REVIEW_NOW: Final = "Review the images"
FAILED: Final = "Reading stopped: {reason}"
UNEXPECTED: Final = (
    "something went wrong that this version does not know; press Resume to try again, and tell "
    "whoever runs this server."
)
OTHER_BUNDLE: Final = (
    "This batch was begun with other networks, whose answers do not mix with those of the chosen "
    "ones: choose them in the sidebar, or start a new batch for the rest."
)
UNREADABLE: Final = "Files that could not be read"
UNREADABLE_NAME: Final = "File"
UNREADABLE_REASON: Final = "Reason"
REMOVE: Final = "Remove this batch"
REMOVE_HELP: Final = (
    "Deletes the batch from the server: its uploaded images, thumbnails and answers. Decisions and "
    "the audit trail stay. This cannot be undone."
)
REMOVE_SURE: Final = "Yes, remove it"

# Worklist
NOTHING_READ: Final = "No image of this batch has been read yet."
FILTERS: Final = "Filter and sort"
VERDICTS_LABEL: Final = "Verdict"
CONFIDENCE_LABEL: Final = "Probability of the verdict"
BRANCHES_LABEL: Final = "Networks"
BRANCHES: Final = {"any": "All", "agree": "Agree", "disagree": "Disagree"}
QUALITY_LABEL: Final = "Image quality"
QUALITY: Final = {"any": "All", "clean": "Nothing found", "with findings": "With findings"}
REVIEWED_LABEL: Final = "Review"
REVIEWED: Final = {
    "any": "All",
    "not reviewed": "Not reviewed",
    "reviewed": "Reviewed",
    "agree": "Agreed",
    "override": "Overridden",
    "unsure": "Unsure",
    "readers differ": "The two readers differ",
}
SAID_LABEL: Final = "Answer of the reviewer"
ORDER_LABEL: Final = "Order"
ORDERS: Final = {
    "uncertain first": "Most uncertain first",
    "confident first": "Most certain first",
    "as they came": "As they came",
}
BLINDED: Final = "Vote first"
BLINDED_HELP: Final = (
    "Hides every verdict, probability, heatmap and file name until you have voted on the image, so "
    "that they do not sway you. Filters and orders that would give them away are off."
)
SHOWN: Final = "{n} of {total} images · {open} not reviewed"
NO_MATCH: Final = "No image matches these filters."
PAGE_LINE: Final = "{first}–{last} of {n}"
PAGE_BACK: Final = "Images before"
PAGE_ON: Final = "Images after"
OPEN_IMAGE: Final = "No. {number}"
OPEN_IN_BATCH: Final = "Batch {batch}, No. {number}"
START_REVIEW: Final = "Start with the first open image"
HIDDEN: Final = "hidden"
REJECTED: Final = "⌀ Not to be judged"
REJECTED_HELP: Final = (
    f"The quality check refused these pictures, so there is no call on them. {see('Quality check')}"
)
UNREADABLE_APART: Final = "Files that could not be read: {n}. Part Reading says why."
DENSITY_LABEL: Final = "How close the images lie"
DENSITIES: Final = {"comfortable": "Comfortable", "compact": "Compact"}
PICK_MANY: Final = "Choose several"
PICK_MANY_HELP: Final = "Puts a tick on each image, to agree with those that you choose."
PICK_ALL: Final = "All on this page"
PICK_NONE: Final = "None"
PICK_IMAGE: Final = "Choose No. {number}"
AGREE_SHOWN: Final = "Agree with the {n} shown"
AGREE_PICKED: Final = "Agree with the {n} chosen"
AGREE_ALL_HELP: Final = (
    "Signs one decision for each of {n} images that nobody has decided on. You can take them back "
    "together."
)
AGREE_ALL: Final = "Sign {n} decisions"
TAKE_BACK_ALL: Final = "Take back {n} signed together"
UNSIGNED: Final = (
    "Not signed: {n}, whose file is not at hand or not the one that was judged (No. {numbers})."
)
MARK_DISAGREE: Final = "networks disagree"
MARK_QUALITY: Final = "quality"
DECIDED: Final = {"agree": "✓ agreed", "override": "✎ {label}", "unsure": "? unsure"}
THUMBNAIL_ALT: Final = "Image {number}"
NO_PICTURE: Final = "The pixels of image {number} are not at hand."
OTHER_PICTURE: Final = (
    "Image {number}: the file is another one than the one that was judged, so it is not shown."
)
NO_DECISION: Final = "Without its picture no decision on this image can be signed."

# One image
BACK: Final = "Back to the list"
PREVIOUS: Final = "Previous"
NEXT: Final = "Next"
NEXT_OPEN: Final = "Next open"
PLACE: Final = "{place} of {n} in this list · {open} not reviewed"
IMAGE_TITLE: Final = "No. {number}: {name}"
VOTE: Final = "What do you see?"
DECIDE: Final = "Your decision"
AGREE: Final = "Agree"
AGREE_NO_CALL: Final = "Agree: no call"
UNSURE: Final = "Unsure"
UNDO: Final = "Undo"
GO_ON: Final = "Go on by itself"
GO_ON_HELP: Final = "After a decision, show the next image that nobody has decided on."
HEATMAPS_SHOW: Final = "Show heatmaps"
HEATMAPS_OTHER_BUNDLE: Final = (
    "These answers are of other networks than the chosen ones, whose heatmaps would not explain "
    "them. Choose those networks in the sidebar."
)
HEATMAPS_HIDE: Final = "Hide heatmaps"
BLINDED_NOTE: Final = "The verdict is shown once you have voted."
PROBABILITY_OF: Final = "Probability of {answer} {value}"
VOTES_LINE: Final = "{branch}: {answer} {value}"
ALL_REVIEWED: Final = "Every image of this list is reviewed."
KEYS: Final = "Keys"
KEY_LIST: Final = (
    ("←, →", "image before, next image"),
    ("N", "next image that is not reviewed"),
    ("A", "agree"),
    ("1 to 3", "ALL, AML, Healthy"),
    ("4", "leukemia of no determined type"),
    ("U", "unsure"),
    ("Z", "take back"),
    ("H", "heatmaps"),
    ("Esc", "back to the list"),
    ("Page up, Page down", "images before and after in the list"),
    ("?", "these keys"),
)

READERS_DIFFER: Final = "The two readers differ. A decision that you sign now settles it."

# Agreement
NOTHING_REVIEWED: Final = "Nothing is reviewed yet: decide on some images of the worklist first."
BLINDED_ONLY: Final = "Only votes made before the verdict was shown"
BLINDED_ONLY_HELP: Final = (
    "A reviewer who sees the verdict first tends to follow it; only these votes measure agreement "
    "fairly."
)
NOT_BLINDED: Final = (
    "{n} of {total} decisions were made with the verdict in sight, which raises agreement."
)
CARD_COVERAGE: Final = "Reviewed"
CARD_COVERAGE_NOTE: Final = "{n} of {total} images that were read"
CARD_AGREED: Final = "Same class"
CARD_AGREED_NOTE: Final = "of {n} images to which both gave a class; 95 % interval (Wilson)"
CARD_FINDING: Final = "Same finding"
CARD_FINDING_NOTE: Final = (
    "of {n} images to which both gave Healthy or leukemia; 95 % interval (Wilson)"
)
CARD_KAPPA: Final = "Cohen's kappa"
CARD_KAPPA_NOTE: Final = (
    "agreement beyond chance, 1 at best; 95 % interval from a bootstrap over images"
)
CARD_UNDEFINED: Final = "not defined"
CARD_UNDEFINED_NOTE: Final = "needs images of two classes to which both gave a class"
INTERVAL: Final = "{low} to {high}"
MATRIX: Final = "Reviewer against networks"
MATRIX_HELP: Final = "Images in each cell; rows are your decisions, columns the networks' answers."
MATRIX_ALT: Final = "Confusion matrix of {n} decisions, reviewer against networks; table below."
ROW_NONE: Final = "no class given"
COLUMN_NONE: Final = "no call"
ROW_TITLE: Final = "Reviewer"
MATRIX_CLICK: Final = "A click on a cell shows its images in the worklist."
READERS: Final = "Reader against reader"
READERS_HELP: Final = (
    "Images that two readers have signed. Only decisions that were signed before either reader "
    "could see the other's are compared."
    f" {see('Kappa')}"
)
READERS_ALT: Final = "Confusion matrix of {n} images, reader against reader; table beside it."
NO_PAIR: Final = "No image is signed by two readers yet."
PAIR: Final = "Readers"
PAIR_LINE: Final = "{readers}: {n} images"
BOTH_SIGNED: Final = "Images signed by both {first} (rows) and {second} (columns): {n}."
SIGNED_LATER: Final = (
    "Left out of the comparison: {n}, on which one signed after the other's decision was shown."
)
ADJUDICATE: Final = "Adjudicate {n} differences"
KAPPA_CAVEAT: Final = (
    "Images of one patient resemble each other; where a batch holds several of each, the interval "
    "is too narrow. Agreement is not accuracy: both may be wrong."
)

# Export
EXPORT_LEAD: Final = (
    "One row an image, with answer, decision, hashes and the research-use line. Images are named "
    "by the SHA-256 of their file."
)
EXPORT_SETTLED: Final = (
    "This batch asks for two readers: the decision of an image stands here once both agree or the "
    "difference was settled."
)
WITH_NAMES: Final = "Also write the files' names"
WITH_NAMES_HELP: Final = "A file's name can hold a patient's name."
DOWNLOAD_CSV: Final = "Table (CSV)"
DOWNLOAD_PARQUET: Final = "Table (parquet)"
MAKE_REPORT: Final = "Make a report of {n} images (PDF)"
MAKING_REPORT: Final = "Reading the images once more…"
DOWNLOAD_REPORT: Final = "Save the report"
REPORT_HELP: Final = (
    "Picture, leukocytes, heatmaps and decision of each image, with a cover where there are "
    "several: of those last decided on, at most {most}. Each image is read once more for it."
)
REPORT_NONE: Final = "A report with pages for each image needs a decision on an image first."
REPORT_OTHER_BUNDLE: Final = (
    "A report with pages for each image needs the networks that read this batch: choose them in "
    "the sidebar."
)
DOWNLOAD_PDF: Final = "Summary (PDF)"

# The summary on paper
PDF_TITLE: Final = "LeukApp batch review"
PDF_BATCH: Final = "Batch: {name}"
PDF_TIME: Final = "Time (UTC): {moment}"
PDF_BUNDLE: Final = "Bundle sha256: {sha}"
PDF_SOFTWARE: Final = "Software: LeukApp {version}"
PDF_STATE: Final = "State: {state}, {done} images read, {unreadable} unreadable, {total} in all"
PDF_ANSWERS: Final = "Answers of the networks"
PDF_AGREEMENT: Final = "Agreement"
PDF_NOTHING: Final = "Nothing was reviewed."
PDF_COVERAGE: Final = "Reviewed: {n} of {total} images, {blinded} of them before the verdict."
PDF_AGREED: Final = "Same class: {value} of {n} images (95 % interval {low} to {high})."
PDF_FINDING: Final = (
    "Same finding, Healthy or leukemia: {value} of {n} images (95 % interval {low} to {high})."
)
PDF_KAPPA: Final = "Cohen's kappa: {value} (95 % interval {low} to {high}, bootstrap over images)."
PDF_NO_KAPPA: Final = "Cohen's kappa is not defined for these decisions."
PDF_MATRIX: Final = "Rows: reviewer. Columns: networks."
PDF_OVERRIDDEN: Final = "Overridden answers"
PDF_MORE: Final = "{n} more are in the table."
PDF_COLUMNS: Final = ("Image sha256", "Networks", "Reviewer", "Initials", "Reason")
PDF_UNREADABLE: Final = "Files that could not be read: {n}. The table names the reason of each."
PDF_LIMITS: Final = (
    "One image is one cell or one small field, not a differential count and not a patient's "
    "result. Agreement is not accuracy: reviewers and networks may both be wrong."
)
