"""Texts of a reviewer's decision, on page "Diagnose" and in the worklist."""

from typing import Final

from leukapp.ui.texts.glossary import see

DECISION: Final = "Your decision"
DECISION_HELP: Final = (
    "Saved at once to the review log of this server, with the time and with what tells image and "
    "networks from all others. Nothing in the log is ever changed: taking back a decision adds a "
    "line."
    f" {see('Audit trail')}"
)
CHOICE_LABEL: Final = "Do you agree with the verdict?"
CHOICES: Final = {"agree": "Agree", "override": "Override", "unsure": "Unsure"}
OVERRIDE_LABEL: Final = "What do you see instead?"
REASON_LABEL: Final = "Reason (optional)"
REASON_PLACEHOLDER: Final = "What you saw, in a few words; no patient's name"
INITIALS_LABEL: Final = "Initials"
INITIALS_HELP: Final = "1 to 8 letters. They stand on the report and in the review log."
INITIALS_WRONG: Final = "Type your initials, 1 to 8 letters, to save a decision."
SAVE_NEEDS_CHOICE: Final = "Choose agree, override or unsure to save a decision."
SAVE_NEEDS_CLASS: Final = "Choose what you see instead to save a decision."
INITIALS_USE: Final = "Use"
INITIALS_CHANGE: Final = "Change initials"
SIGNING_AS: Final = "Signing as **{initials}**"
SAVE: Final = "Save decision"
UNDO: Final = "Take back"
UNDO_OTHERS: Final = (
    "Another reader made this decision: that reader or an administrator can undo it."
)
LOG_FAILED: Final = "The review log of this server cannot be used: {reason}"
NOT_RECORDED: Final = "This answer could not be written to the audit trail: {reason}"

SAVED_AGREE: Final = "Saved: **agree**, {answer}"
SAVED_OVERRIDE: Final = "Saved: **override**, {answer}"
SAVED_UNSURE: Final = "Saved: **unsure**"
SAVED_BY: Final = "by {initials}, {moment} UTC"
SAVED_BLINDED: Final = "before the verdict was shown"
SAVED_ADJUDICATION: Final = "as adjudication of two readers"
SAVED_REASON: Final = "Reason: {reason}"
OTHER_BUNDLE: Final = "This decision was about the answer of other networks."
