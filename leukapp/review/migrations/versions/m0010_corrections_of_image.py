"""An index of the corrected leukocytes of an image: a look at it does not read the whole trail."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index; the trail itself stays as it is."""
    is_correction = sa.text("event = 'cell_corrected'")
    op.create_index(
        "corrections_of_image",
        "audit_trail",
        ["image_sha256"],
        sqlite_where=is_correction,
        postgresql_where=is_correction,
    )


def downgrade() -> None:
    """There is no way back: a log that is never shortened has no earlier form."""
    raise NotImplementedError
