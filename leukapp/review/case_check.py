"""Whether the cases of the store are as its audit trail says: their names and their images."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection

from leukapp.review.audit_trail import (
    CASE_IMAGES_CHANGED,
    CASE_MADE,
    CASE_NAMED,
    CASE_REMOVED,
    row_digest,
)
from leukapp.review.raw_rows import raw_rows
from leukapp.review.tables import CASE_IMAGES, CASES

CASE_EVENTS: Final = frozenset({CASE_MADE, CASE_NAMED, CASE_IMAGES_CHANGED, CASE_REMOVED})


@dataclass(slots=True, kw_only=True)
class _Case:
    """What the trail says of one case."""

    digest: str
    images: set[int] = field(default_factory=set)
    is_removed: bool = False


@dataclass(slots=True)
class CaseLedger:
    """Everything that the rows of the trail say of cases, in their order."""

    cases: dict[int, _Case] = field(default_factory=dict)

    def note(self, row: int, event: str, detail: Mapping[str, Any]) -> list[str]:
        """Take in one row.

        Args:
            row: its number.
            event: one of ``CASE_EVENTS``.
            detail: of the row.

        Returns:
            One sentence where the row does not fit those before it.

        Raises:
            KeyError: the row does not say what its event needs.
            TypeError: the same.
        """
        case_id = _whole_numbers([detail["case_id"]])[0]
        known = self.cases.get(case_id)
        if event == CASE_MADE:
            if known is not None:
                return [f"row {row} of the audit trail makes case {case_id} a second time"]
            self.cases[case_id] = _Case(digest=detail["digest"])
        elif known is None or known.is_removed:
            return [f"row {row} of the audit trail names case {case_id}, which was not there then"]
        elif event == CASE_NAMED:
            known.digest = detail["digest"]
        elif event == CASE_REMOVED:
            known.is_removed = True
        else:
            known.images.update(_whole_numbers(detail.get("added", [])))
            known.images.difference_update(_whole_numbers(detail.get("taken_out", [])))
        return []

    def check(self, connection: Connection) -> list[str]:
        """Compare the cases that are there with the trail.

        Args:
            connection: to the store.

        Returns:
            One sentence for each that was changed, is missing or should not be there.
        """
        images: dict[int, set[int]] = {}
        for row in raw_rows(connection, CASE_IMAGES):
            images.setdefault(row.values["case_id"], set()).add(row.values["item_id"])
        faults = []
        kept = {number for number, case in self.cases.items() if not case.is_removed}
        for row in raw_rows(connection, CASES, CASES.c.id):
            number = row.values["id"]
            if number not in kept:
                faults.append(f"case {number} is not in the audit trail, or was removed by it")
                continue
            kept.discard(number)
            known = self.cases[number]
            if row.malformed or row_digest(CASES, row.values) != known.digest:
                faults.append(f"case {number} was changed")
            if images.get(number, set()) != known.images:
                faults.append(f"the images of case {number} were changed")
        faults += [f"case {number} is missing" for number in sorted(kept)]
        return faults


def _whole_numbers(values: Any) -> list[int]:
    if not isinstance(values, list) or any(type(value) is not int for value in values):
        raise TypeError
    return values
