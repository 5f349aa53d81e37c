"""The worklists of a review store: a page, its numbers and neighbors, each by a query.

No question reads more of a batch than it answers with, but for counts, which read an index.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    case,
    exists,
    func,
    literal,
    or_,
    select,
)

from leukapp.labels import ANSWER_NAMES
from leukapp.review.answer_keys import VERDICTS
from leukapp.review.batch_rows import read_item
from leukapp.review.double_reading import N_READERS, reader_of
from leukapp.review.log_rows import read_decision
from leukapp.review.records import Decision, DecisionKind
from leukapp.review.standing import last_act
from leukapp.review.standing_rows import EVERYONE
from leukapp.review.tables import (
    CASE_IMAGES,
    DECISIONS,
    IS_LISTED,
    ITEMS,
    STANDING,
    WITHOUT_CELLS,
)
from leukapp.review.worklist import (
    NO_CLASS,
    BranchFilter,
    QualityFilter,
    ReviewFilter,
    WorklistEntry,
    WorklistFilter,
    WorklistOrder,
    build_double_worklist,
    build_worklist,
)

OpenTransaction: TypeAlias = Callable[[], AbstractContextManager[Connection]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _By:
    """One column of an order."""

    column: ColumnElement[Any]
    is_falling: bool = False


_BY_POSITION: Final = _By(column=ITEMS.c.position)
_REFUSED_LAST: Final = _By(column=ITEMS.c.is_refused)
ORDERS: Final[dict[WorklistOrder, tuple[_By, ...]]] = {
    WorklistOrder.UNCERTAIN_FIRST: (
        _REFUSED_LAST,
        _By(column=ITEMS.c.doubt, is_falling=True),
        _BY_POSITION,
    ),
    WorklistOrder.CONFIDENT_FIRST: (_REFUSED_LAST, _By(column=ITEMS.c.doubt), _BY_POSITION),
    WorklistOrder.POSITION: (_BY_POSITION,),
}
"""Equal ones stay as they came; pictures that the quality check refused have no answer to sort by,
so they come last."""
ALL: Final = WorklistFilter()


@dataclass(frozen=True, slots=True, kw_only=True)
class WorklistScope:
    """What a worklist is made of, and who looks at it.

    Attributes:
        run_id: the batch.
        n_readers: how many readers it asks for.
        reader: as ``reader_of`` names who looks; of two readers, neither sees the other's decision
            before both have signed.
        case_id: number of the case whose images alone are listed; None for all.
    """

    run_id: int
    n_readers: int = 1
    reader: str = ""
    case_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenList:
    """The images of a scope that a filter keeps, in an order."""

    scope: WorklistScope
    wanted: WorklistFilter = ALL
    order: WorklistOrder = WorklistOrder.UNCERTAIN_FIRST


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSize:
    """How long a list is.

    Attributes:
        n: images in it.
        n_open: those without a decision.
    """

    n: int
    n_open: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPlace:
    """Where an image stands in a list. One that the filter does not keep stands before the first.

    Attributes:
        entry: the image.
        place: from 1.
        size: of the list, with this image.
        before: the image before it, or None.
        after: the one after it, or None.
        next_open: the next one without a decision, from here onwards and then from the start, which
            may be this one; None where each has one.
    """

    entry: WorklistEntry
    place: int
    size: ListSize
    before: WorklistEntry | None
    after: WorklistEntry | None
    next_open: WorklistEntry | None


class WorklistBook:
    """The worklists of one store; every method is one transaction.

    Args:
        reading: opens one that sees one moment; turns a database's errors into ours.
    """

    def __init__(self, reading: OpenTransaction) -> None:
        self._reading = reading

    def count_verdicts(self, scope: WorklistScope) -> dict[str, int]:
        """Count the images of each verdict that there is, in the order of ``VERDICTS``.

        Args:
            scope: of the list.

        Raises:
            StoreError: the store cannot be read.
        """
        query = select(ITEMS.c.verdict, func.count()).where(*_in_scope(scope))
        with self._reading() as connection:
            counts: dict[str, int] = dict(
                connection.execute(query.group_by(ITEMS.c.verdict)).tuples().all()
            )
        return {name: counts[name] for name in VERDICTS if name in counts}

    def size(self, chosen: ChosenList) -> ListSize:
        """Count the images of a list.

        Args:
            chosen: the list.

        Raises:
            StoreError: the store cannot be read.
        """
        with self._reading() as connection:
            return _size(connection, chosen)

    def page(self, chosen: ChosenList, *, first: int, n: int) -> tuple[WorklistEntry, ...]:
        """Give some images of a list that follow each other.

        Args:
            chosen: the list.
            first: place of the first one, from 0.
            n: how many at most.

        Raises:
            StoreError: the store cannot be read.
        """
        query = _chosen(chosen, ITEMS.c.id).order_by(*_sorted(chosen.order))
        with self._reading() as connection:
            ids = connection.execute(query.offset(first).limit(n)).scalars().all()
            return _entries(connection, chosen.scope, ids)

    def image(self, scope: WorklistScope, number: int) -> WorklistEntry | None:
        """Give the image of a number, or None where it is not in the list.

        Args:
            scope: of the list.
            number: in its batch, from 1.

        Raises:
            StoreError: the store cannot be read.
        """
        query = select(ITEMS.c.id).where(*_in_scope(scope), ITEMS.c.position == number - 1)
        with self._reading() as connection:
            found = _entries(connection, scope, connection.execute(query).scalars().all())
            return found[0] if found else None

    def of_ids(self, scope: WorklistScope, item_ids: Collection[int]) -> tuple[WorklistEntry, ...]:
        """Give those of some images that are in the list, as they came.

        Args:
            scope: of the list.
            item_ids: of images of any batch.

        Raises:
            StoreError: the store cannot be read.
        """
        if not item_ids:
            return ()
        query = select(ITEMS.c.id).where(*_in_scope(scope), ITEMS.c.id.in_(item_ids))
        with self._reading() as connection:
            ids = connection.execute(query.order_by(ITEMS.c.position)).scalars().all()
            return _entries(connection, scope, ids)

    def listed_ids(self, chosen: ChosenList, item_ids: Collection[int]) -> frozenset[int]:
        """Give which of some images are in a list.

        Args:
            chosen: the list.
            item_ids: of images of any batch.

        Raises:
            StoreError: the store cannot be read.
        """
        if not item_ids:
            return frozenset()
        query = _chosen(chosen, ITEMS.c.id).where(ITEMS.c.id.in_(item_ids))
        with self._reading() as connection:
            return frozenset(connection.execute(query).scalars())

    def first_open(self, chosen: ChosenList) -> WorklistEntry | None:
        """Give the first image of a list that has no decision, or None.

        Args:
            chosen: the list.

        Raises:
            StoreError: the store cannot be read.
        """
        with self._reading() as connection:
            found = _next(connection, chosen, is_open=True)
            return None if found is None else _entries(connection, chosen.scope, [found])[0]

    def place_of(self, chosen: ChosenList, entry: WorklistEntry) -> ListPlace:
        """Give where an image stands in a list, and what is around it.

        Args:
            chosen: the list.
            entry: of the scope of the list.

        Raises:
            StoreError: the store cannot be read.
        """
        item_id = entry.item.id
        key = select(*(by.column for by in ORDERS[chosen.order])).where(ITEMS.c.id == item_id)
        is_in = _chosen(chosen, ITEMS.c.id).where(ITEMS.c.id == item_id)
        with self._reading() as connection:
            here = connection.execute(key).one()
            size, n_before = _size(connection, chosen), 0
            before: int | None = None
            if connection.execute(is_in).first() is not None:
                is_earlier = _beyond(chosen.order, here, is_after=False)
                n_before = connection.execute(
                    _chosen(chosen, func.count()).where(is_earlier)
                ).scalar_one()
                before = _next(connection, chosen, is_earlier, is_backward=True)
                is_later = _beyond(chosen.order, here, is_after=True)
                after = _next(connection, chosen, is_later)
                next_open = _next(connection, chosen, is_later, is_open=True)
                if next_open is None:
                    next_open = _next(connection, chosen, is_open=True)
            else:
                # A decision has just moved it out of the filter.
                is_open = entry.decision is None
                size = ListSize(n=size.n + 1, n_open=size.n_open + is_open)
                after = _next(connection, chosen)
                next_open = _next(connection, chosen, is_open=True)
                if next_open is None and is_open:
                    next_open = item_id
            around = [one for one in (before, after, next_open) if one is not None]
            found = {one.item.id: one for one in _entries(connection, chosen.scope, around)}
        return ListPlace(
            entry=entry,
            place=n_before + 1,
            size=size,
            before=None if before is None else found.get(before),
            after=None if after is None else found.get(after),
            next_open=None if next_open is None else found.get(next_open),
        )

    def last_act(self, scope: WorklistScope, *, user: str | None) -> tuple[Decision, ...]:
        """Give the decisions that a reader signed together, if nothing was signed since.

        Args:
            scope: of the list.
            user: mail address of the reader, or None where nobody signs in.

        Returns:
            Those of them that stand; of two readers, of this one's own alone.

        Raises:
            StoreError: the store cannot be read.
        """
        is_double = scope.n_readers == N_READERS
        is_mine = DECISIONS.c.user_mail.is_not_distinct_from(user)
        mine = [DECISIONS.c.run_id == scope.run_id, is_mine]
        if is_double and user is None:
            mine.append(DECISIONS.c.initials == scope.reader)
        last = select(DECISIONS.c.act).where(*mine).order_by(DECISIONS.c.id.desc()).limit(1)
        with self._reading() as connection:
            act = connection.execute(last).scalar()
            if act is None:
                return ()
            of_act = select(DECISIONS.c.item_id).where(DECISIONS.c.act == act)
            lines = _lines(connection, DECISIONS.c.item_id.in_(of_act))
        if is_double:
            lines = [line for line in lines if reader_of(line) == scope.reader]
        return last_act(lines, user=user)


def _in_scope(scope: WorklistScope) -> tuple[ColumnElement[bool], ...]:
    conditions: tuple[ColumnElement[bool], ...] = (ITEMS.c.run_id == scope.run_id, IS_LISTED)
    if scope.case_id is None:
        return conditions
    of_case = select(CASE_IMAGES.c.item_id).where(CASE_IMAGES.c.case_id == scope.case_id)
    return (*conditions, ITEMS.c.id.in_(of_case))


def _is_seen(scope: WorklistScope) -> ColumnElement[bool]:
    """Whether a row of ``STANDING`` is the decision that the reader sees on its image."""
    readers = [EVERYONE]
    if scope.n_readers == N_READERS:
        readers.append(scope.reader)
    return and_(STANDING.c.item_id == ITEMS.c.id, STANDING.c.reader.in_(readers))


def _chosen(chosen: ChosenList, *columns: Any, only_decided: bool = False) -> Select[Any]:
    """Ask for columns of the images of a list."""
    joined = ITEMS.join(STANDING, _is_seen(chosen.scope), isouter=not only_decided)
    return (
        select(*columns)
        .select_from(joined)
        .where(*_in_scope(chosen.scope), *_of_answer(chosen.wanted), *_of_review(chosen.wanted))
    )


def _of_answer(wanted: WorklistFilter) -> Iterable[ColumnElement[bool]]:
    """What a filter asks of the networks' answer."""
    if wanted.verdicts:
        yield ITEMS.c.verdict.in_(sorted(wanted.verdicts))
    confidence = func.coalesce(ITEMS.c.confidence, 0.0)
    if wanted.min_confidence > 0:
        yield confidence >= wanted.min_confidence
    if wanted.max_confidence < 1:
        yield confidence <= wanted.max_confidence
    if wanted.branches is not BranchFilter.ANY:
        yield ITEMS.c.branches_agree.is_(wanted.branches is BranchFilter.AGREE)
    if wanted.quality is not QualityFilter.ANY:
        yield ITEMS.c.has_findings.is_(wanted.quality is QualityFilter.WITH_FINDINGS)


