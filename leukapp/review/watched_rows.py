"""Scores of the images that commissioned bundles answered, each image once a bundle."""

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from leukapp.diagnosis import Diagnosis
from leukapp.inference.watch_scores import WatchedImage, WatchScores
from leukapp.review.audit_trail import utc_now
from leukapp.review.tables import WATCHED


def add_watched(connection: Connection, diagnosis: Diagnosis) -> None:
    """Keep the scores of an image; nothing is added for a bundle that watches nothing.

    Args:
        connection: in a transaction.
        diagnosis: of the image.
    """
    scores = diagnosis.watch_scores
    if scores is None:
        return
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    row = {
        "bundle_sha256": diagnosis.bundle.sha256,
        "image_sha256": diagnosis.image_sha256,
        "seen_at": utc_now(),
        "distance": scores.distance,
        "stain": scores.stain,
        "scale": scores.scale,
    }
    connection.execute(insert(WATCHED).values(row).on_conflict_do_nothing())


def read_watched(
    connection: Connection, bundle_sha256: str, *, after: int, limit: int
) -> tuple[WatchedImage, ...]:
    """Images that a bundle answered, in the order in which they came.

    Args:
        connection: to the store.
        bundle_sha256: of the bundle.
        after: number of the last one that is known; 0 for none.
        limit: how many at most.
    """
    asked = (WATCHED.c.bundle_sha256 == bundle_sha256) & (WATCHED.c.id > after)
    rows = connection.execute(select(WATCHED).where(asked).order_by(WATCHED.c.id).limit(limit))
    return tuple(
        WatchedImage(
            number=row.id,
            image_sha256=row.image_sha256,
            seen_at=row.seen_at,
            scores=WatchScores(distance=row.distance, stain=row.stain, scale=row.scale),
        )
        for row in rows
    )
