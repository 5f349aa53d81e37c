"""The words of the app, each explained once, for the page "Glossary" and the help marks."""

from dataclasses import dataclass
from typing import Final

LEAD: Final = "What the words of this app mean. Help marks point here."
SEARCH: Final = "Find a word"
NOTHING: Final = "No word here holds that."
MORE: Final = "[{name} in the glossary](glossary#{anchor})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One word.

    Attributes:
        name: as it stands on screens.
        meaning: plain sentences.
    """

    name: str
    meaning: str

    @property
    def anchor(self) -> str:
        """Its place on the page: the name in small letters, with ``-`` for what is no letter."""
        letters = (letter if letter.isalnum() else " " for letter in self.name.lower())
        return "-".join("".join(letters).split())


TERMS: Final = (
    Term(
        name="Accuracy",
        meaning="Share of the images whose most probable class is right, with or without a call.",
    ),
    Term(
        name="Accuracy of called",
        meaning="Share of the images with a call whose call is right. Read it beside the coverage: "
        "a reader who calls only the easy images is often right.",
    ),
    Term(
        name="Audit trail",
        meaning="Every answer, decision and corrected leukocyte is a row that is never changed; to "
        "take something back adds a row. Each row holds a fingerprint of the one before it, so "
        "that a changed or missing row is noticed.",
    ),
    Term(
        name="AUROC",
        meaning="Area under the ROC curve: how often an image of the class gets a higher "
        "probability than one of the others. 1 is perfect, 0.5 is guessing.",
    ),
    Term(
        name="Background only",
        meaning="What a classifier reaches that sees only the image's edge, where no cell is. "
        "Where it comes near the networks, their figure may come from the laboratory.",
    ),
    Term(
        name="Balanced accuracy",
        meaning="The mean over the classes of the share that is right, so that a rare class counts "
        "as much as a common one.",
    ),
    Term(
        name="Blast",
        meaning="An immature leukocyte: a lymphoblast in acute lymphoblastic leukemia (ALL), a "
        "myeloblast in acute myeloid leukemia (AML). Here a cell is called leukemia because it "
        "resembles such cells of the training images; no marker is measured.",
    ),
    Term(
        name="Branch",
        meaning="One of the two networks that look at an image independently. The fused decision "
        "joins what both found.",
    ),
    Term(
        name="Brier score",
        meaning="Mean squared distance between the probabilities and the truth over all classes: "
        "0 is best, 2 worst.",
    ),
    Term(
        name="Bundle",
        meaning="The trained networks with everything that belongs to them: the limits for a call, "
        "the calibration, the model card, and the test images' answers. Its sha256 names it.",
    ),
    Term(
        name="Calibrated probability",
        meaning="A probability that was fitted on test images: among images like these that get "
        "80 %, about 8 in 10 are of that class. It is not an individual risk.",
    ),
    Term(
        name="Confusion matrix",
        meaning="How many images of each true class (rows) were answered how (columns).",
    ),
    Term(
        name="Corrected",
        meaning="With what readers say of single leukocytes: another answer, a leukocyte that was "
        "not found, a box that holds none. The networks' own answers and verdict stay beside it. "
        "The verdict as corrected asks the networks' rule for a field again.",
    ),
    Term(
        name="Coverage",
        meaning="Share of the images that get a call. The others are a no call.",
    ),
    Term(
        name="Differential",
        meaning="How many of the leukocytes in an image or a case were called what. Of "
        "photographed fields it is no differential count of a patient: somebody chose the fields.",
    ),
    Term(
        name="ECE",
        meaning="Expected calibration error: the mean distance between the probabilities and the "
        "shares that turned out right. 0 is best.",
    ),
    Term(
        name="External",
        meaning="Test images of a laboratory from which no image was learned.",
    ),
    Term(
        name="False alarm",
        meaning="A Healthy image that is called leukemia. A no call is no false alarm.",
    ),
    Term(
        name="Field",
        meaning="A photograph with several cells, in contrast to one of a single cell.",
    ),
    Term(
        name="Group",
        meaning="What repeats independently: a patient, or a block of neighboring images where no "
        "patient is named. Intervals are over groups, not over images.",
    ),
    Term(
        name="Heatmap",
        meaning="Grad-CAM: which areas raised the score of a class most. It shows where a network "
        "looked, not what a cell is, and not a lesion.",
    ),
    Term(
        name="Held out",
        meaning="Kept away from training, so that the figures say something about new images.",
    ),
    Term(
        name="Interval",
        meaning="95 % interval from a bootstrap that draws whole groups; of a share that is "
        "exactly 0 or 1, Wilson's interval over the number of groups.",
    ),
    Term(
        name="Kappa",
        meaning="Cohen's kappa: how much more two readers, or a reader and the networks, agree "
        "than by chance. 1 is always, 0 is no more than chance.",
    ),
    Term(
        name="No call",
        meaning="No answer, with its reason: the image cannot be read, or the networks are not "
        "sure enough, or the image is unlike those they learned from.",
    ),
    Term(
        name="Patients held out",
        meaning="No patient, block of neighboring images or near copy of these test images was "
        "learned from; other images of the same laboratory were. Called grouped in files.",
    ),
    Term(
        name="Precision",
        meaning="Share of the images answered as a class that are of it. It depends on how common "
        "the class is; the section Threshold computes it for any prevalence, as PPV.",
    ),
    Term(
        name="Prevalence",
        meaning="Share of people with the disease among those it would be used on.",
    ),
    Term(
        name="Protocol",
        meaning="How test images were kept apart from training: patients held out, external, or "
        "the leaking way of the paper, whose figures flatter.",
    ),
    Term(
        name="PPV and NPV",
        meaning="Predictive values: the chance that a flagged image is positive, and that one that "
        "is not flagged is negative, at a prevalence.",
    ),
    Term(
        name="Quality check",
        meaning="Focus, light, contrast and stain of a picture, measured before any network sees "
        "it. Where they speak against reading it, there is no call.",
    ),
    Term(
        name="Risk over coverage",
        meaning="The share of wrong calls as more and more images are called, the surest first.",
    ),
    Term(
        name="ROC curve",
        meaning="Sensitivity over the share of other images taken for the class, at every "
        "threshold.",
    ),
    Term(
        name="Sensitivity",
        meaning="Share of the images of a class that are answered so; also called recall.",
    ),
    Term(
        name="Source",
        meaning="A data set or laboratory. Sources are never pooled.",
    ),
    Term(
        name="Specificity",
        meaning="Share of the other images that are not answered as the class.",
    ),
    Term(
        name="Two readers",
        meaning="Each image of a batch asks for two readers, who sign unseen by each other; where "
        "they differ, a further decision settles it.",
    ),
    Term(
        name="Type not determined",
        meaning="The image is called leukemia, but ALL and AML are not told apart surely enough.",
    ),
)


def see(name: str) -> str:
    """Give the link to a word, for the end of a help text.

    Args:
        name: of a term, exactly.

    Raises:
        KeyError: there is no such term.
    """
    term = {one.name: one for one in TERMS}[name]
    return MORE.format(name=term.name, anchor=term.anchor)
