"""Batches join the audit trail; undo names its decision; claims, removals and the store's id."""

import json
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

from leukapp.review.audit_trail import (
    BATCH_BEGUN,
    BATCH_REMOVED,
    UNREADABLE,
    TrailEntry,
    append_entry,
    digest,
    images_digest,
)
from leukapp.review.guards import install_guards

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

RUNS = sa.table(
    "runs",
    *(sa.column(name) for name in ("id", "name", "state", "created_at", "bundle_sha256")),
    *(sa.column(name) for name in ("software_version", "root")),
)
ITEMS = sa.table(
    "items",
    *(sa.column(name) for name in ("id", "run_id", "position", "name", "source", "state")),
    *(sa.column(name) for name in ("image_sha256", "label", "no_call_reason", "confidence")),
    sa.column("probabilities", sa.JSON),
    sa.column("branch_probabilities", sa.JSON),
    sa.column("branches_agree", sa.Boolean),
    sa.column("quality", sa.JSON),
    *(sa.column(name) for name in ("error", "mode")),
)


def upgrade() -> None:
    """Add what is new, and write into the trail which batches are there already."""
    op.create_table(
        "store",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("store_id", sa.String(32), nullable=False),
    )
    op.create_table(
        "removals",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("removed_at", sa.Float, nullable=False),
    )
    op.add_column("decisions", sa.Column("takes_back", sa.Integer, nullable=True))
    op.create_index("decisions_taken_back", "decisions", ["takes_back"], unique=True)
    op.add_column("items", sa.Column("claimed_by", sa.String(32), nullable=True))
    op.add_column("items", sa.Column("claimed_until", sa.Float, nullable=True))
    op.create_index("items_by_state", "items", ["run_id", "state"])
    connection = op.get_bind()
    connection.execute(
        sa.text("INSERT INTO store (id, store_id) VALUES (1, :store_id)"),
        {"store_id": secrets.token_hex(16)},
    )
    _adopt_batches(connection)
    install_guards(connection)


def downgrade() -> None:
    """There is no way back: a log that is never shortened has no earlier form."""
    raise NotImplementedError


def _adopt_batches(connection: sa.Connection) -> None:
    named = set(_named_batches(connection))
    for run in connection.execute(sa.select(RUNS).order_by(RUNS.c.id)).mappings().all():
        named.discard(run["id"])
        _adopt_batch(connection, run)
    for run_id in sorted(named):
        detail = {"run_id": run_id, "adopted": True}
        _append(connection, BATCH_REMOVED, detail, bundle_sha256="")


def _adopt_batch(connection: sa.Connection, run: sa.RowMapping) -> None:
    """Write the beginning of a batch, and its images that could not be read, into the trail."""
    images = connection.execute(
        sa.select(ITEMS.c.id, ITEMS.c.position, ITEMS.c.name, ITEMS.c.source)
        .where(ITEMS.c.run_id == run["id"])
        .order_by(ITEMS.c.position)
    ).tuples()
    fixed = {name: value for name, value in run.items() if name != "state"}
    if fixed["root"] is None:
        del fixed["root"]
    detail = {
        "run_id": run["id"],
        "state": run["state"],
        "digest": digest(fixed),
        "images": images_digest(images),
        "adopted": True,
    }
    _append(connection, BATCH_BEGUN, detail, bundle_sha256=run["bundle_sha256"])
    unreadable = sa.select(ITEMS).where(ITEMS.c.run_id == run["id"], ITEMS.c.state == "unreadable")
    for item in connection.execute(unreadable.order_by(ITEMS.c.position)).mappings().all():
        detail = {
            "run_id": run["id"],
            "position": item["position"],
            "item_id": item["id"],
            "digest": digest(dict(item)),
        }
        _append(connection, UNREADABLE, detail, bundle_sha256=run["bundle_sha256"])


def _named_batches(connection: sa.Connection) -> Iterator[int]:
    """Batches whose answers the trail names; those that are not there were removed."""
    query = sa.text("SELECT detail FROM audit_trail WHERE event = 'diagnosis'")
    for detail in connection.execute(query).scalars():
        try:
            named = json.loads(detail)
        except ValueError:
            continue
        if isinstance(named, dict) and "item_id" in named and type(named.get("run_id")) is int:
            yield named["run_id"]


def _append(
    connection: sa.Connection, event: str, detail: Mapping[str, Any], *, bundle_sha256: str
) -> None:
    append_entry(
        connection,
        TrailEntry(
            event=event,
            user=None,
            bundle_sha256=bundle_sha256,
            software_version="migration 0003",
            detail=detail,
        ),
    )
