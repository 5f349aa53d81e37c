"""Decisions that were signed together name the act, so that they can be taken back together."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the act; the decisions that are there already were each made alone."""
    op.add_column("decisions", sa.Column("act", sa.String(32), nullable=True))
    op.create_index("decisions_of_act", "decisions", ["act"])


def downgrade() -> None:
    """There is no way back: a log that is never shortened has no earlier form."""
    raise NotImplementedError
