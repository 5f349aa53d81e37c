"""Class names: those that labelled data may carry, and the order in which a bundle has its own.

Beside them the names of the ways in which an image is judged.

Which classes a network tells apart belongs to its bundle, not to this file: a bundle trained on
ALL and healthy images has these two. A new class is one more name here (with a color and a mark in
``leukapp.ui``).
"""

from collections.abc import Iterable
from typing import Final, Literal, TypeAlias

ImageMode: TypeAlias = Literal["whole", "cell", "field", "segmented"]
"""How an image was judged: squeezed whole, as a photograph of one cell, as a field of cells, or as
a cell that was cut out on black."""

MODE_NAMES: Final[dict[ImageMode, str]] = {
    "whole": "a whole image",
    "cell": "a single cell",
    "field": "a field",
    "segmented": "a cell cut out on black",
}
"""How sentences call an image of a mode."""

ALL: Final = "ALL"
AML: Final = "AML"
HEALTHY: Final = "Healthy"

CLASS_NAMES: Final = (ALL, AML, HEALTHY)
"""Every class that labelled data may carry, in the order of a bundle that was trained on all."""

LEUKEMIA_NAMES: Final = {ALL: "acute lymphoblastic leukemia", AML: "acute myeloid leukemia"}
"""What the short class names stand for."""

LEUKEMIA_CLASSES: Final = tuple(name for name in CLASS_NAMES if name != HEALTHY)
"""What counts as a finding of leukemia: every class that is not Healthy."""

LEUKEMIA: Final = "leukemia"
"""The finding of every answer that is not Healthy, whether or not its type is named."""

TYPE_NOT_DETERMINED: Final = "leukemia, type not determined"
"""The answer whose finding is leukemia and whose type is not named."""

ANSWER_NAMES: Final = (*CLASS_NAMES, TYPE_NOT_DETERMINED)
"""Every answer that is a call."""

OTHER_LEUKEMIA: Final = "other leukemia"
"""True class of an image that shows a leukemia which is no class of the bundle."""


def finding_of(label: str | None) -> str | None:
    """The finding that a named class belongs to; None for no call.

    Args:
        label: a class name; None for no call.
    """
    return label if label in (None, HEALTHY) else LEUKEMIA


def name_answer(finding: str | None, label: str | None) -> str | None:
    """The one name of an answer of two steps; None for no call.

    Args:
        finding: ``Healthy`` or ``leukemia``; None for no call.
        label: a class name; None where no class is named.

    Example:
        >>> name_answer("leukemia", "ALL"), name_answer("leukemia", None), name_answer(None, None)
        ('ALL', 'leukemia, type not determined', None)
    """
    return TYPE_NOT_DETERMINED if label is None and finding == LEUKEMIA else label


def is_called_wrongly(name: str | None, truth: str) -> bool:
    """Whether an answer is a call and not right; a leukemia of open type is any leukemia.

    Args:
        name: of the answer, as :func:`name_answer` gives it.
        truth: a class name, or ``OTHER_LEUKEMIA``.

    Example:
        >>> [is_called_wrongly(name, "ALL") for name in (None, "AML", TYPE_NOT_DETERMINED)]
        [False, True, False]
    """
    if name == TYPE_NOT_DETERMINED:
        return truth == HEALTHY
    return name is not None and name != truth


def split_answer(name: str | None) -> tuple[str | None, str | None]:
    """Finding and class of an answer's one name; the reverse of :func:`name_answer`.

    Args:
        name: a class name or ``TYPE_NOT_DETERMINED``; None for no call.

    Example:
        >>> split_answer("AML"), split_answer("leukemia, type not determined")
        (('leukemia', 'AML'), ('leukemia', None))
    """
    return (LEUKEMIA, None) if name == TYPE_NOT_DETERMINED else (finding_of(name), name)


def order_classes(labels: Iterable[str]) -> tuple[str, ...]:
    """The distinct classes among labels, in the one order used everywhere.

    Args:
        labels: class names in any order, any number of times; names that are not in
            ``CLASS_NAMES`` come last, by name.

    Returns:
        Class order of probability vectors and confusion matrices; never from a folder listing.

    Example:
        >>> order_classes(["Healthy", "ALL", "ALL"])
        ('ALL', 'Healthy')
    """
    present = set(labels)
    known = tuple(name for name in CLASS_NAMES if name in present)
    return (*known, *sorted(present - set(CLASS_NAMES)))


def join_with_or(class_names: Iterable[str]) -> str:
    """Class names as a sentence lists them.

    Args:
        class_names: at least one.

    Example:
        >>> join_with_or(["ALL", "AML", "Healthy"])
        'ALL, AML or Healthy'
    """
    *first, last = class_names
    return f"{', '.join(first)} or {last}" if first else last
