"""The record of a bundle that was commissioned, where what it was fitted on plays no part."""

from typing import Any

from leukapp.model.commission_record import CommissionRecord


def site_record(laboratory: str, **more: Any) -> CommissionRecord:
    """A record of forty images of twelve patients; what is told besides replaces it."""
    fields: dict[str, Any] = {
        "parent_name": "three",
        "parent_sha256": "0" * 64,
        "created_utc": "2026-11-30T17:00:00+00:00",
        "n_images": 40,
        "n_groups": 12,
        "groups_known": True,
        "classes": {"ALL": 20, "Healthy": 20},
        "group_hashes": (),
        "ridge": 2.0,
        "summary_share": 0.0,
        "certificates": (),
    }
    return CommissionRecord(laboratory=laboratory, **(fields | more))
