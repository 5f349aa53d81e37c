"""Probabilities of the three classes as one checked value."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leukapp.labels import CLASS_NAMES

SUM_TOLERANCE = 1e-5


@dataclass(frozen=True, slots=True)
class ClassProbabilities:
    """One probability a class, in the order of ``CLASS_NAMES``; finite, sum 1 within 1e-5.

    Raises:
        ValueError: the values are not finite, not 0-1 or do not sum to one.
    """

    values: tuple[float, ...]

    def __post_init__(self) -> None:
        total = sum(self.values)
        in_range = all(-SUM_TOLERANCE <= value <= 1 + SUM_TOLERANCE for value in self.values)
        if len(self.values) != len(CLASS_NAMES) or not in_range or abs(total - 1) > SUM_TOLERANCE:
            raise ValueError(
                f"expected {len(CLASS_NAMES)} probabilities with sum 1, got {self.values}"
            )

    @classmethod
    def from_array(cls, array: NDArray[np.floating]) -> "ClassProbabilities":
        """Take a float array (classes,) as a checked value."""
        return cls(tuple(float(value) for value in array))

    @property
    def top_class(self) -> str:
        """Name of the most probable class."""
        return CLASS_NAMES[self.values.index(max(self.values))]

    @property
    def top_value(self) -> float:
        """Probability of the most probable class, 0-1."""
        return max(self.values)

    def of(self, class_name: str) -> float:
        """Probability of one class, 0-1."""
        return self.values[CLASS_NAMES.index(class_name)]

    def as_dict(self) -> dict[str, float]:
        """Class name to probability, for JSON."""
        return dict(zip(CLASS_NAMES, self.values, strict=True))
