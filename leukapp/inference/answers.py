"""Which class a row of probabilities answers, if it answers any."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

NO_ANSWER: Final = -1
"""Stands for a class where there is none; equal to no true label, so such a row is never right."""


def answered_labels(probabilities: NDArray[np.floating]) -> NDArray[np.int64]:
    """Most probable class of each row, int64 (images,).

    Args:
        probabilities: float (images, classes); all shares alike say that nothing was judged, as
            where no leukocyte was found.

    Returns:
        Position in the set's ``class_names``, or ``NO_ANSWER``.
    """
    is_answered = (probabilities != probabilities[:, :1]).any(axis=1)
    return np.where(is_answered, probabilities.argmax(axis=1), NO_ANSWER).astype(np.int64)
