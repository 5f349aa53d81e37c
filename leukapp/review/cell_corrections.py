"""What reviewers say of single leukocytes: rows of the audit trail, each taken back by a later one.

The trail holds them whole, so nothing else has to be kept beside it: a correction names the window
of its cell in the image, the answer, and the initials of who gave it.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, RowMapping, select, true

from leukapp.errors import StoreError
from leukapp.imaging.cell_boxes import CellBox
from leukapp.review.audit_trail import CELL_CORRECTED, TrailEntry, append_entry, lock_trail
from leukapp.review.records import CELL_ANSWERS, CellCorrection
from leukapp.review.tables import AUDIT_TRAIL, IS_CORRECTION

NOT_STANDING: Final = (
    "This correction does not stand any more, for it was taken back or a later one follows it: "
    "reload the page."
)
NOT_YOURS: Final = (
    "This correction is another reader's: ask that reader or an administrator to take it back."
)


def add_correction(  # noqa: PLR0913
    connection: Connection,
    *,
    image_sha256: str,
    bundle_sha256: str,
    box: CellBox,
    answer: str,
    initials: str,
    user: str | None,
    is_marked: bool = False,
    features: str | None = None,
) -> None:
    """Add what a reviewer says of a cell, in the caller's transaction."""
    detail: dict[str, Any] = {"box": _corners(box), "answer": answer, "initials": initials}
    if is_marked:
        detail["marked"] = True
    if features is not None:
        detail["features"] = features
    append_entry(connection, _entry(image_sha256, bundle_sha256, user, detail))


def take_back_correction(  # noqa: PLR0913
    connection: Connection,
    correction: CellCorrection,
    *,
    image_sha256: str,
    bundle_sha256: str,
    initials: str,
    user: str | None,
    is_admin: bool,
) -> None:
    """Take a correction back, in the caller's transaction; its row stays.

    Raises:
        StoreError: it does not stand any more, or is another reader's.
    """
    # Two readers may press the button at once: the second one sees what the first one did.
    lock_trail(connection)
    if correction not in read_corrections(connection, image_sha256):
        raise StoreError(NOT_STANDING)
    if not is_admin and correction.user != user:
        raise StoreError(NOT_YOURS)
    detail = {
        "box": _corners(correction.box),
        "takes_back": correction.sequence,
        "initials": initials,
    }
    append_entry(connection, _entry(image_sha256, bundle_sha256, user, detail))


def read_corrections(connection: Connection, image_sha256: str) -> tuple[CellCorrection, ...]:
    """Give the corrections of an image's cells that stand, at most one a cell.

    Args:
        connection: to the store.
        image_sha256: of the image.

    Raises:
        ValueError: a row of the trail is not what this version writes.
    """
    of_image = AUDIT_TRAIL.c.image_sha256 == image_sha256
    return _standing(connection, of_image).get(image_sha256, ())


def read_all_corrections(connection: Connection) -> dict[str, tuple[CellCorrection, ...]]:
    """Give the corrections that stand, by the SHA-256 of their image.

    Args:
        connection: to the store.

    Raises:
        ValueError: a row of the trail is not what this version writes.
    """
    return _standing(connection, true())


def _standing(
    connection: Connection, where: ColumnElement[bool]
) -> dict[str, tuple[CellCorrection, ...]]:
    query = select(AUDIT_TRAIL).where(IS_CORRECTION, where).order_by(AUDIT_TRAIL.c.sequence)
    made: dict[int, tuple[str, CellCorrection]] = {}
    try:
        for row in connection.execute(query).mappings():
            detail = json.loads(row["detail"])
            if "takes_back" in detail:
                made.pop(detail["takes_back"], None)
            else:
                made[row["sequence"]] = (row["image_sha256"], _correction(row, detail))
    except (KeyError, TypeError) as error:
        raise ValueError("a corrected cell is not what this version writes") from error
    last_of_cell: dict[str, dict[CellBox, CellCorrection]] = {}
    for image, correction in made.values():
        last_of_cell.setdefault(image, {})[correction.box] = correction
    return {image: tuple(of_boxes.values()) for image, of_boxes in last_of_cell.items()}


def _correction(row: RowMapping, detail: Mapping[str, Any]) -> CellCorrection:
    x0, y0, x1, y1 = detail["box"]
    return CellCorrection(
        sequence=row["sequence"],
        box=CellBox(x0=x0, y0=y0, x1=x1, y1=y1),
        answer=CELL_ANSWERS[CELL_ANSWERS.index(detail["answer"])],
        initials=str(detail["initials"]),
        user=row["user_mail"],
        corrected_at=datetime.fromisoformat(row["recorded_at"]).astimezone(UTC),
        is_marked=detail.get("marked") is True,
        bundle_sha256=row["bundle_sha256"],
        features=detail.get("features"),
    )


def _corners(box: CellBox) -> list[int]:
    return [box.x0, box.y0, box.x1, box.y1]


def _entry(
    image_sha256: str, bundle_sha256: str, user: str | None, detail: Mapping[str, Any]
) -> TrailEntry:
    return TrailEntry(
        event=CELL_CORRECTED,
        user=user,
        image_sha256=image_sha256,
        bundle_sha256=bundle_sha256,
        detail=detail,
    )
