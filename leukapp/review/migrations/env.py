"""Run by Alembic: migrate the connection that the store hands over."""

from alembic import context

from leukapp.review.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=False,
)
context.run_migrations()
