"""Which decision on an image stands, and who may take it back."""

from collections.abc import Iterable, Sequence

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


def standing_decisions(decisions: Iterable[Decision]) -> dict[int, Decision]:
    """Give the decision that stands for each item of a batch.

    Args:
        decisions: lines of the review log, oldest first; those of no item are left out.

    Returns:
        Item id to decision; where the last one was taken back, the one before it stands again.
    """
    of_items: dict[int, list[Decision]] = {}
    for decision in decisions:
        if decision.item_id is not None:
            of_items.setdefault(decision.item_id, []).append(decision)
    standing = {item_id: standing_decision(lines) for item_id, lines in of_items.items()}
    return {item_id: made for item_id, made in standing.items() if made is not None}


def last_act(lines: Sequence[Decision], *, user: str | None) -> tuple[Decision, ...]:
    """Give the decisions that a reader signed together, if nothing was signed by that reader since.

    Args:
        lines: of the review log of one batch, oldest first.
        user: mail address of the reader, or None where nobody signs in.

    Returns:
        Those of them that stand; none where the reader's last line was made alone.
    """
    mine = [line for line in lines if line.user == user]
    act = mine[-1].act if mine else None
    if act is None:
        return ()
    return tuple(made for made in standing_decisions(lines).values() if made.act == act)


def may_take_back(decision: Decision, *, user: str | None, is_admin: bool) -> bool:
    """Whether a reader may take a decision back: one's own, or any as an administrator.

    Args:
        decision: that stands.
        user: mail address of the reader, or None where nobody signs in.
        is_admin: the reader has the role of an administrator.
    """
    return is_admin or decision.user == user
