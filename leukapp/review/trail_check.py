"""Whether the store is as its audit trail says: its rows, answers, batches, cases and guards."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Connection

from leukapp.labels import finding_of, name_answer
from leukapp.review.answer_keys import AnswerKeys
from leukapp.review.audit_trail import (
    BATCH_BEGUN,
    BATCH_REMOVED,
    BATCH_STATE,
    BUNDLE_ACCEPTED,
    BUNDLE_WITHDRAWN,
    CELL_CORRECTED,
    DECISION,
    DIAGNOSIS,
    FIRST_HASH,
    UNREADABLE,
    digest,
    images_digest,
    row_digest,
)
from leukapp.review.case_check import CASE_EVENTS, CaseLedger
from leukapp.review.guards import check_guards
from leukapp.review.raw_rows import RawRow, raw_rows
from leukapp.review.records import ItemState, RunState
from leukapp.review.standing_rows import check_standing
from leukapp.review.tables import AUDIT_HEAD, AUDIT_TRAIL, DECISIONS, ITEMS, KEYS, RUNS

MAX_NAMED_FAULTS: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainReport:
    """What a check of the whole trail found.

    Attributes:
        n_rows: rows of the trail.
        head_hash: hash of its last row; keep it elsewhere to notice a trail written anew.
        faults: one sentence for each row that was changed or is missing; the first 50.
    """

    n_rows: int
    head_hash: str
    faults: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Whether nothing was found."""
        return not self.faults


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What the trail says of one image of a batch."""

    row: int
    run_id: int
    position: int
    digest: str


@dataclass(slots=True, kw_only=True)
class _Batch:
    """What the trail says of one batch; one that it never began has no digest."""

    digest: str | None = None
    images: str = ""
    state: str = ""
    is_removed: bool = False


@dataclass(slots=True)
class _Ledger:
    """Everything that the rows of the trail say, in their order."""

    decisions: dict[int, str] = field(default_factory=dict)
    answers: dict[int, _Answer] = field(default_factory=dict)
    batches: dict[int, _Batch] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    cases: CaseLedger = field(default_factory=CaseLedger)
    # Earlier versions wrote answers alone; the migration adopts their batches, and then no more.
    may_adopt: bool = True

    def note(self, row: int, event: str, detail: Mapping[str, Any]) -> None:
        """Take in one row.

        Raises:
            KeyError: the row does not say what its event needs.
            TypeError: the same.
        """
        if event == DECISION:
            number = _whole_number(detail["decision_id"])
            if number in self.decisions:
                self._fault(row, f"names decision {number} a second time")
            else:
                self.decisions[number] = detail["digest"]
        elif event in {BATCH_BEGUN, BATCH_STATE, BATCH_REMOVED}:
            self._note_batch(row, event, detail)
        elif event == UNREADABLE or (event == DIAGNOSIS and "item_id" in detail):
            self._note_answer(row, detail)
        elif event in CASE_EVENTS:
            self.faults += self.cases.note(row, event, detail)
        elif event not in {DIAGNOSIS, CELL_CORRECTED, BUNDLE_ACCEPTED, BUNDLE_WITHDRAWN}:
            self._fault(row, "tells of nothing that this version knows")

    def _note_answer(self, row: int, detail: Mapping[str, Any]) -> None:
        answer = _Answer(
            row=row,
            run_id=_whole_number(detail["run_id"]),
            position=_whole_number(detail["position"]),
            digest=detail["digest"],
        )
        item_id = _whole_number(detail["item_id"])
        batch = self.batches.setdefault(answer.run_id, _Batch())
        if item_id in self.answers:
            self._fault(row, f"names {_answer_name(answer.run_id, answer.position)} a second time")
        elif batch.is_removed or (batch.digest is None and not self.may_adopt):
            self._fault(row, f"names batch {answer.run_id}, which was not there then")
        else:
            self.answers[item_id] = answer

    def _note_batch(self, row: int, event: str, detail: Mapping[str, Any]) -> None:
        run_id = _whole_number(detail["run_id"])
        is_adopted = detail.get("adopted", False) is True and self.may_adopt
        known = self.batches.get(run_id)
        if event == BATCH_BEGUN:
            if known is not None and not (is_adopted and known.digest is None):
                self._fault(row, f"names the beginning of batch {run_id} a second time")
                return
            self.batches[run_id] = _Batch(
                digest=detail["digest"], images=detail["images"], state=detail["state"]
            )
        elif known is None or known.is_removed or (known.digest is None and not is_adopted):
            self._fault(row, f"names batch {run_id}, which was not there then")
        elif event == BATCH_STATE:
            known.state = detail["state"]
        else:
            known.is_removed = True
        self.may_adopt = self.may_adopt and is_adopted

    def _fault(self, row: int, words: str) -> None:
        self.faults.append(f"row {row} of the audit trail {words}")


def check_trail(connection: Connection) -> ChainReport:
    """Recompute every hash of the trail, and of what it speaks of.

    Args:
        connection: to the store.
    """
    faults = check_guards(connection)
    ledger = _Ledger()
    expected, previous = 1, FIRST_HASH
    for row in raw_rows(connection, AUDIT_TRAIL, AUDIT_TRAIL.c.sequence):
        number = row.values["sequence"]
        if number != expected:
            missing = f"{expected}" if number == expected + 1 else f"{expected} to {number - 1}"
            faults.append(f"row {missing} of the audit trail is missing")
        elif row.values["previous_hash"] != previous:
            faults.append(f"row {number} of the audit trail does not follow the row before it")
        faults += _malformed(row, f"row {number} of the audit trail")
        fields = {key: value for key, value in row.values.items() if key != "row_hash"}
        if digest(fields) != row.values["row_hash"]:
            faults.append(f"row {number} of the audit trail was changed")
        else:
            faults += _take_in(ledger, row)
        expected, previous = number + 1, row.values["row_hash"]
    faults += ledger.faults
    faults += _check_head(connection, expected - 1, previous)
    of_log = _check_decisions(connection, ledger.decisions)
    faults += of_log
    if not of_log:
        faults += check_standing(connection)
    faults += _check_batches(connection, ledger)
    faults += _check_items(connection, ledger)
    faults += ledger.cases.check(connection)
    return ChainReport(
        n_rows=expected - 1, head_hash=previous, faults=tuple(faults[:MAX_NAMED_FAULTS])
    )


def _take_in(ledger: _Ledger, row: RawRow) -> list[str]:
    number = row.values["sequence"]
    try:
        detail = json.loads(row.values["detail"])
        ledger.note(number, row.values["event"], detail)
    except (ValueError, KeyError, TypeError, RecursionError):
        return [f"row {number} of the audit trail does not say what it is about"]
    return []


def _whole_number(value: object) -> int:
    if type(value) is not int:
        raise TypeError
    return value


def _malformed(row: RawRow, name: str) -> list[str]:
    return [f"the cell {column} of {name} is of another type" for column in row.malformed]


def _check_head(connection: Connection, n_rows: int, last_hash: str) -> list[str]:
    heads = list(raw_rows(connection, AUDIT_HEAD))
    if not heads:
        return ["the end of the audit trail is not recorded any more"] if n_rows else []
    recorded, row_hash = heads[0].values["n_rows"], heads[0].values["row_hash"]
    if heads[0].malformed or len(heads) > 1:
        return ["the recorded end of the audit trail is not what this version writes"]
    if recorded > n_rows:
        return [f"the audit trail ends at row {n_rows}, but had {recorded}"]
    if (recorded, row_hash) != (n_rows, last_hash):
        return ["the recorded end of the audit trail is not its last row"]
    return []


def _check_decisions(connection: Connection, digests: Mapping[int, str]) -> list[str]:
    faults = []
    found = set()
    for row in raw_rows(connection, DECISIONS, DECISIONS.c.id):
        number = row.values["id"]
        found.add(number)
        faults += _malformed(row, f"decision {number}")
        if number not in digests:
            faults.append(f"decision {number} is not in the audit trail")
        elif row_digest(DECISIONS, row.values) != digests[number]:
            faults.append(f"decision {number} was changed")
    return faults + [f"decision {number} is missing" for number in sorted(set(digests) - found)]


def _check_batches(connection: Connection, ledger: _Ledger) -> list[str]:
    faults = []
    found = set()
    for row in raw_rows(connection, RUNS, RUNS.c.id):
        number, state = row.values["id"], row.values["state"]
        found.add(number)
        faults += _malformed(row, f"batch {number}")
        known = ledger.batches.get(number)
        if known is None or known.digest is None:
            faults.append(f"batch {number} is not in the audit trail")
            continue
        if known.is_removed:
            faults.append(f"batch {number} was removed, by the audit trail, and is there")
            continue
        if row_digest(RUNS, row.values, without=("state",)) != known.digest:
            faults.append(f"batch {number} was changed")
        if state != known.state or state not in set(RunState):
            faults.append(f"the state of batch {number} was changed")
    for number, known in ledger.batches.items():
        if number in found or known.is_removed:
            continue
        never = known.digest is None
        fault = "is named by the audit trail, which never began it" if never else "is missing"
        faults.append(f"batch {number} {fault}")
    return faults


def _check_items(connection: Connection, ledger: _Ledger) -> list[str]:
    """Images of batches that are still kept; a batch removed as a whole leaves its trail."""
    faults: list[str] = []
    found: set[int] = set()
    kept = {number for number, batch in ledger.batches.items() if not batch.is_removed}
    unlisted = set(kept)
    rows = raw_rows(connection, ITEMS, ITEMS.c.run_id, ITEMS.c.position)
    for run_id, group in groupby(rows, key=lambda row: row.values["run_id"]):
        unlisted.discard(run_id)
        images = _checked(group, ledger, found, faults)
        batch = ledger.batches.get(run_id)
        listed = images_digest(images)
        if batch is None or listed != batch.images:
            faults.append(f"the list of images of batch {run_id} was changed")
    nothing = images_digest([])
    faults += [
        f"the list of images of batch {run_id} was changed"
        for run_id in sorted(unlisted)
        if ledger.batches[run_id].images not in {nothing, ""}
    ]
    for item_id, known in ledger.answers.items():
        if item_id not in found and known.run_id in kept:
            faults.append(f"{_answer_name(known.run_id, known.position)} is missing")
    return faults


def _checked(
    rows: Iterator[RawRow], ledger: _Ledger, found: set[int], faults: list[str]
) -> Iterator[tuple[int, int, str, str]]:
    """Check each image of one batch, and hand on what the list of its images holds."""
    for row in rows:
        values = row.values
        found.add(values["id"])
        place = values["position"]
        number = place + 1 if isinstance(place, int) else "?"
        name = f"the answer for image {number} of batch {values['run_id']}"
        faults += _malformed(row, f"image {number} of batch {values['run_id']}")
        known = ledger.answers.get(values["id"])
        if known is not None and row_digest(ITEMS, values) != known.digest:
            faults.append(f"{name} was changed")
        elif known is None and values["state"] != ItemState.WAITING.value:
            faults.append(f"{name} is not in the audit trail")
        elif known is not None and not row.malformed and not _has_its_keys(values):
            faults.append(f"where {name} stands in the worklist was changed")
        yield values["id"], place, values["name"], values["source"]


def _has_its_keys(values: Mapping[str, Any]) -> bool:
    """Whether the columns that follow from an answer, which is whole, are its own."""
    expected = dict.fromkeys(column.name for column in KEYS)
    if values["state"] == ItemState.DONE.value:
        finding, label = values["finding"], values["label"]
        keys = AnswerKeys.of(
            name_answer(finding or finding_of(label), label),
            no_call_reason=values["no_call_reason"],
            probabilities=values["probabilities"],
            quality=values["quality"],
        )
        expected |= asdict(keys)
    return all(values[name] == value for name, value in expected.items())


def _answer_name(run_id: int, position: int) -> str:
    return f"the answer for image {position + 1} of batch {run_id}"
