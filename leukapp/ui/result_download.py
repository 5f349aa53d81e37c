"""Downloads of one result: JSON with the fields of ``leukapp diagnose --json``, and PDF."""

import json
from collections.abc import Sequence
from datetime import UTC

import streamlit as st

from leukapp.diagnosis import Diagnosis
from leukapp.inference.decision import Answer
from leukapp.result_record import diagnosis_record, summary_record
from leukapp.review.corrected_cells import (
    correct_cells,
    correction_record,
    count_corrected,
    n_corrected,
)
from leukapp.review.records import CellCorrection, Decision
from leukapp.ui import texts
from leukapp.ui.image_summary import image_name
from leukapp.ui.wording import escape_markdown


def build_result_json(
    diagnosis: Diagnosis,
    decision: Decision | None = None,
    corrections: Sequence[CellCorrection] = (),
    corrected: Answer | None = None,
) -> bytes:
    """Write one result as an indented JSON object in UTF-8.

    The image is named by its hash alone: a file name can hold a patient's name.

    Args:
        diagnosis: what is recorded; no pixels go into the record.
        decision: the reviewer's that stands, or None.
        corrections: of its leukocytes that stand; the networks' answers stay beside them.
        corrected: verdict with these, or None.
    """
    record = diagnosis_record(diagnosis, path=image_name(diagnosis))
    record["decision"] = None if decision is None else decision_record(decision)
    cells = correct_cells(diagnosis.cells, corrections)
    record["corrections"] = [
        {"cell": number, **correction_record(cell.correction)}
        for number, cell in enumerate(cells, start=1)
        if cell.correction is not None
    ]
    record["corrected_summary"] = (
        summary_record(count_corrected(cells)) if n_corrected(cells) else None
    )
    record["corrected_finding"] = None if corrected is None else corrected.finding
    record["corrected_label"] = None if corrected is None else corrected.label
    return json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False).encode()


def decision_record(decision: Decision) -> dict[str, str | int | bool | None]:
    """Give the fields of a saved decision, ready for ``json.dumps``.

    Args:
        decision: a line of the review log.
    """
    return {
        "log_line": decision.id,
        "kind": decision.kind.value,
        "finding": decision.finding,
        "label": decision.label,
        "reason": decision.reason,
        "initials": decision.initials,
        "user": decision.user,
        "bundle_sha256": decision.bundle_sha256,
        "decided_at_utc": decision.decided_at.astimezone(UTC).isoformat(timespec="seconds"),
    }


def show_record_line(diagnosis: Diagnosis) -> None:
    """Write the line that says what answered, with which engine and how fast."""
    st.caption(
        texts.RECORD_LINE.format(
            name=escape_markdown(diagnosis.bundle.name),
            sha=diagnosis.bundle.sha256,
            image=diagnosis.image_sha256,
            engine=escape_markdown(diagnosis.engine),
            elapsed=diagnosis.timings.total_ms,
        )
    )


def show_report_download(
    diagnosis: Diagnosis,
    *,
    is_synthetic: bool,
    decision: Decision | None,
    corrections: Sequence[CellCorrection] = (),
    corrected: Answer | None = None,
) -> None:
    """Write the button that gives the report.

    Args:
        diagnosis: what is recorded.
        is_synthetic: the image was drawn by a program.
        decision: the reviewer's that stands, or None.
        corrections: of its leukocytes that stand.
        corrected: verdict with these, or None.
    """
    st.download_button(
        texts.DOWNLOAD_PDF,
        data=lambda: _pdf(diagnosis, is_synthetic, decision, corrections, corrected),
        file_name=f"{_stem(diagnosis)}.pdf",
        mime="application/pdf",
        on_click="ignore",
        icon=":material/picture_as_pdf:",
        key="download-pdf",
    )


def show_json_download(
    diagnosis: Diagnosis,
    decision: Decision | None,
    corrections: Sequence[CellCorrection] = (),
    corrected: Answer | None = None,
) -> None:
    """Write the button that gives the result as JSON.

    Args:
        diagnosis: what is recorded.
        decision: the reviewer's that stands, or None.
        corrections: of its leukocytes that stand.
        corrected: verdict with these, or None.
    """
    st.download_button(
        texts.DOWNLOAD,
        data=build_result_json(diagnosis, decision, corrections, corrected),
        file_name=f"{_stem(diagnosis)}.json",
        mime="application/json",
        on_click="ignore",
        icon=":material/download:",
        key="download",
    )


def _stem(diagnosis: Diagnosis) -> str:
    return f"leukapp-{diagnosis.image_sha256[:12]}"


def _pdf(
    diagnosis: Diagnosis,
    is_synthetic: bool,
    decision: Decision | None,
    corrections: Sequence[CellCorrection],
    corrected: Answer | None,
) -> bytes:
    """Build the report; its library is imported for the first report, not for the first screen."""
    from leukapp.ui.result_pdf import build_result_pdf

    return build_result_pdf(
        diagnosis,
        is_synthetic=is_synthetic,
        decision=decision,
        corrections=corrections,
        corrected=corrected,
    )
