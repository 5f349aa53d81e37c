"""The report of a case: a cover and the pages of its images."""

from typing import Final

import streamlit as st

from leukapp.errors import LeukappError
from leukapp.review.worklist import WorklistEntry
from leukapp.ui.cases.open_case import OpenCase
from leukapp.ui.report.case_cover import CaseCover
from leukapp.ui.result_pdf import build_report_pdf
from leukapp.ui.review.image_reports import read_again
from leukapp.ui.session import SharedDiagnoser
from leukapp.ui.texts import cases as texts
from leukapp.ui.wording import escape_markdown

MAX_PAGED: Final = 40
"""Each image is read again, for its heatmaps are not kept."""
MADE_KEY: Final = "case-report-made"


def show_case_report(opened: OpenCase, diagnoser: SharedDiagnoser) -> None:
    """Write the way to the report of a case.

    Args:
        opened: the case.
        diagnoser: computes the heatmaps.
    """
    st.subheader(texts.REPORT, anchor=False)
    paged = _paged(opened, diagnoser)
    n_other = sum(
        opened.runs[entry.item.run_id].bundle_sha256 != diagnoser.bundle_sha256
        for entry in opened.settled
    )
    if n_other:
        st.caption(texts.OTHER_BUNDLE.format(n=n_other))
    with_name = opened.case.name is not None and st.toggle(
        texts.WITH_NAME, help=texts.WITH_NAME_HELP, key=f"case-{opened.case.id}-with-name"
    )
    # What the report says: once that has changed, the one that was made is not offered any more.
    said = (opened.case, with_name, opened.settled, opened.summary, diagnoser.bundle_sha256)
    with st.container(horizontal=True, gap="small"):
        if st.button(
            texts.MAKE_REPORT,
            icon=":material/picture_as_pdf:",
            help=texts.MAKE_REPORT_HELP.format(most=MAX_PAGED),
            key="case-make-report",
        ):
            _make(opened, paged, diagnoser, said, with_name=with_name)
        made_of, made = st.session_state.get(MADE_KEY, (None, b""))
        if made_of == said:
            st.download_button(
                texts.DOWNLOAD_REPORT,
                data=made,
                file_name=f"leukapp-case-{opened.case.id}.pdf",
                mime="application/pdf",
                on_click="ignore",
                icon=":material/download:",
                key="case-report",
            )


def _make(
    opened: OpenCase,
    paged: tuple[WorklistEntry, ...],
    diagnoser: SharedDiagnoser,
    said: object,
    *,
    with_name: bool,
) -> None:
    try:
        with st.spinner(texts.MAKING_REPORT):
            made = build_case_report(opened, paged, diagnoser, with_name=with_name)
    except LeukappError as error:
        st.session_state.pop(MADE_KEY, None)
        st.warning(escape_markdown(str(error)), icon=":material/hourglass_top:")
    else:
        st.session_state[MADE_KEY] = (said, made)


def build_case_report(
    opened: OpenCase,
    paged: tuple[WorklistEntry, ...],
    diagnoser: SharedDiagnoser,
    *,
    with_name: bool,
) -> bytes:
    """Read images of a case again and write its report.

    Args:
        opened: the case.
        paged: its images that get pages, answered by the bundle of ``diagnoser``.
        diagnoser: computes the heatmaps.
        with_name: write the accession number or id of the case on the cover.

    Raises:
        ImageError: no image that should get pages can be read any more.
        BatchSourceError: the files of a batch are not at hand.
        BusyError: too many wait already.
    """
    reported = read_again(paged, opened.read_pixels(), diagnoser, opened.corrections)
    summary = opened.summary
    cover = CaseCover(
        number=opened.case.id,
        name=opened.case.name if with_name else None,
        summary=summary,
        entries=[entry for entry in opened.settled if entry.item.id in summary.item_ids],
        bundles={run_id: run.bundle_sha256 for run_id, run in opened.runs.items()},
        pages={item_id: number for number, item_id in enumerate(reported, start=1)},
    )
    return build_report_pdf(tuple(reported.values()), case=cover)


def _paged(opened: OpenCase, diagnoser: SharedDiagnoser) -> tuple[WorklistEntry, ...]:
    """The first images that the chosen bundle answered, each file once."""
    wanted = set(opened.summary.item_ids)
    mine = [
        entry
        for entry in opened.settled
        if entry.item.id in wanted
        and opened.runs[entry.item.run_id].bundle_sha256 == diagnoser.bundle_sha256
    ]
    return tuple(mine[:MAX_PAGED])
