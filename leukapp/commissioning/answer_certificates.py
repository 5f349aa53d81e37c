"""Of the answers given, how many are wrong: two proofs, of an error and of its counterpart, in one.

The limit of an answer is chosen by the patients that it would be wrong for, by a fixed sequence of
tests. The others had no say, so the share of their images that gets the answer has a plain bound.
"""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from leukapp.commissioning.certificates import (
    group_losses,
    groups_needed,
    level_of,
    upper_bound,
)
from leukapp.model.commission_record import MISSED, AnswerCertificate

ERROR_PART: Final = 0.8
"""Share of what may go wrong with the proof that its first part has; the second has the rest."""

LEVEL_PART: Final = 0.5
"""Share of the asked risk that the first part may be of; so half of the answers need be given."""


def error_confidence(confidence: float) -> float:
    """Confidence of the first part: how rarely the error is made.

    Args:
        confidence: of both parts together, 0-1.
    """
    return 1 - ERROR_PART * (1 - confidence)


def error_level(n_groups: int, *, risk: float, confidence: float) -> float:
    """The risk that the first part tests: a share of ``risk``, or what so many can certify.

    Less than ``risk``, since not every image gets its answer, which makes errors a larger share of
    the answers. It depends on the number of patients alone, as a level of a fixed sequence must.

    Args:
        n_groups: patients on whom the error can be made.
        risk: asked for, 0-1.
        confidence: of both parts together, 0-1.
    """
    return level_of(n_groups, risk=LEVEL_PART * risk, confidence=error_confidence(confidence))


def certify_answers(
    kind: str,
    is_given: NDArray[np.bool_],
    is_wrong_for: NDArray[np.bool_],
    groups: NDArray[np.str_],
    *,
    risk: float,
    confidence: float,
) -> AnswerCertificate:
    """Certify what share of the answers of one kind is wrong.

    Args:
        kind: ``MISSED`` or ``FALSE_ALARM``.
        is_given: bool (images,): under a limit that was chosen by ``is_wrong_for`` alone, at
            ``error_level``.
        is_wrong_for: bool (images,): the answer is wrong for these.
        groups: patients, str (images,).
        risk: asked for, 0-1.
        confidence: of the proof, 0-1.
    """
    could_err = np.unique(groups[is_wrong_for])
    # A patient with images of both sides had a say in the limit.
    is_apart = ~is_wrong_for & ~np.isin(groups, could_err)
    silent = group_losses(~is_given[is_apart], groups[is_apart])
    right_confidence = 1 - (1 - ERROR_PART) * (1 - confidence)
    right_bound = 1 - upper_bound(silent, right_confidence)
    n_right_groups = len(np.unique(groups[~is_wrong_for]))
    wrong_share = len(could_err) / (len(could_err) + n_right_groups)
    certificate = AnswerCertificate(
        kind=kind,
        asked=risk,
        confidence=confidence,
        leukemia_share=wrong_share if kind == MISSED else 1 - wrong_share,
        error_bound=error_level(len(could_err), risk=risk, confidence=confidence),
        right_bound=right_bound,
        n_answers=int(is_given.sum()),
        n_wrong=int((is_given & is_wrong_for).sum()),
        n_more_groups=0,
    )
    if certificate.is_reached:
        return certificate
    # The greatest rate of the error at which the share of wrong answers is the one asked for.
    rate = risk * (1 - wrong_share) * right_bound / (wrong_share * (1 - risk))
    n_wrong_groups = len(np.unique(groups[is_given & is_wrong_for]))
    needed = (
        groups_needed(min(1.0, rate), error_confidence(confidence), n_wrong_groups)
        if rate >= LEVEL_PART * risk
        else None
    )
    return replace(
        certificate,
        n_more_groups=None if needed is None else max(0, needed - len(could_err)),
    )
