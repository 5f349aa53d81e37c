"""What a reader says of cells, put into the decision rule beside what the networks say."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from leukapp.inference.decision import Decision, DecisionRule, ItemScores
from leukapp.labels import HEALTHY, LEUKEMIA, ImageMode, split_answer
from leukapp.model.dense import FloatArray
from leukapp.model.fusion import NetworkLogits

READER_CERTAINTY: Final = 0.99
"""A reader's answer counts as one that the networks are as sure of."""


def decide_corrected(
    rule: DecisionRule,
    scores: ItemScores,
    kept: Sequence[int],
    given: Sequence[str],
    *,
    mode: ImageMode | None = None,
) -> Decision:
    """Answer for an image whose cells a reader corrected, by the rule of every image.

    Args:
        rule: of the bundle.
        scores: of every cell that the networks judged; of no cell where they found none.
        kept: indices of the cells whose answer by the networks stands.
        given: what readers say of other cells, each a class or leukemia of no determined type. One
            that the bundle knows no class for is left out.
        mode: how the image is judged.
    """
    chosen = np.zeros(len(scores.distances), np.bool_)
    chosen[list(kept)] = True
    of_networks = scores.take(chosen)
    rows = [
        row for answer in given if (row := _probabilities(answer, rule.class_names)) is not None
    ]
    if not rows:
        return rule.decide(of_networks, mode=mode)
    of_readers = np.log(np.stack(rows))
    return rule.decide(
        ItemScores(
            logits=NetworkLogits(
                branches=tuple(
                    _below(branch, of_readers) for branch in of_networks.logits.branches
                ),
                # Calibration divides by the temperature.
                fused=_below(of_networks.logits.fused, of_readers * rule.thresholds.temperature),
            ),
            distances=np.concatenate([of_networks.distances, np.zeros(len(rows), np.float32)]),
        ),
        mode=mode,
    )


def _below(first: FloatArray, second: NDArray[np.floating]) -> FloatArray:
    return np.concatenate([first, second]).astype(np.float32)


def _probabilities(answer: str, class_names: tuple[str, ...]) -> NDArray[np.float64] | None:
    """Sure of the reader's answer; None where the bundle has no class for it."""
    finding, label = split_answer(answer)
    if label in class_names:
        meant = np.array([name == label for name in class_names])
    else:
        meant = np.array([finding == LEUKEMIA and name != HEALTHY for name in class_names])
    if not meant.any():
        return None
    others = (1 - READER_CERTAINTY) / max(1, (~meant).sum())
    return np.asarray(np.where(meant, READER_CERTAINTY / meant.sum(), others), np.float64)
