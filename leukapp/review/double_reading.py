"""Two readers of one image: neither sees the other's decision before signing, then both are shown.

Where they differ, the image waits for an adjudication: a further decision, which settles it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from leukapp.review.records import Decision, DecisionKind

N_READERS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubleReading:
    """What is signed on one image of a batch that asks for two readers.

    Attributes:
        readings: the decisions of readers that stand, oldest first; at most two.
        adjudication: the decision that settles what they differ in, or None.
        is_revealed: two decisions stood at some time, so that everyone may see them.
        is_independent: both decisions were signed before either reader could see the other's.
    """

    readings: tuple[Decision, ...] = ()
    adjudication: Decision | None = None
    is_revealed: bool = False
    is_independent: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether two readers have signed."""
        return len(self.readings) == N_READERS

    @property
    def is_disagreement(self) -> bool:
        """Whether the readers differ and nobody has settled it."""
        return self.is_complete and self.adjudication is None and not self._is_same

    @property
    def settled(self) -> Decision | None:
        """The decision that counts: the adjudication, or what both readers say."""
        if self.adjudication is not None or not self.is_complete:
            return self.adjudication
        return self.readings[0] if self._is_same else None

    def of_reader(self, reader: str) -> Decision | None:
        """Give what one reader signed, or None.

        Args:
            reader: as ``reader_of`` names it.
        """
        return next((one for one in self.readings if reader_of(one) == reader), None)

    def shown_to(self, reader: str) -> Decision | None:
        """Give the decision that one reader sees as standing: never the other's alone.

        Args:
            reader: as ``reader_of`` names it.
        """
        return self.settled or self.of_reader(reader)

    @property
    def _is_same(self) -> bool:
        return len({said(one) for one in self.readings}) == 1


def reader_of(decision: Decision) -> str:
    """Name who signed: by mail address, or by initials where nobody signs in.

    Args:
        decision: a line of the review log.
    """
    return decision.user or decision.initials


def said(decision: Decision) -> str:
    """Give in one word what a decision says of the image; that of two readers is compared by it.

    Args:
        decision: one that stands.
    """
    if decision.kind is DecisionKind.UNSURE:
        return DecisionKind.UNSURE.value
    return decision.answer_name or ""


def read_doubly(lines: Iterable[Decision]) -> dict[int, DoubleReading]:
    """Give what is signed on each image of a batch that asks for two readers.

    Args:
        lines: of its review log, oldest first; those of no item are left out.
    """
    of_items: dict[int, list[Decision]] = {}
    for line in lines:
        if line.item_id is not None:
            of_items.setdefault(line.item_id, []).append(line)
    return {item_id: read_one_doubly(found) for item_id, found in of_items.items()}


def settled_decisions(lines: Iterable[Decision]) -> tuple[Decision, ...]:
    """Give the one decision that counts for each image on which the readers are settled.

    Args:
        lines: of the review log of a batch that asks for two readers, oldest first.
    """
    settled = [reading.settled for reading in read_doubly(lines).values()]
    return tuple(one for one in settled if one is not None)


def read_one_doubly(lines: Sequence[Decision]) -> DoubleReading:
    """Give what is signed on one image.

    Args:
        lines: of the review log on this image, oldest first.
    """
    made: list[Decision] = []
    opened_at: int | None = None
    for line in lines:
        if line.kind is DecisionKind.UNDONE:
            made = [one for one in made if one.id != line.takes_back]
            continue
        made.append(line)
        if opened_at is None and len(_readings(made)) == N_READERS:
            opened_at = line.id
    readings = _readings(made)
    is_early = opened_at is not None and all(one.id <= opened_at for one in readings)
    settling = [one for one in made if one.is_adjudication]
    return DoubleReading(
        readings=readings,
        adjudication=settling[-1] if settling else None,
        is_revealed=opened_at is not None,
        is_independent=is_early and len(readings) == N_READERS,
    )


def _readings(made: Sequence[Decision]) -> tuple[Decision, ...]:
    """The last decision of each reader, oldest first."""
    last = {reader_of(one): one for one in made if not one.is_adjudication}
    return tuple(sorted(last.values(), key=lambda one: one.id))
