"""Area under the ROC curve for many resamples at once.

scikit-learn computes one area a call; a bootstrap needs a thousand. Images are sorted once, and
each resample only changes how often an image counts.
"""

import numpy as np
from numpy.typing import NDArray


def weighted_auroc(
    scores: NDArray[np.float64], is_positive: NDArray[np.bool_], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Chance that a positive image scores above a negative one, a tie counting one half.

    Args:
        scores: float64 (images,), higher for positive.
        is_positive: bool (images,).
        weights: how often each image counts, float64 (resamples, images), 0 or above.

    Returns:
        float64 (resamples,), 0-1, NaN where all that counts is positive, or negative.
    """
    order = np.argsort(scores, kind="stable")
    sorted_scores = scores[order]
    starts = np.flatnonzero(np.r_[True, sorted_scores[1:] != sorted_scores[:-1]])
    sorted_weights = weights[:, order]
    positive = np.add.reduceat(sorted_weights * is_positive[order], starts, axis=1)
    negative = np.add.reduceat(sorted_weights * ~is_positive[order], starts, axis=1)
    negative_below = np.cumsum(negative, axis=1) - negative
    pairs = positive.sum(axis=1) * negative.sum(axis=1)
    won = (positive * (negative_below + negative / 2)).sum(axis=1)
    areas = np.full(len(weights), np.nan)
    np.divide(won, pairs, out=areas, where=pairs > 0)
    return areas
