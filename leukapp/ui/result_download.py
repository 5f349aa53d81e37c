"""Downloads of one result: JSON with the fields of ``leukapp diagnose --json``, and PDF."""

import json

import streamlit as st

from leukapp.diagnosis import Diagnosis
from leukapp.result_record import diagnosis_record
from leukapp.ui import texts
from leukapp.ui.image_summary import image_name
from leukapp.ui.result_pdf import build_result_pdf
from leukapp.ui.wording import escape_markdown


def build_result_json(diagnosis: Diagnosis) -> bytes:
    """Write one result as an indented JSON object in UTF-8.

    The image is named by its hash alone: a file name can hold a patient's name.

    Args:
        diagnosis: what is recorded; no pixels go into the record.
    """
    record = diagnosis_record(diagnosis, path=image_name(diagnosis))
    return json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False).encode()


def show_download(diagnosis: Diagnosis, *, is_synthetic: bool) -> None:
    """Write the download buttons and the line that says what answered.

    Args:
        diagnosis: what is recorded.
        is_synthetic: the image was drawn by a program.
    """
    line, report, record = st.columns([2, 1, 1], vertical_alignment="center")
    line.caption(
        texts.RECORD_LINE.format(
            name=escape_markdown(diagnosis.bundle.name),
            sha=diagnosis.bundle.sha256[:12],
            engine=escape_markdown(diagnosis.engine),
            elapsed=diagnosis.timings.total_ms,
        )
    )
    stem = f"leukapp-{diagnosis.image_sha256[:12]}"
    report.download_button(
        texts.DOWNLOAD_PDF,
        data=lambda: build_result_pdf(diagnosis, is_synthetic=is_synthetic),
        file_name=f"{stem}.pdf",
        mime="application/pdf",
        on_click="ignore",
        icon=":material/picture_as_pdf:",
        key="download-pdf",
        width="stretch",
    )
    record.download_button(
        texts.DOWNLOAD,
        data=build_result_json(diagnosis),
        file_name=f"{stem}.json",
        mime="application/json",
        on_click="ignore",
        icon=":material/download:",
        key="download",
        width="stretch",
    )
