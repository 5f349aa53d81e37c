"""Which decision on an image stands, and who may take it back."""

from collections.abc import Iterable

from leukapp.review.records import Decision, DecisionKind


def standing_decision(lines: Iterable[Decision]) -> Decision | None:
    """Give the last decision that was not taken back, or None.

    Args:
        lines: of the review log on one image of one batch, or of page "Diagnose", oldest first.
    """
    made: list[Decision] = []
    for line in lines:
        if line.kind is not DecisionKind.UNDONE:
            made.append(line)
        elif line.takes_back is not None:
            made = [decision for decision in made if decision.id != line.takes_back]
        elif made:
            made.pop()
    return made[-1] if made else None


def may_take_back(decision: Decision, *, user: str | None, is_admin: bool) -> bool:
    """Whether a reader may take a decision back: one's own, or any as an administrator.

    Args:
        decision: that stands.
        user: mail address of the reader, or None where nobody signs in.
        is_admin: the reader has the role of an administrator.
    """
    return is_admin or decision.user == user
