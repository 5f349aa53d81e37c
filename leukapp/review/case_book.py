"""The cases of a review store: made, named, filled, found; every method is a transaction."""

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from typing import Final, TypeAlias

from sqlalchemy import Connection, RowMapping, select, true

from leukapp.errors import StoreError
from leukapp.imaging.cell_boxes import CellBox
from leukapp.labels import ANSWER_NAMES
from leukapp.review.batch_rows import read_item
from leukapp.review.case_rows import (
    MAX_IMAGES,
    NO_SUCH_CASE,
    add_images,
    has_name,
    is_asked_for,
    is_number,
    make_case,
    name_case,
    plain_name,
    read_cases,
    remove_case,
    take_out_images,
)
from leukapp.review.records import Case, CaseImage, JudgedCell
from leukapp.review.tables import CASE_IMAGES, CASES, ITEMS

FOUND_AT_ONCE: Final = 12

OpenTransaction: TypeAlias = Callable[[], AbstractContextManager[Connection]]


class CaseBook:
    """The cases of one store.

    Args:
        reading: opens a transaction that sees one moment; turns a database's errors into ours.
        writing: opens one that holds the write lock, too.
    """

    def __init__(self, reading: OpenTransaction, writing: OpenTransaction) -> None:
        self._reading, self._writing = reading, writing

    def make(self, typed: str | None = None, *, user: str | None = None) -> Case:
        """Begin a case.

        Args:
            typed: accession number or free id; None or blanks for none.
            user: mail address of who makes it, or None.

        Raises:
            StoreError: the name is none or another case's, or the store cannot be written.
        """
        name = plain_name(typed)
        with self._writing() as connection:
            return _case(connection, make_case(connection, name, user=user))

    def name(self, case_id: int, typed: str | None, *, user: str | None = None) -> Case:
        """Give a case another name, or none; the old one is kept nowhere.

        Args:
            case_id: of the case.
            typed: accession number or free id; None or blanks for none.
            user: mail address of who names it, or None.

        Raises:
            StoreError: there is no such case, the name is none or another case's, or the store
                cannot be written.
        """
        name = plain_name(typed)
        with self._writing() as connection:
            name_case(connection, case_id, name, user=user)
            return _case(connection, case_id)

    def put(self, typed: str | None, item_ids: Collection[int], *, user: str | None = None) -> Case:
        """Put images of batches into the case that is called so, which is made if there is none.

        Args:
            typed: name of the case, or ``#`` and its number; None or blanks for a new one without
                a name.
            item_ids: of the images; those that are in it already stay.
            user: mail address of who adds them, or None.

        Returns:
            The case with these images.

        Raises:
            StoreError: there is no case of this number, the name is none, an image is gone or
                belongs to another case, there would be too many, or the store cannot be written;
                nothing is changed then.
        """
        with self._writing() as connection:
            return _put(connection, typed, item_ids, user)

    def put_batch(self, typed: str | None, run_id: int, *, user: str | None = None) -> Case:
        """Put every image of a batch into a case; arguments and errors as of :meth:`put`."""
        of_run = select(ITEMS.c.id).where(ITEMS.c.run_id == run_id).limit(MAX_IMAGES + 1)
        with self._writing() as connection:
            return _put(connection, typed, connection.execute(of_run).scalars().all(), user)

    def take_out(self, case_id: int, item_ids: Collection[int], *, user: str | None = None) -> None:
        """Take images out of a case; they stay in their batches.

        Args:
            case_id: of the case.
            item_ids: of the images.
            user: mail address of who takes them out, or None.

        Raises:
            StoreError: there is no such case, or the store cannot be written.
        """
        with self._writing() as connection:
            take_out_images(connection, case_id, item_ids, user=user)

    def remove(self, case_id: int, *, user: str | None = None) -> None:
        """Remove a case with its name; images, decisions and the audit trail stay.

        Args:
            case_id: of the case.
            user: mail address of who removes it, or None.

        Raises:
            StoreError: there is no such case, or the store cannot be written.
        """
        with self._writing() as connection:
            remove_case(connection, case_id, user=user)

    def get(self, case_id: int) -> Case:
        """Give one case.

        Raises:
            StoreError: there is no such case, or the store cannot be read.
        """
        with self._reading() as connection:
            return _case(connection, case_id)

    def search(self, words: str = "", *, limit: int = FOUND_AT_ONCE) -> tuple[Case, ...]:
        """Find cases by a part of their name or by ``#`` and their number, newest first.

        Args:
            words: as typed; blanks find the newest.
            limit: how many at most.

        Raises:
            StoreError: the store cannot be read.
        """
        asked = " ".join(words.split())
        with self._reading() as connection:
            return read_cases(connection, is_asked_for(asked) if asked else true(), limit)

    def find(self, words: str) -> Case | None:
        """Give the case that is called so, or has this number after ``#``; None where none is.

        Args:
            words: as typed, not blank.

        Raises:
            StoreError: the store cannot be read.
        """
        with self._reading() as connection:
            return _find(connection, words)

    def of_batch(self, run_id: int) -> tuple[Case, ...]:
        """Give the cases that images of a batch belong to.

        Args:
            run_id: of the batch.

        Raises:
            StoreError: the store cannot be read.
        """
        of_run = select(CASE_IMAGES.c.case_id).join(ITEMS).where(ITEMS.c.run_id == run_id)
        with self._reading() as connection:
            return read_cases(connection, CASES.c.id.in_(of_run))

    def item_ids(self, case_id: int) -> frozenset[int]:
        """Give the ids of the images of a case; none where there is no such case.

        Args:
            case_id: of the case.

        Raises:
            StoreError: the store cannot be read.
        """
        query = select(CASE_IMAGES.c.item_id).where(CASE_IMAGES.c.case_id == case_id)
        with self._reading() as connection:
            return frozenset(connection.execute(query).scalars())

    def of_images(self, run_id: int) -> dict[int, int]:
        """Give the case of each image of a batch that belongs to one, by the image's id.

        Args:
            run_id: of the batch.

        Raises:
            StoreError: the store cannot be read.
        """
        of_run = select(CASE_IMAGES.c.item_id, CASE_IMAGES.c.case_id).join(ITEMS)
        with self._reading() as connection:
            return dict(connection.execute(of_run.where(ITEMS.c.run_id == run_id)).tuples().all())

    def images(self, case_id: int) -> tuple[CaseImage, ...]:
        """Give the images of a case, in the order of their batches.

        Args:
            case_id: of the case.

        Raises:
            StoreError: the store cannot be read, or an answer in it.
        """
        query = select(ITEMS).join(CASE_IMAGES).where(CASE_IMAGES.c.case_id == case_id)
        ordered = query.order_by(ITEMS.c.run_id, ITEMS.c.position)
        with self._reading() as connection:
            return tuple(_image(row) for row in connection.execute(ordered).mappings())


