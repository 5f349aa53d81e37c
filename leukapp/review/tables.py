"""The tables of the review store, as the newest migration leaves them.

A column that a later version added to a table whose rows have a digest in the audit trail carries
``LATER``: it counts in the digest only where it holds something, so that older rows keep theirs.
One that carries ``DERIVED`` follows from the others: it does not count, and is compared with them.
"""

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
    literal_column,
)

METADATA: Final = MetaData()
LATER: Final = "later"
DERIVED: Final = "derived"

STORE: Final = Table(
    "store",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("store_id", String(32), nullable=False),
)
"""One row: the id that tells this store from every other one; a copy has it, too."""

RUNS: Final = Table(
    "runs",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("created_at", String(32), nullable=False),
    Column("bundle_sha256", String(64), nullable=False),
    Column("software_version", String(32), nullable=False),
    Column("root", Text, info={LATER: True}),
    # How many readers it asks for; nothing where it is one.
    Column("n_readers", Integer, info={LATER: True}),
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
    # Which runner has the image in hand, and until when (seconds since 1970) it is believed.
    Column("claimed_by", String(32), info={LATER: True}),
    Column("claimed_until", Float, info={LATER: True}),
    Column("finding", String(16), info={LATER: True}),
    # Window and answer of each leukocyte; nothing where the image was judged whole.
    Column("cells", JSON(none_as_null=True), info={LATER: True}),
    # What the worklist sorts and filters by, as ``AnswerKeys`` has it; nothing before the answer.
    Column("verdict", String(40), info={DERIVED: True}),
    Column("is_refused", Boolean, info={DERIVED: True}),
    Column("doubt", Float, info={DERIVED: True}),
    Column("has_findings", Boolean, info={DERIVED: True}),
    UniqueConstraint("run_id", "position"),
    Index("items_by_state", "run_id", "state"),
    sqlite_autoincrement=True,
)

KEYS: Final = tuple(column for column in ITEMS.c if DERIVED in column.info)
WITHOUT_CELLS: Final = tuple(
    column for column in ITEMS.c if DERIVED not in column.info and column.name != "cells"
)
"""What lists of many images read; the cells of each are asked for by the case that counts them."""

IS_LISTED: Final = ITEMS.c.verdict.is_not(None)
"""The image was judged, so that it is in the worklist."""
FILTERED: Final = tuple(
    ITEMS.c[name] for name in ("verdict", "confidence", "branches_agree", "has_findings")
)
# One for each order; with what filters ask for, so that the rows themselves are not read.
for _name, _order in (
    ("items_in_doubt", (ITEMS.c.is_refused, ITEMS.c.doubt.desc(), ITEMS.c.position)),
    ("items_in_confidence", (ITEMS.c.is_refused, ITEMS.c.doubt, ITEMS.c.position)),
    ("items_as_they_came", (ITEMS.c.position,)),
):
    Index(
        _name,
        ITEMS.c.run_id,
        *_order,
        *FILTERED,
        sqlite_where=IS_LISTED,
        postgresql_where=IS_LISTED,
    )

IS_WAITING: Final = ITEMS.c.state == literal_column("'waiting'")
"""Written out: neither database sees that a bound value fits the condition of an index."""
Index(
    "items_unclaimed",
    ITEMS.c.run_id,
    ITEMS.c.position,
    sqlite_where=IS_WAITING & ITEMS.c.claimed_until.is_(None),
    postgresql_where=IS_WAITING & ITEMS.c.claimed_until.is_(None),
)

CASES: Final = Table(
    "cases",
    METADATA,
    Column("id", Integer, primary_key=True),
    # Accession number or free id.
    Column("name", Text),
    # Random, and new with each name: the hash in the audit trail cannot be tried out on numbers.
    Column("salt", String(32), nullable=False),
    Column("created_at", String(32), nullable=False),
    # The number of a removed case is never given again: links lead to no other patient's.
    sqlite_autoincrement=True,
)

CASE_IMAGES: Final = Table(
    "case_images",
    METADATA,
    Column(
        "item_id",
        Integer,
        ForeignKey("items.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("case_id", Integer, ForeignKey("cases.id", ondelete="CASCADE"), nullable=False),
    Index("images_of_case", "case_id"),
)
"""Which images of batches belong to which case; each to one at most."""

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
    # The decision that an undone line takes back; one can be taken back once.
    Column("takes_back", Integer, info={LATER: True}),
    Column("finding", String(16), info={LATER: True}),
    # What decisions have in common that one press of a button signed.
    Column("act", String(32), info={LATER: True}),
    Column("is_adjudication", Boolean, info={LATER: True}),
    Index("decisions_of_act", "act"),
    Index("decisions_of_image", "image_sha256"),
    Index("decisions_of_run", "run_id"),
    Index("decisions_of_item", "item_id"),
    Index("decisions_taken_back", "takes_back", unique=True),
)

STANDING: Final = Table(
    "standing",
    METADATA,
    Column(
        "item_id",
        Integer,
        ForeignKey("items.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    # Who sees it so; empty for everyone, else as ``reader_of`` names one of two readers.
    Column("reader", Text, primary_key=True),
    Column("run_id", Integer, nullable=False),
    Column("decision_id", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    # The answer of a reviewer who overrides; who agrees gives that of the image.
    Column("answer", String(40)),
    Column("differs", Boolean, nullable=False),
    Index("standing_of_run", "run_id", "reader"),
)
"""Which decision stands on which image of a batch; it follows from the log, which alone counts."""

REMOVALS: Final = Table(
    "removals",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("name", String(64), nullable=False),
    Column("removed_at", Float, nullable=False),
)
"""Files of removed batches that are still to be deleted: uploads by id, thumbnails by hash."""

WATCHED: Final = Table(
    "watched",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("bundle_sha256", String(64), nullable=False),
    Column("image_sha256", String(64), nullable=False),
    Column("seen_at", String(32), nullable=False),
    Column("distance", Float),
    Column("stain", Float),
    Column("scale", Float),
    UniqueConstraint("bundle_sha256", "image_sha256"),
)
"""Images that a commissioned bundle answered, each once, in the order in which they came."""

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

IS_CORRECTION: Final = AUDIT_TRAIL.c.event == literal_column("'cell_corrected'")
"""Written out, as ``IS_WAITING``: few rows of a long trail are corrections, and each look at an
image asks for its own."""
Index(
    "corrections_of_image",
    AUDIT_TRAIL.c.image_sha256,
    sqlite_where=IS_CORRECTION,
    postgresql_where=IS_CORRECTION,
)

AUDIT_HEAD: Final = Table(
    "audit_head",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("n_rows", Integer, nullable=False),
    Column("row_hash", String(64), nullable=False),
)
"""One row: how long the audit trail is and how it ends, so that a cut end is noticed."""
