"""A batch may ask for two readers, and a decision may settle what they differ in."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both columns; the batches that are there already ask for one reader."""
    op.add_column("runs", sa.Column("n_readers", sa.Integer, nullable=True))
    op.add_column("decisions", sa.Column("is_adjudication", sa.Boolean, nullable=True))


def downgrade() -> None:
    """There is no way back: a log that is never shortened has no earlier form."""
    raise NotImplementedError