def _of_review(wanted: WorklistFilter) -> Iterable[ColumnElement[bool]]:
    """What a filter asks of the decision that the reader sees."""
    if wanted.review is ReviewFilter.OPEN:
        yield STANDING.c.decision_id.is_(None)
    elif wanted.review is ReviewFilter.REVIEWED:
        yield STANDING.c.decision_id.is_not(None)
    elif wanted.review is ReviewFilter.DIFFER:
        # Whoever looks: also who is neither of the two.
        other = STANDING.alias()
        yield exists().where(other.c.item_id == ITEMS.c.id, other.c.differs.is_(True))
    elif wanted.review is not ReviewFilter.ANY:
        yield STANDING.c.kind == wanted.review.value
    if wanted.said:
        yield _said().in_(sorted(wanted.said))


def _said() -> ColumnElement[Any]:
    """The answer that the reviewer stands for; nothing where there is no decision."""
    is_call = ITEMS.c.verdict.in_(ANSWER_NAMES)
    is_agreement = STANDING.c.kind == DecisionKind.AGREE.value
    # Only who overrides has an answer of its own there.
    return case(
        (STANDING.c.decision_id.is_(None), None),
        (and_(is_agreement, is_call), ITEMS.c.verdict),
        else_=func.coalesce(STANDING.c.answer, NO_CLASS),
    )


