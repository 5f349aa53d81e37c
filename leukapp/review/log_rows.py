"""Reading lines of the review log."""

from datetime import UTC, datetime

from sqlalchemy import RowMapping

from leukapp.labels import finding_of
from leukapp.review.records import Decision, DecisionKind


def read_decision(row: RowMapping) -> Decision:
    """Read one line of the review log.

    Args:
        row: of the table.
    """
    values = dict(row) | {
        "kind": DecisionKind(row["kind"]),
        "decided_at": datetime.fromisoformat(row["decided_at"]).astimezone(UTC),
        "finding": row["finding"] or finding_of(row["label"]),
        "is_adjudication": bool(row["is_adjudication"]),
    }
    values["user"] = values.pop("user_mail")
    return Decision(**values)
