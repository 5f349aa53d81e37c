"""Judged images and decisions, made by hand."""

from datetime import UTC, datetime

from leukapp.imaging.cell_boxes import CellBox
from leukapp.labels import finding_of
from leukapp.review.records import BatchItem, CellCorrection, Decision, DecisionKind, ItemState


def make_item(item_id: int, **changes: object) -> BatchItem:
    values: dict[str, object] = {
        "id": item_id,
        "run_id": 1,
        "position": item_id,
        "name": f"cell-{item_id}.png",
        "source": f"cell-{item_id}.png",
        "image_sha256": f"{item_id:064x}",
        "state": ItemState.DONE,
        "label": "ALL",
        "no_call_reason": None,
        "confidence": 0.9,
        "probabilities": {"ALL": 0.9, "AML": 0.05, "Healthy": 0.05},
        "branch_probabilities": None,
        "branches_agree": True,
        "quality": (),
        "error": None,
        "mode": "whole",
    }
    changed = {**values, **changes}
    label = changed["label"]
    assert label is None or isinstance(label, str)
    changed.setdefault("finding", finding_of(label))
    return BatchItem(**changed)  # type: ignore[arg-type]


def make_decision(
    decision_id: int,
    item_id: int | None,
    kind: DecisionKind,
    label: str | None = None,
    finding: str | None = None,
) -> Decision:
    return Decision(
        id=decision_id,
        image_sha256=f"{item_id or 0:064x}",
        image_name="cell",
        bundle_sha256="ab" * 32,
        kind=kind,
        finding=finding or finding_of(label),
        label=label,
        reason="",
        initials="AB",
        user=None,
        decided_at=datetime(2026, 3, 1, 12, tzinfo=UTC),
        run_id=1,
        item_id=item_id,
    )


def make_correction(box: CellBox, answer: str) -> CellCorrection:
    return CellCorrection(
        sequence=9,
        box=box,
        answer=answer,
        initials="KM",
        user=None,
        corrected_at=datetime(2026, 3, 1, 13, tzinfo=UTC),
    )
