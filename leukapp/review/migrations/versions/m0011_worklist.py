"""The worklist's order and filters become columns, so that a page of any batch is a query."""

import json
from dataclasses import asdict
from itertools import groupby
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from leukapp.labels import finding_of, name_answer
from leukapp.review.answer_keys import AnswerKeys
from leukapp.review.log_rows import read_decision
from leukapp.review.standing_rows import standing_values

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

ROWS_A_STATEMENT: Final = 1000
ITEMS = sa.table(
    "items",
    *(sa.column(name) for name in ("id", "run_id", "state", "finding", "label")),
    *(sa.column(name) for name in ("no_call_reason", "probabilities", "quality")),
    *(sa.column(name) for name in ("verdict", "is_refused", "doubt", "has_findings")),
)
DECISIONS = sa.table(
    "decisions",
    *(sa.column(name) for name in ("id", "image_sha256", "image_name", "bundle_sha256", "kind")),
    *(sa.column(name) for name in ("label", "reason", "initials", "user_mail", "decided_at")),
    *(sa.column(name) for name in ("run_id", "item_id", "is_blinded", "takes_back", "finding")),
    *(sa.column(name) for name in ("act", "is_adjudication")),
)
RUNS = sa.table("runs", *(sa.column(name) for name in ("id", "n_readers")))


def upgrade() -> None:
    """Add columns, table and indexes, and fill them for what is there already."""
    for column in (
        sa.Column("verdict", sa.String(40), nullable=True),
        sa.Column("is_refused", sa.Boolean, nullable=True),
        sa.Column("doubt", sa.Float, nullable=True),
        sa.Column("has_findings", sa.Boolean, nullable=True),
    ):
        op.add_column("items", column)
    standing = op.create_table(
        "standing",
        sa.Column(
            "item_id",
            sa.Integer,
            sa.ForeignKey("items.id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("reader", sa.Text, primary_key=True),
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.Column("decision_id", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("answer", sa.String(40), nullable=True),
        sa.Column("differs", sa.Boolean, nullable=False),
    )
    _fill_answers(op.get_bind())
    _fill_standing(op.get_bind(), standing)
    op.create_index("standing_of_run", "standing", ["run_id", "reader"])
    is_listed = sa.text("verdict IS NOT NULL")
    filtered = ("verdict", "confidence", "branches_agree", "has_findings")
    for name, order in (
        ("items_in_doubt", ("is_refused", sa.text("doubt DESC"), "position")),
        ("items_in_confidence", ("is_refused", "doubt", "position")),
        ("items_as_they_came", ("position",)),
    ):
        op.create_index(
            name,
            "items",
            ["run_id", *order, *filtered],
            sqlite_where=is_listed,
            postgresql_where=is_listed,
        )


def _fill_answers(connection: sa.Connection) -> None:
    answered = (
        sa.update(ITEMS)
        .where(ITEMS.c.id == sa.bindparam("item"))
        .values({name: sa.bindparam(f"new_{name}") for name in AnswerKeys.__dataclass_fields__})
    )
    last = 0
    while True:
        query = sa.select(ITEMS).where(ITEMS.c.state == "done", ITEMS.c.id > last)
        rows = connection.execute(query.order_by(ITEMS.c.id).limit(ROWS_A_STATEMENT)).mappings()
        page = rows.all()
        if not page:
            return
        filled = [values for row in page if (values := _keys(row)) is not None]
        if filled:
            connection.execute(answered, filled)
        last = page[-1]["id"]


def _keys(row: sa.RowMapping) -> dict[str, Any] | None:
    """The columns of one image, or None where a cell holds what no version wrote."""
    try:
        keys = AnswerKeys.of(
            name_answer(row["finding"] or finding_of(row["label"]), row["label"]),
            no_call_reason=row["no_call_reason"],
            probabilities=_json(row["probabilities"]),
            quality=tuple(_json(row["quality"])),
        )
    except (ValueError, TypeError, AttributeError):
        return None
    return {"item": row["id"], **{f"new_{name}": value for name, value in asdict(keys).items()}}


def _json(value: Any) -> Any:
    """A cell of JSON: SQLite hands its text over, PostgreSQL what it holds."""
    return json.loads(value) if isinstance(value, str) else value


def _fill_standing(connection: sa.Connection, standing: sa.Table) -> None:
    asked = dict(connection.execute(sa.select(RUNS.c.id, RUNS.c.n_readers)).tuples().all())
    log = (
        sa.select(DECISIONS)
        .join(ITEMS, ITEMS.c.id == DECISIONS.c.item_id)
        .where(DECISIONS.c.run_id == ITEMS.c.run_id)
        .order_by(DECISIONS.c.item_id, DECISIONS.c.id)
    )
    rows = connection.execute(log).mappings().all()
    for _, group in groupby(rows, key=lambda row: row["item_id"]):
        on_image = list(group)
        values = _standing(on_image, asked[on_image[0]["run_id"]] or 1)
        if values:
            connection.execute(sa.insert(standing), values)


def _standing(rows: list[sa.RowMapping], n_readers: int) -> list[dict[str, Any]]:
    """The rows of one image; none where a line of the log holds what no version wrote."""
    try:
        lines = [read_decision(row) for row in rows]
    except (ValueError, TypeError):
        return []
    return standing_values(lines, n_readers=n_readers)


def downgrade() -> None:
    """There is no way back: a log that is never shortened has no earlier form."""
    raise NotImplementedError
