"""Errors a user may meet. Each message is one sentence that says what to do."""


class LeukappError(Exception):
    """Base of every error that is shown to a user as it is."""


class ImageError(LeukappError):
    """The image cannot be read, or is too large or too small to be judged."""


class CatalogError(LeukappError):
    """A folder or table of samples is not what the reader expects."""


class BundleError(LeukappError):
    """A bundle is missing, damaged, or not what this version understands."""


class BackboneWeightsError(LeukappError):
    """ImageNet weights of a backbone cannot be had."""


class HeldOutError(LeukappError):
    """A held-out table is not in the documented format."""


class TrainingError(LeukappError):
    """A training cannot start or go on with what it was given."""