def _sorted(order: WorklistOrder, *, is_backward: bool = False) -> list[ColumnElement[Any]]:
    return [
        by.column.desc() if by.is_falling is not is_backward else by.column.asc()
        for by in ORDERS[order]
    ]


def _beyond(order: WorklistOrder, key: Row[Any], *, is_after: bool) -> ColumnElement[bool]:
    """Whether an image comes after the one of a key, or before it."""
    columns = ORDERS[order]
    pairs = [(by, literal(value, by.column.type)) for by, value in zip(columns, key, strict=True)]
    ways = []
    for place, (by, value) in enumerate(pairs):
        same = [earlier.column == known for earlier, known in pairs[:place]]
        is_rising = by.is_falling is not is_after
        ways.append(and_(*same, by.column > value if is_rising else by.column < value))
    return or_(*ways)


def _next(
    connection: Connection,
    chosen: ChosenList,
    *conditions: ColumnElement[bool],
    is_open: bool = False,
    is_backward: bool = False,
) -> int | None:
    """Id of the first image of a list that meets conditions, or of the last one."""
    query = _chosen(chosen, ITEMS.c.id).where(*conditions)
    if is_open:
        query = query.where(STANDING.c.decision_id.is_(None))
    ordered = query.order_by(*_sorted(chosen.order, is_backward=is_backward)).limit(1)
    found: int | None = connection.execute(ordered).scalar()
    return found


