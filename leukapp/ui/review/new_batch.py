"""Where the images of a new batch come from, and its start."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from leukapp.errors import LeukappError
from leukapp.resources import ROOT_VARIABLE, review_root
from leukapp.review.double_reading import N_READERS
from leukapp.review.server_folder import MAX_FILES, files_of, list_folder
from leukapp.review.store import ReviewStore
from leukapp.review.upload_budget import UPLOAD_LIMITS, Spent
from leukapp.review.uploads import BatchEntry, keep_files
from leukapp.ui.cases.naming import ask_for_case, show_named_case
from leukapp.ui.guarded import guarded
from leukapp.ui.review.batch_address import go_to_batch
from leukapp.ui.review.begin import BatchStart, begin_reading
from leukapp.ui.review.worker import BatchWorker
from leukapp.ui.session import SharedDiagnoser
from leukapp.ui.texts import batch as texts
from leukapp.ui.wording import escape_markdown, shown_name

MAX_NAME: Final = 80
SOURCES: Final = (texts.SOURCE_FILES, texts.SOURCE_FOLDER, texts.SOURCE_SERVER)
FOLDER_KEY: Final = "batch-folder"
TWO_READERS_KEY: Final = "batch-two-readers"
FRESH_KEY: Final = "batch-upload-number"


def show_new_batch(store: ReviewStore, worker: BatchWorker, diagnoser: SharedDiagnoser) -> None:
    """Write the questions and the button that starts a batch.

    Args:
        store: keeps the batch.
        worker: reads it.
        diagnoser: the server's networks.
    """
    source = st.segmented_control(
        texts.SOURCE_LABEL, SOURCES, default=SOURCES[0], required=True, key="batch-source"
    )
    name = st.text_input(
        texts.NAME_LABEL,
        max_chars=MAX_NAME,
        placeholder=texts.NAME_PLACEHOLDER,
        autocomplete="off",
        key="batch-name",
    )
    case = ask_for_case(key="batch-case")
    st.toggle(texts.TWO_READERS, help=texts.TWO_READERS_HELP, key=TWO_READERS_KEY)
    try:
        show_named_case(case, store)
        if source == texts.SOURCE_SERVER:
            entries = _server_entries()
        else:
            entries = _uploaded_entries(source, store.store_id, diagnoser)
        if entries is not None:
            start = BatchStart(
                entries=entries,
                name=name,
                case=case,
                root=review_root() if source == texts.SOURCE_SERVER else None,
                n_readers=N_READERS if st.session_state.get(TWO_READERS_KEY) else 1,
            )
            run = begin_reading(start, store, worker, diagnoser)
            st.session_state[FRESH_KEY] = st.session_state.get(FRESH_KEY, 0) + 1
            go_to_batch(run.id)
            st.rerun()
    except LeukappError as error:
        st.error(escape_markdown(str(error)), icon=":material/error:")


def _uploaded_entries(
    source: str, store_id: str, diagnoser: SharedDiagnoser
) -> Sequence[BatchEntry] | None:
    """Ask for files; once started, keep them and give what they are."""
    number = st.session_state.get(FRESH_KEY, 0)
    files = st.file_uploader(
        texts.FILES_LABEL if source == texts.SOURCE_FILES else texts.FOLDER_LABEL,
        accept_multiple_files=True if source == texts.SOURCE_FILES else "directory",
        help=texts.FILES_HELP,
        key=f"batch-upload-{number}-{SOURCES.index(source)}",
    )
    st.caption(_limits_line())
    if files:
        st.caption(texts.N_FILES.format(n=len(files)))
    if not _show_start(is_ready=bool(files)):
        return None
    return _keep(files, store_id, diagnoser)


def _limits_line() -> str:
    limits = UPLOAD_LIMITS
    return texts.UPLOAD_LIMITS.format(
        files=MAX_FILES,
        pixels=limits.max_pixels / 1e9,
        disk=limits.max_disk_bytes / 1e9,
        minutes=limits.max_seconds / 60,
    )


def _keep(
    files: Sequence[UploadedFile], store_id: str, diagnoser: SharedDiagnoser
) -> Sequence[BatchEntry]:
    bar = st.progress(0.0)

    def report(i: int, spent: Spent) -> None:
        words = texts.KEEPING.format(
            i=i + 1,
            n=len(files),
            kept=spent.n_files,
            pixels=spent.n_pixels / 1e9,
            disk=spent.n_disk_bytes / 1e9,
        )
        bar.progress(min(1.0, i / len(files)), words)

    uploads = ((shown_name(file.name), file.getvalue()) for file in files)
    return keep_files(uploads, store_id=store_id, on_file=report, turn=diagnoser.turn)


def _server_entries() -> Sequence[BatchEntry] | None:
    """Ask for a folder of the server; once started, give its files."""
    root = review_root()
    if root is None:
        st.info(texts.NO_ROOT.format(variable=f"`{ROOT_VARIABLE}`"), icon=":material/folder_off:")
        return None
    relative = _choose_folder(root)
    deep = st.toggle(texts.WITH_SUBFOLDERS, value=True, key="batch-deep")
    if not _show_start(is_ready=True):
        return None
    return tuple(
        BatchEntry(name=file, source=file)
        for file in files_of(root, relative, with_subfolders=deep)
    )


def _choose_folder(root: Path) -> str:
    """Walk through the folders under the root; gives the one on the screen."""
    here = st.session_state.get(FOLDER_KEY, ".")
    listing = list_folder(root, here)
    shown = texts.ROOT if listing.relative == "." else f"{texts.ROOT} / {listing.relative}"

    def go_up() -> None:
        st.session_state[FOLDER_KEY] = Path(listing.relative).parent.as_posix()

    def go_into() -> None:
        chosen = st.session_state.get(key)
        if chosen is not None:
            st.session_state[FOLDER_KEY] = f"{listing.relative}/{chosen}"

    key = f"batch-into-{listing.relative}"
    st.markdown(f":material/folder_open: {texts.HERE.format(path=escape_markdown(shown))}")
    into, up = st.columns([4, 1], vertical_alignment="bottom")
    into.selectbox(
        texts.GO_INTO,
        listing.folders,
        index=None,
        placeholder=texts.GO_INTO_PLACEHOLDER.format(n=len(listing.folders)),
        disabled=not listing.folders,
        on_change=guarded(go_into),
        key=key,
    )
    up.button(
        texts.GO_UP,
        icon=":material/arrow_upward:",
        disabled=listing.relative == ".",
        on_click=guarded(go_up),
        key="batch-up",
        width="stretch",
    )
    st.caption(texts.FILES_HERE.format(n=listing.n_files, folders=len(listing.folders)))
    if listing.n_unnamed:
        st.warning(texts.UNNAMED_HERE.format(n=listing.n_unnamed), icon=":material/abc:")
    return listing.relative


def _show_start(*, is_ready: bool) -> bool:
    return st.button(
        texts.START,
        type="primary",
        icon=":material/play_arrow:",
        disabled=not is_ready,
        key="batch-start",
    )
