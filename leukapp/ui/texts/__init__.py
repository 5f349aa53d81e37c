"""Every English sentence of the app, in one place so that it can be translated.

Here stand the texts of the frame and of the page "Diagnose"; each other page has a module of its
own beside this one. Strings with ``{}`` are filled by the widget that shows them. Nothing here is
built from user input.
"""

from typing import Final

from leukapp.labels import HEALTHY, LEUKEMIA_NAMES, TYPE_NOT_DETERMINED
from leukapp.result_record import RESEARCH_USE_NOTICE
from leukapp.ui.texts.glossary import see

APP_NAME: Final = "LeukApp"
APP_TAGLINE: Final = "A second reader for acute leukemia on blood-smear images"
RESEARCH_USE: Final = RESEARCH_USE_NOTICE

CLASS_MEANINGS: Final = {
    **{label: meaning.capitalize() for label, meaning in LEUKEMIA_NAMES.items()},
    HEALTHY: "Resembles the healthy cells of the training images",
    TYPE_NOT_DETERMINED: "Resembles leukemia cells of the training images; its type is left open",
}

# Sidebar: uploads and samples
IMAGES_HEADER: Final = "Images"
UPLOAD_LABEL: Final = "Drop smear images here"
UPLOAD_HELP: Final = (
    "One cell or one small field an image works best. "
    "Images stay in the server's memory for this browser alone, also while you look at another "
    "page or reload this one. They are not stored unless you keep them: they go when you take them "
    "away, and an hour after you last used the app."
)
UPLOAD_TYPES: Final = "JPEG, PNG, TIFF, BMP or WebP, up to {limit} images"
UPLOAD_LIMIT: Final = (
    "{n} of the dropped images had no room: a session holds {limit} images and {megabytes} MB of "
    "files. Take some away, or let page Batch review read a whole folder."
)
TAKE_AWAY: Final = "Take this image away"
TAKE_ALL_AWAY: Final = "Take all away"
SAMPLE_LABEL: Final = "Or try a synthetic sample"
SAMPLE_PLACEHOLDER: Final = "Choose a drawing"
SAMPLE_HELP: Final = "Drawings made by a program, to try the app without a smear image."
SAMPLE_NOTICE: Final = "Synthetic image, drawn by a program: any verdict on it means nothing."
SAMPLE_BUTTON: Final = "Try this drawing"

# First screen
WELCOME_HEADING: Final = "Start with a smear image"
WELCOME: Final = (
    "Two networks look at each image, a third joins what they found, and you see the verdict, how "
    "sure it is, and where in the image it came from."
)
WELCOME_SAMPLES: Final = (
    "No image at hand? These are drawn by a program, not photographed: with the networks that come "
    "along, the first gets a call and the second gets none."
)
OPENING_BUNDLE: Final = "Loading the networks…"
READING: Final = "Reading image {i} of {n}…"
BUSY: Final = "The server is busy: your image {i} of {n} has position {position} in the line…"
TRY_AGAIN: Final = "Try again"

# Network, sign-in and roles
OPEN_NETWORK: Final = (
    "LeukApp does not open on a network address, or under a name of its own, without sign-in: set "
    "up sign-in, start it with --server.address=localhost and no other name in "
    "server.allowedHosts, or set {variable}=1 if everyone on the network may use it."
)
SIGN_IN: Final = "Sign in"
SIGN_OUT: Final = "Sign out"
NOT_SIGNED_IN: Final = "You are signed out: sign in again; nothing was saved."
NOT_YOUR_PAGE: Final = (
    "This link leads to page {page}, which your role does not open: it needs the role {roles}. Ask "
    "whoever runs this server for it."
)
NO_ROLE_FOR_PAGE: Final = "Your role does not open this page any more; nothing was saved."
SIGN_IN_SETTINGS_GONE: Final = (
    "The settings of the sign-in cannot be read, so nobody gets in: put secrets.toml back as it "
    "was."
)
NO_ROLE: Final = (
    "You are signed in, but you have no role here: ask whoever runs this server for one."
)
UNVERIFIED: Final = (
    "You are signed in, but the sign-in service does not say that your mail address is verified: "
    "verify it there, or ask whoever runs this server."
)

# Image choice
CHOOSE_IMAGE: Final = "Image"
OVERVIEW: Final = "All images"
OVERVIEW_HELP: Final = (
    "Click a heading to sort, for instance by probability; click a row to see its image below."
)
OVERVIEW_PICTURE: Final = "Picture"
OVERVIEW_NAME: Final = "File"
OVERVIEW_VERDICT: Final = "Verdict"
OVERVIEW_PROBABILITY: Final = "Probability"
OVERVIEW_BRANCHES: Final = "Networks"
OVERVIEW_NOTE: Final = "Note"
BRANCHES_SAME: Final = "agree"
BRANCHES_DIFFER: Final = "disagree"
DOWNLOAD_ALL: Final = "All results (JSON)"
DOWNLOAD_TABLE: Final = "All results (CSV)"
PREVIOUS: Final = "Previous"
NEXT: Final = "Next"

