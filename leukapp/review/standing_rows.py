"""Which decision stands on each image, stored beside the log, so that the worklist can ask for it.

The log alone counts; these rows follow from it and are written anew with each of its lines.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select

from leukapp.review.double_reading import N_READERS, read_one_doubly, reader_of
from leukapp.review.log_rows import read_decision
from leukapp.review.records import Decision, DecisionKind
from leukapp.review.standing import standing_decision
from leukapp.review.tables import DECISIONS, ITEMS, RUNS, STANDING

EVERYONE: Final = ""
"""Stands for the reader where a decision stands for all; of two readers, once it is settled."""


def note_standing(connection: Connection, run_id: int | None, item_id: int | None) -> None:
    """Write anew what stands on an image of a batch.

    Args:
        connection: in a transaction that holds the lock of the trail.
        run_id: the batch, or None for page "Diagnose".
        item_id: image of the batch, or None.
    """
    if run_id is None or item_id is None:
        return
    asked = select(RUNS.c.n_readers).join(ITEMS).where(ITEMS.c.id == item_id)
    found = connection.execute(asked).first()
    if found is None:
        return
    of_item = DECISIONS.c.run_id == run_id, DECISIONS.c.item_id == item_id
    rows = connection.execute(select(DECISIONS).where(*of_item).order_by(DECISIONS.c.id))
    lines = [read_decision(row) for row in rows.mappings()]
    connection.execute(delete(STANDING).where(STANDING.c.item_id == item_id))
    standing = standing_values(lines, n_readers=found.n_readers or 1)
    if standing:
        connection.execute(insert(STANDING), standing)


def standing_values(lines: Sequence[Decision], *, n_readers: int) -> list[dict[str, Any]]:
    """Give the rows for one image: column to value.

    Args:
        lines: of the review log on this image of a batch, oldest first.
        n_readers: how many readers the batch asks for.

    Returns:
        One row where a decision stands for everyone; of two readers that are not settled, one for
        each that has signed.
    """
    if n_readers != N_READERS:
        made = standing_decision(lines)
        return [] if made is None else [_values(made, EVERYONE)]
    reading = read_one_doubly(lines)
    if reading.settled is not None:
        return [_values(reading.settled, EVERYONE)]
    return [
        _values(one, reader_of(one), differs=reading.is_disagreement) for one in reading.readings
    ]


def check_standing(connection: Connection) -> list[str]:
    """Give one sentence for each image whose stored decision is not that of the log.

    Args:
        connection: to a store whose log is as its audit trail says.
    """
    asked = dict(connection.execute(select(RUNS.c.id, RUNS.c.n_readers)).tuples().all())
    log = (
        select(DECISIONS)
        .join(ITEMS, ITEMS.c.id == DECISIONS.c.item_id)
        .where(DECISIONS.c.run_id == ITEMS.c.run_id)
        .order_by(DECISIONS.c.item_id, DECISIONS.c.id)
    )
    lines = (read_decision(row) for row in connection.execute(log).mappings())
    expected: set[tuple[Any, ...]] = set()
    for _, group in groupby(lines, key=lambda line: (line.item_id, line.run_id)):
        on_image = list(group)
        n_readers = asked[on_image[0].run_id] or 1
        expected |= {_compared(row) for row in standing_values(on_image, n_readers=n_readers)}
    stored = {_compared(dict(row)) for row in connection.execute(select(STANDING)).mappings()}
    return [
        f"the decision that the worklist shows on image {item_id} of the store is not the log's"
        for item_id in sorted({values[0] for values in stored ^ expected})
    ]


def _compared(values: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(values[column.name] for column in STANDING.c)


def _values(decision: Decision, reader: str, *, differs: bool = False) -> dict[str, Any]:
    is_override = decision.kind is DecisionKind.OVERRIDE
    return {
        "item_id": decision.item_id,
        "reader": reader,
        "run_id": decision.run_id,
        "decision_id": decision.id,
        "kind": decision.kind.value,
        "answer": decision.answer_name if is_override else None,
        "differs": differs,
    }
