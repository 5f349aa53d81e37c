"""Choosing one or two held-out sets in the sidebar, and the figures kept for them."""

import io
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import streamlit as st

from leukapp.errors import HeldOutError
from leukapp.evaluation.held_out import (
    LEADING_COLUMNS,
    TRAILING_COLUMNS,
    probability_columns,
)
from leukapp.evaluation.held_out_tables import (
    HeldOutTable,
    read_bundle_table,
    read_uploaded_table,
)
from leukapp.evaluation.source_evaluation import SourceEvaluation
from leukapp.labels import CLASS_NAMES
from leukapp.model.artifacts import ListedBundle, list_held_out_tables
from leukapp.resources import weights_dir
from leukapp.spreadsheet import write_csv_rows
from leukapp.ui.bundle_choice import found_bundles, names_of
from leukapp.ui.evaluation.address import (
    FIRST_KEY,
    FIRST_SOURCE_KEY,
    SECOND_KEY,
    SECOND_SOURCE_KEY,
)
from leukapp.ui.evaluation.side import Side, SideName
from leukapp.ui.evaluation.source_titles import source_title
from leukapp.ui.guarded import guarded
from leukapp.ui.texts import evaluation as texts
from leukapp.ui.wording import escape_markdown, shown_name

MAX_KEPT: Final = 64
UPLOAD_KEY: Final = "table"
BUNDLE_KEY: Final = "evaluation-bundle"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableOption:
    """One line of the menu of tables.

    Attributes:
        key: unique, the same at every rerun.
        title: as shown.
        path: of the table of a bundle, or None for the upload.
    """

    key: str
    title: str
    path: Path | None

    def is_of(self, bundle: ListedBundle) -> bool:
        """Whether it is a table of a bundle."""
        return self.path is not None and self.path.parent.resolve() == bundle.folder


def choose_sides(bundle: ListedBundle) -> tuple[Side, ...]:
    """Ask in the sidebar for one or two sets.

    Args:
        bundle: of this session; its tables come first.

    Returns:
        One side, or two to compare; empty where there is no table at all.

    Raises:
        HeldOutError: a chosen table cannot be read or was changed.
    """
    with st.sidebar:
        st.subheader(texts.SETS_HEADER, anchor=False)
        # The menus stand above the upload field that adds a line to them.
        menus = st.container()
        upload = st.file_uploader(
            texts.UPLOAD_LABEL,
            type=["csv", "parquet"],
            help=texts.UPLOAD_HELP,
            on_change=guarded(_take_upload),
            key=UPLOAD_KEY,
        )
        _show_format()
    options = {option.key: option for option in bundle_options()}
    if upload is not None:
        name = shown_name(upload.name)
        options[upload.file_id] = TableOption(
            key=upload.file_id, title=texts.UPLOADED.format(name=name), path=None
        )
    if not options:
        return ()

    def table_of(option: TableOption) -> HeldOutTable:
        if option.path is not None:
            return table_of_file(option.path)
        if upload is None:
            raise HeldOutError("The uploaded table is gone; drop it again.")
        return _read_upload(upload.file_id, shown_name(upload.name), upload.getvalue())

    with menus:
        keys = list(options)
        is_other = st.session_state.get(BUNDLE_KEY, bundle.folder) != bundle.folder
        st.session_state[BUNDLE_KEY] = bundle.folder
        if is_other or st.session_state.get(FIRST_KEY) not in keys:
            st.session_state[FIRST_KEY] = _set_at_first(options.values(), bundle)
        first = st.selectbox(
            texts.SET_LABEL, keys, format_func=lambda key: options[key].title, key=FIRST_KEY
        )
        sides = [_choose_source(table_of(options[first]), options[first], "A")]
        # A set is not compared with itself, but with another source of its table it is.
        is_alone = len(sides[0].table.held_out.source_names) == 1
        others = [key for key in keys if key != first or not is_alone]
        if st.session_state.get(SECOND_KEY) not in others:
            st.session_state[SECOND_KEY] = None
        second = st.selectbox(
            texts.COMPARE_LABEL,
            [None, *others],
            format_func=lambda key: options[key].title if key else texts.COMPARE_NONE,
            placeholder=texts.COMPARE_NONE,
            key=SECOND_KEY,
        )
        if second is not None:
            other = table_of(options[second])
            if _sources_to_compare(other, sides[0]):
                sides.append(_choose_source(other, options[second], "B", beside=sides[0]))
            else:
                st.info(texts.SAME_SET, icon=":material/content_copy:")
    return tuple(replace(side, is_alone=len(sides) == 1) for side in sides)


