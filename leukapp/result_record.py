"""One result as JSON: the same fields on the command line and in the app's download."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from leukapp.cells import CellAnswer, CellSummary
from leukapp.diagnosis import Diagnosis

RESEARCH_USE_NOTICE: Final = "Research use only: not for diagnosis or treatment decisions."


def diagnosis_record(
    diagnosis: Diagnosis, *, path: str, moment: datetime | None = None
) -> dict[str, Any]:
    """Fields of one diagnosed image, ready for ``json.dumps``.

    Args:
        diagnosis: what is recorded; no pixels go into the record.
        path: as the user named the image.
        moment: time of the record; now where it is None.

    Returns:
        Plain values only.
    """
    return {
        "path": path,
        "image_sha256": diagnosis.image_sha256,
        "mode": diagnosis.mode,
        "finding": diagnosis.finding,
        "label": diagnosis.label,
        "no_call_reason": diagnosis.no_call_reason,
        "no_call_details": list(diagnosis.no_call_details),
        "type_note": diagnosis.type_note,
        "probabilities": (
            diagnosis.probabilities.as_dict() if diagnosis.probabilities is not None else None
        ),
        "branches": {vote.name: vote.probabilities.as_dict() for vote in diagnosis.branches},
        "cells": [_cell_record(cell) for cell in diagnosis.cells],
        "summary": None if diagnosis.mode == "whole" else summary_record(diagnosis.cell_summary),
        "quality": asdict(diagnosis.quality),
        "bundle": asdict(diagnosis.bundle),
        "engine": diagnosis.engine,
        "elapsed_ms": round(diagnosis.timings.total_ms, 1),
        "created_at_utc": (moment or datetime.now(UTC)).isoformat(timespec="seconds"),
        "notice": RESEARCH_USE_NOTICE,
    }


def _cell_record(cell: CellAnswer) -> dict[str, Any]:
    return {
        "box": [cell.box.x0, cell.box.y0, cell.box.x1, cell.box.y1],
        "finding": cell.finding,
        "label": cell.label,
        "no_call_reason": cell.no_call_reason,
        "probabilities": cell.probabilities.as_dict(),
    }


def summary_record(summary: CellSummary) -> dict[str, Any]:
    """Fields of a summed-up field or case: counts, and the blast-like share with its interval.

    Args:
        summary: of one field, or of all fields of a case.
    """
    return {**asdict(summary), "is_enough": summary.is_enough}


def error_record(message: str, *, path: str) -> dict[str, Any]:
    """Fields of one image that could not be judged.

    Args:
        message: the one-sentence error.
        path: as the user named the image.

    Returns:
        Plain values only: path, error and notice, and empty the fields that hold an answer; those
        of the bundle and the moment are not there.
    """
    return {
        "path": path,
        "error": message,
        "mode": None,
        "finding": None,
        "label": None,
        "no_call_reason": None,
        "no_call_details": None,
        "type_note": None,
        "probabilities": None,
        "branches": None,
        "cells": [],
        "summary": None,
        "quality": None,
        "notice": RESEARCH_USE_NOTICE,
    }
