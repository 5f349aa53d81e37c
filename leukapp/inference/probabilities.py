"""Probabilities of the classes of a bundle as one checked value."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leukapp.labels import CLASS_NAMES, HEALTHY

SUM_TOLERANCE = 1e-5


@dataclass(frozen=True, slots=True)
class ClassProbabilities:
    """One probability a class; finite, sum 1 within 1e-5.

    Attributes:
        values: 0-1, in the order of ``class_names``.
        class_names: of the bundle that gave them.

    Raises:
        ValueError: the values are not finite, not 0-1, do not sum to one, or are not one a class.
    """

    values: tuple[float, ...]
    class_names: tuple[str, ...] = CLASS_NAMES

    def __post_init__(self) -> None:
        total = sum(self.values)
        in_range = all(-SUM_TOLERANCE <= value <= 1 + SUM_TOLERANCE for value in self.values)
        n_classes = len(self.class_names)
        if len(self.values) != n_classes or not in_range or abs(total - 1) > SUM_TOLERANCE:
            raise ValueError(f"expected {n_classes} probabilities with sum 1, got {self.values}")

    @classmethod
    def from_array(
        cls, array: NDArray[np.floating], class_names: tuple[str, ...]
    ) -> "ClassProbabilities":
        """Take a float array (classes,) as a checked value."""
        return cls(tuple(float(value) for value in array), class_names)

    @property
    def top_class(self) -> str:
        """Name of the most probable class."""
        return self.class_names[self.values.index(max(self.values))]

    @property
    def top_value(self) -> float:
        """Probability of the most probable class, 0-1."""
        return max(self.values)

    def of(self, class_name: str) -> float:
        """Probability of one class, 0-1."""
        return self.values[self.class_names.index(class_name)]

    def as_dict(self) -> dict[str, float]:
        """Class name to probability, for JSON."""
        return dict(zip(self.class_names, self.values, strict=True))


def answer_probability(
    shares: Mapping[str, float], finding: str | None, label: str | None
) -> float:
    """Probability of what is called: of its class, or of all leukemias where no type is named.

    Args:
        shares: class to calibrated probability, 0-1.
        finding: ``Healthy`` or ``leukemia``; None for no call.
        label: a class name; None where none is named.

    Returns:
        0-1; of the most probable class where there is no call.
    """
    if label is not None:
        return shares[label]
    if finding is None:
        return max(shares.values())
    return sum(share for name, share in shares.items() if name != HEALTHY)
