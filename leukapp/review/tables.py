"""The tables of the review store, as the newest migration leaves them."""

from typing import Final

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

METADATA: Final = MetaData()

RUNS: Final = Table(
    "runs",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("created_at", String(32), nullable=False),
    Column("bundle_sha256", String(64), nullable=False),
    Column("software_version", String(32), nullable=False),
    Column("root", Text),
    # The id of a removed batch is never given again: decisions on its images stay in the log.
    sqlite_autoincrement=True,
)

ITEMS: Final = Table(
    "items",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("image_sha256", String(64)),
    Column("label", String(16)),
    Column("no_call_reason", Text),
    Column("confidence", Float),
    Column("probabilities", JSON(none_as_null=True)),
    Column("branch_probabilities", JSON(none_as_null=True)),
    Column("branches_agree", Boolean),
    Column("quality", JSON(none_as_null=True), nullable=False),
    Column("error", Text),
    Column("mode", String(16), nullable=False),
    UniqueConstraint("run_id", "position"),
    sqlite_autoincrement=True,
)

DECISIONS: Final = Table(
    "decisions",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("image_sha256", String(64), nullable=False),
    Column("image_name", Text, nullable=False),
    Column("bundle_sha256", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("label", String(16)),
    Column("reason", Text, nullable=False),
    Column("initials", String(32), nullable=False),
    Column("user_mail", Text),
    Column("decided_at", String(32), nullable=False),
    Column("run_id", Integer),
    Column("item_id", Integer),
    Column("is_blinded", Boolean, nullable=False),
    Index("decisions_of_image", "image_sha256"),
    Index("decisions_of_run", "run_id"),
)

AUDIT_TRAIL: Final = Table(
    "audit_trail",
    METADATA,
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("recorded_at", String(32), nullable=False),
    Column("event", String(16), nullable=False),
    Column("user_mail", Text),
    Column("image_sha256", String(64), nullable=False),
    Column("bundle_sha256", String(64), nullable=False),
    Column("software_version", String(32), nullable=False),
    Column("detail", Text, nullable=False),
    Column("previous_hash", String(64), nullable=False),
    Column("row_hash", String(64), nullable=False),
)

AUDIT_HEAD: Final = Table(
    "audit_head",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("n_rows", Integer, nullable=False),
    Column("row_hash", String(64), nullable=False),
)
"""One row: how long the audit trail is and how it ends, so that a cut end is noticed."""
