"""Each batch keeps the folder that its files lie under; relative paths alone fit any folder."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the folder; of the batches that are there already it is not known."""
    op.add_column("runs", sa.Column("root", sa.Text, nullable=True))


def downgrade() -> None:
    """There is no way back: a log that is never shortened has no earlier form."""
    raise NotImplementedError
