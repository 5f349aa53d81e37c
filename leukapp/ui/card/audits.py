"""The audit reports beside a bundle."""

import pandas as pd
import streamlit as st

from leukapp.audits import report_texts
from leukapp.audits.document import (
    AuditDocument,
    AuditTable,
    list_audit_files,
    read_audit,
)
from leukapp.errors import HeldOutError
from leukapp.model.bundle import Bundle
from leukapp.ui.evaluation.table_choice import show_table_error
from leukapp.ui.texts import model_card as texts
from leukapp.ui.wording import escape_markdown


def show_audits(bundle: Bundle) -> None:
    """Write each report as facts and tables, or that there is none."""
    st.subheader(texts.AUDITS, help=texts.AUDITS_HELP, anchor=False)
    paths = list_audit_files(bundle.folder)
    if not paths:
        st.info(texts.NO_AUDITS, icon=":material/info:")
    for path in paths:
        try:
            document = read_audit(path)
        except HeldOutError as error:
            show_table_error(error)
            continue
        with st.expander(report_texts.TITLES.get(document.name, escape_markdown(document.name))):
            _show_document(document, bundle)


def _show_document(document: AuditDocument, bundle: Bundle) -> None:
    """Write one report."""
    if document.name in report_texts.INTROS:
        st.caption(report_texts.INTROS[document.name])
    if document.bundle_sha256 is not None and document.bundle_sha256 != bundle.sha256:
        st.warning(
            texts.OTHER_BUNDLE.format(sha=escape_markdown(document.bundle_sha256[:16])),
            icon=":material/warning:",
        )
    if document.facts:
        st.dataframe(facts_frame(document), hide_index=True, key=f"facts-{document.name}")
    for number, table in enumerate(document.tables):
        heading, explanation = report_texts.SECTIONS.get(table.name, (table.name, ""))
        st.markdown(f"**{escape_markdown(heading)}**", help=explanation or None)
        st.dataframe(
            table_frame(table),
            hide_index=True,
            placeholder="–",
            key=f"table-{document.name}-{number}",
        )
    with st.container(horizontal=True):
        _show_file(document, texts.AUDIT_JSON, "application/json", bundle)
        if document.html is not None:
            _show_file(document, texts.AUDIT_HTML, "text/html", bundle)


def facts_frame(document: AuditDocument) -> pd.DataFrame:
    """Give one row a fact."""
    return pd.DataFrame(
        {
            texts.FACT: [fact.name for fact in document.facts],
            texts.VALUE: [fact.text for fact in document.facts],
        }
    )


def table_frame(table: AuditTable) -> pd.DataFrame:
    """Give a table of a report; a column of mixed kinds is written as text."""
    frame = pd.DataFrame(list(table.rows), columns=list(table.columns))
    for column in frame.columns:
        kinds = {type(value) for value in frame[column] if value is not None}
        if len(kinds) > 1 and kinds != {int, float}:
            frame[column] = [None if value is None else str(value) for value in frame[column]]
    return frame


def _show_file(document: AuditDocument, label: str, mime: str, bundle: Bundle) -> None:
    """Write the button that downloads one file of a report."""
    path = document.html if mime == "text/html" and document.html else document.path
    st.download_button(
        label,
        data=path.read_bytes(),
        file_name=f"leukapp-{bundle.sha256[:12]}-audit-{document.name}{path.suffix}",
        mime=mime,
        on_click="ignore",
        icon=":material/download:",
        key=f"file-{document.name}-{path.suffix}",
    )
