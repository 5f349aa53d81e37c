"""Answers and decisions keep their finding, which a leukemia has whose type is not named."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the finding; that of the rows that are there already follows from their class."""
    for table in ("items", "decisions"):
        op.add_column(table, sa.Column("finding", sa.String(16), nullable=True))


def downgrade() -> None:
    """There is no way back: a log that is never shortened has no earlier form."""
    raise NotImplementedError
