"""Texts of the page "Model card"."""

from typing import Final

LEAD: Final = "What a bundle is, what it was trained on, where it fails, and what audits found."
VERIFIED: Final = "every file verified"
VERIFIED_HELP: Final = "The hash of each file was compared with the manifest just now."
PRESET_BADGE: Final = "preset {name}"
HASH_LINE: Final = "sha256 {sha} · trained {created} · seed {seed}"

WHAT: Final = "What it is"
WHAT_HELP: Final = "The recipe, and the limits from which it calls, as its manifest records them."
FACT: Final = "Fact"
VALUE: Final = "Value"
BRANCH: Final = "Branch {number}"
ASSUMED: Final = "Assumed"
BRANCH_VALUE: Final = "{backbone}, input {size} px, hands on {features}"
ENHANCEMENT: Final = "Enhancement"
ENHANCEMENT_ON: Final = "{order}: + {shift}, x {gain}, sharpened"
TEMPERATURE: Final = "Temperature of the calibration"
MIN_CONFIDENCE: Final = "Calls from probability"
MIN_HEALTHY: Final = "Calls Healthy from probability"
MIN_LEUKEMIA: Final = "Calls leukemia from probability"
MIN_TYPE_SHARE: Final = "Names {name} from a share of the probability of leukemia of"
OF_MODE: Final = "{fact}, for {mode}"
NEVER: Final = "never"
MAX_DISTANCE: Final = "Calls up to a distance to the training images of"
FALSE_REJECTS: Final = "Images that this distance turns away, of those that set it"
CATALOG: Final = "Hash of the training catalog"
LIBRARIES: Final = "Trained with"

TRAINED_ON: Final = "What it was trained on"
TRAINED_ON_HELP: Final = (
    "Images of each source in the training part. A class that comes from one source alone cannot "
    "be told from that source."
)
TRAINED_GROUPS: Final = (
    "{train} groups trained, {validation} chose the epoch and the thresholds, {test} were held out."
)
IMAGES: Final = "Images"
TRAINING: Final = "training"

FAILS: Final = "Where it fails"
FAILS_HELP: Final = (
    "Read off the bundle's own report by fixed rules: balanced accuracy under 0.90, Healthy called "
    "leukemia above 0.05, coverage under 0.80, fewer than 10 groups, or a background-only baseline "
    "that is as good as the network."
)
FAILS_NONE: Final = (
    "The report shows none of these weaknesses. That is no proof that there is none."
)
NO_REPORT: Final = "This bundle carries no evaluation report."
WEAK_SENTENCES: Final = {
    "leaking": "copies of its images were trained on; its accuracy of {value:.3f} says nothing.",
    "many_errors": "balanced accuracy is {value:.3f}.",
    "false_alarms": "{value:.1%} of the Healthy images are called leukemia.",
    "background": (
        "the image's edge alone reaches {value:.3f}, the network {limit:.3f}: it may read the "
        "laboratory."
    ),
    "low_coverage": "only {value:.1%} of the images get a call.",
    "few_groups": "only {value:.0f} independent groups, so every figure is uncertain.",
}
SOURCE: Final = "Source"
PROTOCOL: Final = "Protocol"
WEAKNESS: Final = "Weakness"
LIMITS: Final = """
Besides, for any bundle of this kind:

- It knows the classes it was trained on. Any other disease or a reactive cell is forced into one of
  them, or into "no call".
- Where ALL and AML come from different laboratories, as in most data of this project, no figure
  separates "ALL or AML" from "which laboratory".
- It judges one cell or one small field, not a patient.
"""
TO_EVALUATION: Final = "All figures of this bundle"

LOSSES: Final = "How the training went"
LOSSES_HELP: Final = (
    "Loss after each epoch. Where the validation line rises while the training line falls, the "
    "stage only learnt its training images; the epoch with the lowest validation loss is kept."
)
LOSS: Final = "Loss"
EPOCH: Final = "Epoch"
LOSS_TRAINING: Final = "{stage}, training"
LOSS_VALIDATION: Final = "{stage}, validation"

AUDITS: Final = "Audits"
AUDITS_HELP: Final = "Reports that `leukapp audit` wrote beside this bundle."
NO_AUDITS: Final = (
    "No audit report lies beside this bundle. `leukapp audit` writes them; until then nothing here "
    "says how far its heatmaps or its data can be trusted."
)
OTHER_BUNDLE: Final = (
    "This report is of another version of the bundle (sha256 {sha}); run the audit again."
)
AUDIT_JSON: Final = "Report (JSON)"
AUDIT_HTML: Final = "Report (HTML)"

CARD: Final = "The model card as it was shipped"
CARD_DOWNLOAD: Final = "Model card (Markdown)"