def _set_at_first(options: Iterable[TableOption], bundle: ListedBundle) -> str:
    """The set that the page opens with: of the session's bundle, else the first one."""
    return min(options, key=lambda option: not option.is_of(bundle)).key


def address_of(sides: tuple[Side, ...], section: str, bundle: ListedBundle) -> dict[str, str]:
    """Give what the page's address says; nothing while the page is as it opens by itself.

    Args:
        sides: at least one; an uploaded table is this session's alone and not named.
        section: that is open.
        bundle: of this session.
    """
    values: dict[str, str] = {}
    names = (("set", "source", FIRST_KEY), ("compare", "compare_source", SECOND_KEY))
    for side, (set_name, source_name, key) in zip(sides, names, strict=False):
        if not side.is_upload:
            values |= {set_name: st.session_state[key], source_name: side.source}
    options = bundle_options()
    first = sides[0].table.held_out.source_names[0]
    if options and values == {"set": _set_at_first(options, bundle), "source": first}:
        values = {}
    return values if section == texts.OVERVIEW else values | {"section": section}


def tables_beside(side: Side) -> tuple[tuple[str, HeldOutTable], ...]:
    """Give every table of a side's bundle; one that is damaged says so instead.

    Args:
        side: whose bundle it is; an uploaded table stands alone.

    Returns:
        Key of its line in the menu, and the table.
    """
    if side.is_upload:
        return ((str(st.session_state[FIRST_KEY]), side.table),)
    tables = []
    for option in bundle_options():
        if option.path is None or option.path.parent != side.table.bundle_folder:
            continue
        try:
            tables.append((option.key, table_of_file(option.path)))
        except HeldOutError as error:
            show_table_error(error)
    return tuple(tables)


def choose_source(option_key: str, source: str) -> None:
    """Show another source from now on; for callbacks.

    Args:
        option_key: of its table, see ``TableOption``.
        source: of the table.
    """
    st.session_state[FIRST_KEY] = option_key
    st.session_state[FIRST_SOURCE_KEY] = source


def _take_upload() -> None:
    """Choose the table that has just been dropped."""
    upload = st.session_state[UPLOAD_KEY]
    if upload is not None:
        st.session_state[FIRST_KEY] = upload.file_id


def _sources_to_compare(table: HeldOutTable, beside: Side | None) -> tuple[str, ...]:
    """The sources of a table; without that of a side of the same content."""
    names = table.held_out.source_names
    if beside is None or table.sha256 != beside.table.sha256:
        return names
    return tuple(name for name in names if name != beside.source)


def bundle_options() -> tuple[TableOption, ...]:
    """Give the tables of every bundle."""
    return tuple(
        TableOption(
            key=f"{name}/{path.name}",
            title=texts.SET_TITLE.format(
                bundle=name, table=texts.TABLE_TITLES.get(path.stem, path.stem)
            ),
            path=path,
        )
        for folder, name in names_of(bundle.folder for bundle in found_bundles()).items()
        for path in list_held_out_tables(folder)
    )


def table_of_file(path: Path) -> HeldOutTable:
    """Read a bundle's table, or give it as it was read before if no file beside it changed.

    Args:
        path: of the table.

    Raises:
        HeldOutError: it cannot be read or was changed.
    """
    stamps = tuple(
        (beside.name, beside.stat().st_mtime_ns, beside.stat().st_size)
        for beside in sorted(path.parent.glob("*.*"))
        if beside.suffix in {".json", ".csv", ".parquet"}
    )
    return _read_file(str(path), stamps)


