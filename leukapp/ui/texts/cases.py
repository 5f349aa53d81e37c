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
ONLY_OF_CASE: Final = "The worklist has only the images of {case}."
WHOLE_BATCH: Final = "Show the whole batch"
