"""Errors a user may meet. Each message is one sentence that says what to do."""

from typing import Final

LONGEST_SENTENCE: Final = 800


class LeukappError(Exception):
    """Base of every error that is shown to a user as it is.

    Sentences may quote names and cells of hostile files: what is not printable becomes a blank,
    and the length is bounded.
    """

    def __init__(self, message: str = "") -> None:
        sentence = "".join(sign if sign.isprintable() else " " for sign in message)
        if len(sentence) > LONGEST_SENTENCE:
            half = LONGEST_SENTENCE // 2 - 2
            sentence = f"{sentence[:half]} … {sentence[-half:]}"
        super().__init__(sentence)


class ImageError(LeukappError):
    """The image cannot be read, or is too large or too small to be judged."""


class ChangedImageError(ImageError):
    """A file is there, and it is not the one that was judged: it must not stand for it."""


class CatalogError(LeukappError):
    """A folder or table of samples is not what the reader expects."""


class EmptyCatalogError(CatalogError):
    """A data set holds no labelled image."""


class BundleError(LeukappError):
    """A bundle is missing, damaged, or not what this version understands."""


class BackboneWeightsError(LeukappError):
    """ImageNet weights of a backbone cannot be had."""


class HeldOutError(LeukappError):
    """A held-out table is not in the documented format.

    Attributes:
        faults: a sentence for each thing that is wrong; the message is all of them.
    """

    def __init__(self, *faults: str) -> None:
        super().__init__(" ".join(faults))
        self.faults = tuple(str(LeukappError(fault)) for fault in faults)


class TrainingError(LeukappError):
    """A training cannot start or go on with what it was given."""


class BusyError(LeukappError):
    """More readers wait for the networks than the server can serve soon."""


class AccessError(LeukappError):
    """The reader is not signed in, or has no role for what was asked."""


class NotSignedInError(AccessError):
    """Nobody is signed in, or not any more."""


class StoreError(LeukappError):
    """The review store cannot be opened, read or written."""


class StoreAwayError(StoreError):
    """The review store does not answer now, or is locked; what was asked can be asked again."""


class BatchSourceError(LeukappError):
    """The images of a batch cannot be had from where the reviewer asked."""


class ClusterError(LeukappError):
    """A cluster cannot be reached, or its nodes cannot judge a batch."""