def _find(connection: Connection, words: str) -> Case | None:
    return next(iter(read_cases(connection, has_name(" ".join(words.split())), 1)), None)


def _put(
    connection: Connection, typed: str | None, item_ids: Collection[int], user: str | None
) -> Case:
    found = _find(connection, typed) if typed and typed.strip() else None
    if found is None and is_number(typed):
        raise StoreError(NO_SUCH_CASE)
    case_id = found.id if found else make_case(connection, plain_name(typed), user=user)
    add_images(connection, case_id, item_ids, user=user)
    return _case(connection, case_id)


def _case(connection: Connection, case_id: int) -> Case:
    found = read_cases(connection, CASES.c.id == case_id)
    if not found:
        raise StoreError(NO_SUCH_CASE)
    return found[0]


def _image(row: RowMapping) -> CaseImage:
    kept = row["cells"]
    try:
        cells = None if kept is None else tuple(_cell(*values) for values in kept)
    except TypeError as error:
        raise ValueError("the leukocytes of an image are not what this version writes") from error
    return CaseImage(item=read_item(row), cells=cells)


def _cell(x0: int, y0: int, x1: int, y1: int, answer: str | None) -> JudgedCell:
    if answer not in {None, *ANSWER_NAMES}:
        raise ValueError("a leukocyte has an answer that this version does not know")
    return JudgedCell(box=CellBox(x0=x0, y0=y0, x1=x1, y1=y1), answer=answer)
