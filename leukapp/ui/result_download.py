"""The downloaded record of one result, with the fields of ``leukapp diagnose --json``."""

import json

import streamlit as st

from leukapp.diagnosis import Diagnosis
from leukapp.result_record import diagnosis_record
from leukapp.ui import texts
from leukapp.ui.wording import escape_markdown


def build_result_json(diagnosis: Diagnosis, *, name: str) -> bytes:
    """Write one result as an indented JSON object in UTF-8.

    Args:
        diagnosis: what is recorded; no pixels go into the record.
        name: the image's file name without folders.
    """
    record = diagnosis_record(diagnosis, path=name)
    return json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False).encode()


def show_download(diagnosis: Diagnosis, *, name: str) -> None:
    """Write the download button and the line that says what answered."""
    line, button = st.columns([3, 1], vertical_alignment="center")
    line.caption(
        texts.RECORD_LINE.format(
            name=escape_markdown(diagnosis.bundle.name),
            sha=diagnosis.bundle.sha256[:12],
            engine=escape_markdown(diagnosis.engine),
            elapsed=diagnosis.timings.total_ms,
        )
    )
    button.download_button(
        texts.DOWNLOAD,
        data=build_result_json(diagnosis, name=name),
        file_name=f"leukapp-{diagnosis.image_sha256[:12]}.json",
        mime="application/json",
        on_click="ignore",
        icon=":material/download:",
        key="download",
        width="stretch",
    )