# Verdict
VERDICT: Final = "Verdict"
NO_CALL: Final = "No call"
WHY: Final = "Why?"
NO_CALL_NOTE: Final = "These numbers are shown for the record; they are not a verdict."
NO_HEATMAPS: Final = "No heatmaps: the image's quality speaks against reading it."
ANSWER_TITLES: Final = {None: NO_CALL, TYPE_NOT_DETERMINED: "Leukemia, type not determined"}
"""Answers that are shown in other words than their names; None is no call."""
PROBABILITY_OF: Final = "Probability {value}"
PROBABILITY_OF_LEUKEMIA: Final = "Probability of leukemia {value}"
PROBABILITIES: Final = "Probabilities"
PROBABILITIES_HELP: Final = (
    "Calibrated on held-out images: among images like the training data that get 80 %, about 8 in "
    "10 belong to that class. It says nothing of stains, cameras or diseases that were not in the "
    "training data."
    f" {see('Calibrated probability')}"
)
CHART_ALT: Final = "Bar chart of the calibrated probabilities: {values}."

# Evidence
BRANCHES: Final = "What each network says alone"
BRANCHES_HELP: Final = (
    "The two networks look at the same image independently. The joint answer is made of what both "
    "saw; it is not a vote count."
    f" {see('Branch')}"
)
BRANCHES_AGREE: Final = "Both networks say {label}."
BRANCHES_DISAGREE: Final = "The networks disagree: {votes}."
BRANCH_VOTE: Final = "{branch} says {label}"
VOTE_OWN: Final = "own softmax {value}"
QUALITY: Final = "Image quality"
QUALITY_HELP: Final = f"Measured on the image before any network sees it. {see('Quality check')}"
QUALITY_FINE: Final = "Nothing found that speaks against reading this image."
QUALITY_MEASURES: Final = (
    "Brightness {brightness:.0f} of 255 · contrast {contrast:.0f} · focus {focus:.0f} · "
    "stained area {stained:.0%} · clipped pixels {saturated:.0%}"
)
QUALITY_BLOCKS: Final = "no call"
QUALITY_NOTE: Final = "note"

# Heatmaps
HEATMAPS: Final = "Where the score came from"
HEATMAPS_HELP: Final = (
    "Grad-CAM: bright areas raised the score of the chosen class most. It shows where a network "
    "looked, not what a cell is, and not a lesion."
    f" {see('Heatmap')}"
)
VIEW_LABEL: Final = "View"
VIEW_SIDE_BY_SIDE: Final = "Side by side"
VIEW_ORIGINAL: Final = "Original"
VIEW_ENHANCED: Final = "Enhanced"
VIEW_FUSED: Final = "Both networks"
CLASS_LABEL: Final = "Explain the score of"
OPACITY_LABEL: Final = "Opacity"
OPACITY_HELP: Final = "How much the hottest place covers the image; colder places cover less."
THRESHOLD_LABEL: Final = "Hide heat below"
THRESHOLD_HELP: Final = "Heat under this percentage of its maximum is not drawn."
COLOR_MAP_LABEL: Final = "Colors"
ZOOM_LABEL: Final = "Zoom and pan"
ZOOM_HELP: Final = (
    "Turn the wheel to zoom, drag to move, double-click to see the whole image again. Pictures "
    "beside each other move together."
)
ZOOM_ALT: Final = "Zoomable picture: {captions}"
HEATMAP_CAPTION: Final = "{source}: heat for {label}"
HEATMAP_BLANK: Final = "{source}: nothing in this image raised the score of {label}"
ENHANCED_CAPTION: Final = "Enhanced: brightened and sharpened, as the networks see it"

# Record
TABLE: Final = "All numbers"
TABLE_CLASS: Final = "Class"
TABLE_FUSED: Final = "Fused, calibrated"
TABLE_BRANCH: Final = "{branch}, own softmax"
DOWNLOAD: Final = "Result (JSON)"
DOWNLOAD_PDF: Final = "Report (PDF)"
RECORD_LINE: Final = (
    "Bundle {name} · sha256 {sha} · image sha256 {image} · {engine} · {elapsed:.0f} ms"
)

# Choice of a bundle
BUNDLE: Final = "Networks"
BUNDLE_HELP: Final = (
    "The trained networks that answer, and the classes they tell apart. Your choice holds on every "
    "page of this session."
    f" {see('Bundle')}"
)
BUNDLE_BROKEN: Final = "cannot be read"
BUNDLE_MAKE_DEFAULT: Final = "Make it everyone's default"
BUNDLE_DEFAULT_GONE: Final = "The default bundle {name} is not there any more; set another."
BUNDLE_ADMIN_ONLY: Final = "Only an admin sets the default bundle."

# Errors and limits
UNEXPECTED: Final = (
    "Something went wrong here that this version does not know; nothing more was saved. Reload the "
    "page and try again, and tell whoever runs this server."
)
FILE_ERROR: Final = "**{name}**: {message}"
BUNDLE_ERROR_TITLE: Final = "The app cannot read images yet"
BUNDLE_ERROR_HINT: Final = (
    "Without its trained networks the app gives no answer at all. Put the bundle back and reload "
    "this page."
)
ABOUT: Final = "About and limits"
ABOUT_BODY: Final = """
LeukApp joins two image networks into one decision between the classes that they were trained on.
It is a research tool and no medical device.

- It was trained on few laboratories. ALL and AML came from different ones, so part of what it
  learnt may be the laboratory and not the disease.
- It knows these classes alone. Any other disease, a reactive cell or an artifact is outside them;
  it can say "no call", but it can also be wrong with confidence.
- One image is one cell or one small field. It is not a differential count and not a patient's
  result.
- Heatmaps show what raised a score. They do not outline cells and prove nothing.
"""
