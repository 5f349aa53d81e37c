"""Texts of the page "Your laboratory"."""

from typing import Final

LEAD: Final = (
    "Fit the networks to a few labelled images of your own, and see what is proven of their errors "
    "here. Twenty images a class are a good beginning; name the patient of each."
)
FITS: Final = "Your images are fitted to the bundle {parent}, which stays as it is."
NAME: Final = "Name of the laboratory"
NAME_HELP: Final = "It stands in the bundle, on every report and in the sidebar."
RISK: Final = "Greatest share called wrongly"
RISK_HELP: Final = "Of all leukemias called Healthy, and of all healthy images called leukemia."
CONFIDENCE: Final = "Confidence of the proof"
SOURCE: Final = "Labelled images"
SOURCE_ZIP: Final = "Zip of folders"
SOURCE_SERVER: Final = "Folder of the server"
SOURCE_DECISIONS: Final = "Signed decisions of a batch"
ZIP: Final = "Zip with the folders ALL, AML and Healthy; a folder in them is a patient"
FOLDER: Final = "Folder or table below the review folder"
FOLDER_HELP: Final = "A folder for each class, or a table with path, label, group and source."
NO_ROOT: Final = "No folder of this server is open: an admin sets {variable}."
BATCH: Final = "Batch"
NO_BATCH: Final = "There is no batch yet: read and review one on page Batch review."
N_DECISIONS: Final = "Signed with a class: {n} images of this batch."
CASE: Final = "case {number}"
NO_CASES: Final = (
    "{n} of them belong to no case, so that each counts as a patient: put the images of a patient "
    "into one case first, since a proof counts patients."
)
NO_DECISIONS: Final = "No image of this batch is signed with a class: review it first."
NO_LABELLED: Final = (
    "No image of the zip lies in a folder ALL, AML or Healthy: arrange them so and zip them again."
)
START: Final = "Check the images and fit"
BUSY: Final = "A laboratory is being commissioned on this server: wait until it is done."
WORKING: Final = "Commissioning: this goes on without this page"
INTERRUPTED: Final = (
    "Commissioning {laboratory} was interrupted. Nothing is lost: what was seen of the images is "
    "kept."
)
GO_ON: Final = "Go on"
DISCARD: Final = "Discard"
ACCEPT: Final = "Accept: it answers for everyone from now on"
ADMIN_ONLY: Final = "Only an admin accepts, discards or takes back."
GONE: Final = "Somebody else has accepted or discarded it already."
READY: Final = "Ready for {laboratory}"
IN_USE: Final = "In use: {told}."
ROLL_BACK: Final = "Take back: the bundle of before answers again"
CHANGED: Final = "Answers that changed: {n}"
FAILING: Final = "Where it still fails: {n}"
DOUBTFUL: Final = "Labels to look at again: {n}"
IMAGES_IN_USE: Final = "Images that it was commissioned on"
OUTCOME_COLUMNS: Final = ("Image", "Patient", "True class", "Before", "After")
NO_CALL: Final = "no call"
OUTCOMES_DOWNLOAD: Final = "All images (CSV)"
OUTCOMES_NOTE: Final = "Names stay on this server: the bundle holds hashes alone."
UNEXPECTED: Final = "Something unexpected went wrong; nothing was changed. Start again."
DRIFT: Final = (
    "Since {day} the images differ from those of the commissioning for {laboratory}: {what} "
    "Nothing was changed, but what was certified may not hold for them. If it stays so, commission "
    "anew with images of now (page Your laboratory). It was settled by image {n} since then."
)
DRIFT_KINDS: Final = {
    "distance": "their cells look unlike them to the networks. Look at stain and camera, and "
    "whether other patients come than before.",
    "stain": "their nuclei are stained to another depth. Look at the stain and the light.",
    "scale": "their erythrocytes have another size in pixels. Look at objective and camera.",
}
WATCH: Final = "Watch for a drift"
WATCHED: Final = "{n} images compared with those of the commissioning: no drift was found."
NOT_WATCHED: Final = (
    "The bundle that answers is not commissioned: there is nothing to compare with."
)
FAILED: Final = "It stopped: {reason}"
CURVE: Final = "What more images bring"
CURVE_HELP: Final = (
    "Fits on a part of the patients, judged on the same images. Where the line of calls still "
    "rises at its end, more images of your own are worth their time."
)
CURVE_NAME: Final = "learning curve"
CURVE_PROTOCOL: Final = "patients apart, 95 % intervals"
CURVE_COVERAGE: Final = "with a call"
CURVE_WRONG: Final = "called wrongly"
CURVE_IMAGES: Final = "Images fitted on"
CURVE_SHARE: Final = "Of all images"
