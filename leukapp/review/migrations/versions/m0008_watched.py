"""Scores of the images that a commissioned bundle answers, by which a drift is found."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; what was answered before is not in it."""
    op.create_table(
        "watched",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("bundle_sha256", sa.String(64), nullable=False),
        sa.Column("image_sha256", sa.String(64), nullable=False),
        sa.Column("seen_at", sa.String(32), nullable=False),
        sa.Column("distance", sa.Float, nullable=True),
        sa.Column("stain", sa.Float, nullable=True),
        sa.Column("scale", sa.Float, nullable=True),
        sa.UniqueConstraint("bundle_sha256", "image_sha256"),
    )


def downgrade() -> None:
    """There is no way back: a log that is never shortened has no earlier form."""
    raise NotImplementedError
