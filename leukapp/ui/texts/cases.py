"""Texts of cases on the pages "Batch review" and "Diagnose"."""

from typing import Final

FIND: Final = "Find a case"
FIND_PLACEHOLDER: Final = "Name, or # and number"
FIND_HELP: Final = (
    "A case holds the images of one patient's sample, from one batch or several. Whoever may open "
    "this page may open its cases."
)
NONE_FOUND: Final = "No case is called so."
FOUND_LINE: Final = "{name} · {n} images"
UNNAMED: Final = "Case {number}"
NAMED: Final = "Case {name}"
NO_SUCH_CASE: Final = (
    "There is no case {number} in the review store of this server; it may have been removed."
)

FIELD: Final = "Case (optional)"
FIELD_PLACEHOLDER: Final = "Accession number or own id"
FIELD_HELP: Final = (
    "Images of one patient's sample are counted and reported together. A name that no case has yet "
    "begins a new one; # and a number names one that is there. It stays in this server's review "
    "store: not in the audit trail, not in exports, and on a report only where you ask for it."
)
JOINS: Final = "{case} is there, with {n} images; these join them."
BEGINS: Final = "There is no case of this name yet: a new one begins."

ABOUT: Final = "Case number {number} · {n} images · begun {moment} UTC"
CLOSE: Final = "Close the case"
BACK: Final = "Back to the case"
RENAME: Final = "Name"
RENAME_HELP: Final = (
    "Accession number or own id; may be empty. Of the name that it had, nothing is kept."
)
RENAME_SURE: Final = "Keep this name"
REMOVE: Final = "Remove the case"
REMOVE_HELP: Final = (
    "Deletes the case and its name. The images stay in their batches, with all decisions. This "
    "cannot be undone."
)
REMOVE_SURE: Final = "Yes, remove it"
IMAGES: Final = "Images"
NO_IMAGES: Final = (
    "This case has no images yet. Begin a batch and name the case there, or open a batch that was "
    "read and put it into this case."
)
WAITING: Final = "Images that wait to be read: {n}."
UNREADABLE: Final = "Files that could not be read: {n}. Their batches say why."
TAKE_OUT: Final = "Take out of the case"
TAKE_OUT_SURE: Final = "Take {n} out"
TAKE_OUT_HELP: Final = "Choose images that do not belong here. They stay in their batches."
TAKE_OUT_LABEL: Final = "Images to take out"
TAKE_OUT_PLACEHOLDER: Final = "Choose images"

PUT: Final = "Put into a case"
PUT_HELP: Final = (
    "All {n} images of this batch. Without a name a new case begins, which has its number alone."
)
PUT_SURE: Final = "Put them into it"
PUT_PICKED: Final = "Put the {n} chosen into a case"
PUT_PICKED_HELP: Final = "Without a name a new case begins, which has its number alone."
PUT_DONE: Final = "They are in {case} now."
ONLY_OF_CASE: Final = "The worklist has only the images of {case}."
WHOLE_BATCH: Final = "Show the whole batch"

SUMMARY: Final = "Leukocytes of the fields"
SUMMARY_HELP: Final = (
    "Counted over all fields of the case, each file once, with what readers corrected. In the "
    "photographed fields alone: no differential count of a patient."
)
SUMMARY_HIDDEN: Final = (
    "Vote first is on: the count of the case is shown once you have voted on each of its images."
)
VERDICTS: Final = "Verdicts of the images"
VERDICT_COUNT: Final = "{name}: {n}"
DECIDED: Final = "Decided on: {n} of {total}."
ANSWER: Final = "Answer"
NETWORKS: Final = "Networks"
READERS: Final = "As corrected"
COUNT_ALONE: Final = "{n}"
COUNT: Final = "{n} · {share} ({low} to {high})"
TABLE_NOTE: Final = (
    "Leukocytes, and their share of the judged ones with its 95 % interval (Wilson)."
)
SHARE_HEADING: Final = "Share called leukemia"
SHARE_NETWORKS: Final = "Networks"
SHARE_READERS: Final = "As corrected by readers ({n} corrected)"
SHARE: Final = (
    "{who}: {n_blast_like} of {n_judged} judged leukocytes are called leukemia, {share} (95 % "
    "interval {low} to {high}, Wilson over leukocytes)."
)
SHARE_NONE: Final = "{who}: none of the {n_found} leukocytes got a call, so there is no share."
OVER_FIELDS: Final = (
    "With the {n} fields drawn anew, which differ more than leukocytes of one field: 95 % interval "
    "{low} to {high} (bootstrap over images)."
)
NO_FIELD: Final = "No field of this case has leukocytes to count."
NOT_FIELDS: Final = (
    "Not counted: {n} images that are no fields. Who photographs a single cell has chosen it."
)
REFUSED: Final = "Not counted: {n} fields that the quality check refused."
WITHOUT_CELLS: Final = (
    "Not counted: {n} fields whose leukocytes were not kept, for an earlier version read them. Put "
    "them into a new batch to have them counted."
)
REPEATED: Final = "Left out: {n} images whose file stands in this case a second time."
BY_NETWORKS: Final = "Leukocytes by answer of the networks"
BY_READERS: Final = "Leukocytes by answer as corrected by readers ({n} corrected)"

REPORT: Final = "Report"
WITH_NAME: Final = "Write the name of the case on the report"
WITH_NAME_HELP: Final = "An accession number leads to a patient. The file's name never holds it."
MAKE_REPORT: Final = "Make the report (PDF)"
MAKE_REPORT_HELP: Final = (
    "A cover with the count and every image, then pages for each of up to {most} images: picture, "
    "leukocytes, heatmaps and decision. Each image is read once more for it."
)
OTHER_BUNDLE: Final = (
    "Images without pages of their own, for another bundle than the chosen one answered: {n}."
)
DOWNLOAD_REPORT: Final = "Save the report"
MAKING_REPORT: Final = "Reading the images once more…"
PDF_TITLE: Final = "LeukApp case {number}"
PDF_BUNDLE: Final = "Bundle sha256 {sha256}"
PDF_UNPAGED: Final = "Images without pages in this report: {n}."
PDF_NOTE: Final = (
    "Images are named by the first digits of their sha256. That they are of one patient is what "
    "readers say who put them together."
)