def evaluation_of(table: HeldOutTable, source: str, *, is_upload: bool) -> SourceEvaluation:
    """Give the figures of one source; they are computed once and kept by the file's hash.

    Args:
        table: the whole table.
        source: one of its sources.
        is_upload: keep them for this session alone.
    """
    keep = _evaluate_for_session if is_upload else _evaluate_for_all
    return keep(table.sha256, source, table)


def _choose_source(
    table: HeldOutTable, option: TableOption, name: SideName, *, beside: Side | None = None
) -> Side:
    """Ask for one source of a table; at first that of the side it is compared with, if it has it.

    Only sources of another content than that side's are offered.
    """
    names = _sources_to_compare(table, beside)
    key = FIRST_SOURCE_KEY if name == "A" else SECOND_SOURCE_KEY
    if st.session_state.get(key) not in names:
        is_shared = beside is not None and beside.source in names
        st.session_state[key] = beside.source if beside and is_shared else names[0]
    source = st.selectbox(
        texts.SOURCE_LABEL if name == "A" else texts.COMPARE_SOURCE_LABEL,
        names,
        format_func=source_title,
        help=texts.SOURCE_HELP,
        key=key,
    )
    is_upload = option.path is None
    return Side(
        name=name,
        table=table,
        source=source,
        evaluation=evaluation_of(table, source, is_upload=is_upload),
        is_upload=is_upload,
    )


def _show_format() -> None:
    """Write what a table must hold, and offer an empty one."""
    with st.popover(texts.FORMAT_HEADER, width="stretch"):
        st.markdown(texts.FORMAT_BODY)
        st.download_button(
            texts.FORMAT_TEMPLATE,
            data=empty_table(),
            file_name="held_out.csv",
            mime="text/csv",
            on_click="ignore",
            key="table-template",
        )


def empty_table() -> bytes:
    """Give the header line of a held-out table without branches, as CSV."""
    buffer = io.StringIO()
    columns = [*LEADING_COLUMNS, *probability_columns(CLASS_NAMES), *TRAILING_COLUMNS]
    write_csv_rows(buffer, [columns])
    return buffer.getvalue().encode()


def show_table_error(error: HeldOutError) -> None:
    """Write everything that keeps a table from being shown, as plain text."""
    lines = [escape_markdown(fault) for fault in error.faults]
    if len(lines) > 1:
        lines = [texts.FAULTS.format(n=len(lines)), *(f"- {line}" for line in lines)]
    st.error("\n".join(lines), icon=":material/error:")


@st.cache_resource(show_spinner=False, max_entries=MAX_KEPT)
def _read_file(path: str, stamps: tuple[tuple[str, int, int], ...]) -> HeldOutTable:
    """Read a bundle's table once for the whole server, until a file beside it changes."""
    return read_bundle_table(Path(path))


@st.cache_resource(show_spinner=False, max_entries=4, scope="session")
def _read_upload(file_id: str, name: str, _data: bytes) -> HeldOutTable:
    """Read an uploaded table once for this session."""
    return read_uploaded_table(_data, name, weights_dir())


@st.cache_resource(show_spinner=False, max_entries=MAX_KEPT)
def _evaluate_for_all(sha256: str, source: str, _table: HeldOutTable) -> SourceEvaluation:
    """Evaluate one source of a bundle's table, for the whole server."""
    return SourceEvaluation(_table.held_out.of_source(source), _table.background.get(source))


@st.cache_resource(show_spinner=False, max_entries=MAX_KEPT, scope="session")
def _evaluate_for_session(sha256: str, source: str, _table: HeldOutTable) -> SourceEvaluation:
    """Evaluate one source of an uploaded table, for this session."""
    return SourceEvaluation(_table.held_out.of_source(source), _table.background.get(source))
