"""Indexes for batches of very many images: those that wait, and the decisions on each."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the indexes; without the first each claim reads every image that waits."""
    is_unclaimed = sa.text("state = 'waiting' AND claimed_until IS NULL")
    op.create_index(
        "items_unclaimed",
        "items",
        ["run_id", "position"],
        sqlite_where=is_unclaimed,
        postgresql_where=is_unclaimed,
    )
    op.create_index("decisions_of_item", "decisions", ["item_id"])


def downgrade() -> None:
    """There is no way back: a log that is never shortened has no earlier form."""
    raise NotImplementedError
