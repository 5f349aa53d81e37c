"""The table of all images of a session, and the download of all their results."""

import io
import json
from dataclasses import dataclass
from typing import Final

import streamlit as st

from leukapp.errors import LeukappError
from leukapp.labels import CLASS_NAMES, order_classes
from leukapp.result_record import RESEARCH_USE_NOTICE
from leukapp.review.corrected_cells import Corrections, correction_columns, correction_record
from leukapp.spreadsheet import write_csv_rows
from leukapp.ui import texts, theme
from leukapp.ui.cell_table import show_case
from leukapp.ui.guarded import guarded
from leukapp.ui.image_choice import SELECTED_KEY
from leukapp.ui.image_summary import ImageSummary
from leukapp.ui.review.log import open_log
from leukapp.ui.session import Outcome
from leukapp.ui.upload import ImageEntry

TABLE_KEY: Final = "overview"
ROW_HEIGHT_PX: Final = 56
MAX_HEIGHT_PX: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewLine:
    """One readable image.

    Attributes:
        entry: the image.
        answer_name: what is called; None for "no call".
        summary: its numbers.
    """

    entry: ImageEntry
    answer_name: str | None
    summary: ImageSummary


def overview_lines(entries: list[ImageEntry], outcomes: list[Outcome]) -> list[OverviewLine]:
    """Give the readable images in the order in which they came."""
    return [
        OverviewLine(entry=entry, answer_name=outcome.answer_name, summary=outcome.summary)
        for entry, outcome in zip(entries, outcomes, strict=True)
        if outcome.summary is not None
    ]


def show_image_overview(entries: list[ImageEntry], outcomes: list[Outcome]) -> None:
    """Write the table where there are several readable images; a click on a row opens its image."""
    lines = overview_lines(entries, outcomes)
    if len(lines) < 2:
        return

    def open_row() -> None:
        rows = st.session_state[TABLE_KEY]["selection"]["rows"]
        if rows:
            st.session_state[SELECTED_KEY] = lines[rows[0]].entry.key

    with st.container(border=True, key="all-images"):
        st.subheader(f"{texts.OVERVIEW} ({len(lines)})", help=texts.OVERVIEW_HELP, anchor=False)
        st.dataframe(
            overview_table(lines),
            hide_index=True,
            row_height=ROW_HEIGHT_PX,
            height=min(MAX_HEIGHT_PX, (len(lines) + 1) * ROW_HEIGHT_PX),
            column_config={
                texts.OVERVIEW_PICTURE: st.column_config.ImageColumn(width=70),
                texts.OVERVIEW_PROBABILITY: st.column_config.ProgressColumn(
                    format="percent", min_value=0, max_value=1
                ),
            },
            on_select=guarded(open_row),
            selection_mode="single-row",
            key=TABLE_KEY,
        )
        show_case([line.summary.cells for line in lines if line.summary.cells is not None])
        _show_downloads(lines)


def overview_table(lines: list[OverviewLine]) -> dict[str, list[str] | list[float | None]]:
    """Give column heading to cells, one row an image, as it is shown."""
    return {
        texts.OVERVIEW_PICTURE: [line.summary.thumbnail_uri for line in lines],
        texts.OVERVIEW_NAME: [line.entry.name for line in lines],
        texts.OVERVIEW_VERDICT: [theme.marked(line.answer_name) for line in lines],
        # Beside "no call" no class and no share stand that could be taken for an answer.
        texts.OVERVIEW_PROBABILITY: [
            line.summary.probability if line.answer_name else None for line in lines
        ],
        texts.OVERVIEW_BRANCHES: [
            {True: texts.BRANCHES_SAME, False: texts.BRANCHES_DIFFER, None: ""}[
                line.summary.branches_agree if line.answer_name else None
            ]
            for line in lines
        ],
        texts.OVERVIEW_NOTE: [line.summary.note for line in lines],
    }


def build_all_json(lines: list[OverviewLine], corrections: Corrections | None = None) -> bytes:
    """Write all results as a JSON array, as ``leukapp diagnose --json`` does.

    Args:
        lines: of the images.
        corrections: of their leukocytes, which stand beside the networks' answers; None where the
            review log is away.
    """
    records = [
        {
            **line.summary.record,
            "corrections": None
            if corrections is None
            else [
                correction_record(made)
                for made in corrections.get(line.summary.record["image_sha256"], ())
            ],
        }
        for line in lines
    ]
    return json.dumps(records, indent=2, ensure_ascii=False, allow_nan=False).encode()


def build_all_csv(lines: list[OverviewLine], corrections: Corrections | None = None) -> bytes:
    """Write all results as CSV, one row an image, named by its hash.

    Args:
        lines: of the images.
        corrections: of their leukocytes, in columns of their own; None as above.
    """
    made = corrections or {}
    answers = [line.summary.record["probabilities"] or {} for line in lines]
    # Where no image was answered nothing tells the classes, and the columns stand empty.
    classes = order_classes(name for answer in answers for name in answer) or CLASS_NAMES
    rows = []
    for line in lines:
        record = line.summary.record
        rows.append(
            {
                "image_sha256": record["image_sha256"],
                "finding": record["finding"] or "",
                "label": record["label"] or "",
                "no_call_reason": record["no_call_reason"] or "",
                **{f"p_{name}": (record["probabilities"] or {}).get(name) for name in classes},
                "branches_agree": line.summary.branches_agree,
                **correction_columns(made.get(record["image_sha256"], ())),
                "bundle": record["bundle"]["name"],
                "bundle_sha256": record["bundle"]["sha256"],
                "created_at_utc": record["created_at_utc"],
                "notice": RESEARCH_USE_NOTICE,
            }
        )
    buffer = io.StringIO()
    write_csv_rows(buffer, [list(rows[0]) if rows else [], *(list(row.values()) for row in rows)])
    return buffer.getvalue().encode()


def _corrections() -> Corrections | None:
    """What readers said of leukocytes; None where the review log is away."""
    try:
        return open_log().all_cell_corrections()
    except LeukappError:
        return None


def _show_downloads(lines: list[OverviewLine]) -> None:
    """Write the buttons that download every result."""
    with st.container(horizontal=True):
        st.download_button(
            texts.DOWNLOAD_TABLE,
            data=lambda: build_all_csv(lines, _corrections()),
            file_name="leukapp-results.csv",
            mime="text/csv",
            on_click="ignore",
            icon=":material/download:",
            key="download-all-csv",
        )
        st.download_button(
            texts.DOWNLOAD_ALL,
            data=lambda: build_all_json(lines, _corrections()),
            file_name="leukapp-results.json",
            mime="application/json",
            on_click="ignore",
            icon=":material/download:",
            key="download-all-json",
        )