def _size(connection: Connection, chosen: ChosenList) -> ListSize:
    """Count a list; from the decisions, of which there are few as long as many are open."""
    if chosen.wanted.said or chosen.wanted.review is not ReviewFilter.ANY:
        counted = _chosen(chosen, func.count(), func.count(STANDING.c.decision_id))
        n, n_decided = connection.execute(counted).one().tuple()
        return ListSize(n=n, n_open=n - n_decided)
    listed = select(func.count()).where(*_in_scope(chosen.scope), *_of_answer(chosen.wanted))
    n = connection.execute(listed).scalar_one()
    decided = _chosen(chosen, func.count(), only_decided=True)
    of_run = decided.where(STANDING.c.run_id == chosen.scope.run_id)
    return ListSize(n=n, n_open=n - connection.execute(of_run).scalar_one())


def _entries(
    connection: Connection, scope: WorklistScope, item_ids: Sequence[int]
) -> tuple[WorklistEntry, ...]:
    """Read images with the decisions that the reader may see, in the order of the ids."""
    if not item_ids:
        return ()
    rows = connection.execute(select(*WITHOUT_CELLS).where(ITEMS.c.id.in_(set(item_ids))))
    found = {row["id"]: read_item(row) for row in rows.mappings()}
    items = [found[item_id] for item_id in dict.fromkeys(item_ids) if item_id in found]
    lines = _lines(connection, DECISIONS.c.item_id.in_(set(item_ids)))
    if scope.n_readers == N_READERS:
        return build_double_worklist(items, lines, reader=scope.reader)
    return build_worklist(items, lines)


def _lines(connection: Connection, which: ColumnElement[bool]) -> list[Decision]:
    rows = connection.execute(select(DECISIONS).where(which).order_by(DECISIONS.c.id))
    return [read_decision(row) for row in rows.mappings()]
