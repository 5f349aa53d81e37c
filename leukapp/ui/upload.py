"""The field where images are dropped, the list of those that were, and what the page gets of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import streamlit as st

from leukapp.ui import texts
from leukapp.ui.guarded import guarded
from leukapp.ui.kept_session import MAX_FILE_BYTES, MAX_IMAGES, KeptImage, KeptSession, this_session
from leukapp.ui.wording import escape_markdown, shown_name

TAKEN_KEY: Final = "uploads-taken"
LEFT_OUT_KEY: Final = "uploads-left-out"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageEntry:
    """One image that the reader brought or picked.

    Attributes:
        key: unique in the session, the same at every rerun.
        name: file name fit to be shown as plain text; never a path.
        is_synthetic: drawn by a program, so that any verdict means nothing.
        read_bytes: gives the file's bytes.
    """

    key: str
    name: str
    is_synthetic: bool
    read_bytes: Callable[[], bytes]


def show_drop_field() -> None:
    """Write the field where images are dropped, with the kinds of files that it takes.

    The kind of file is told from its content when it is decoded, so any extension may be dropped.
    """
    session = this_session()
    # What was dropped goes over to the session, which outlives the page; the field begins anew.
    n_taken = st.session_state.get(TAKEN_KEY, 0)
    key = f"upload-{n_taken}" if n_taken else "upload"

    def take() -> None:
        files = st.session_state[key]
        left_out = session.add(
            [
                KeptImage(key=file.file_id, name=shown_name(file.name), data=file.getvalue())
                for file in files
            ]
        )
        st.session_state[LEFT_OUT_KEY] = len(left_out)
        st.session_state[TAKEN_KEY] = n_taken + 1

    st.file_uploader(
        texts.UPLOAD_LABEL,
        accept_multiple_files=True,
        help=texts.UPLOAD_HELP,
        on_change=guarded(take),
        key=key,
    )
    st.caption(texts.UPLOAD_TYPES.format(limit=MAX_IMAGES))


def show_kept_images() -> list[ImageEntry]:
    """Show the images of the session, and give them, at most ``MAX_IMAGES``."""
    session = this_session()
    n_left_out = st.session_state.get(LEFT_OUT_KEY, 0)
    if n_left_out:
        megabytes = MAX_FILE_BYTES // 1024**2
        st.warning(texts.UPLOAD_LIMIT.format(n=n_left_out, limit=MAX_IMAGES, megabytes=megabytes))
    _show_kept(session)
    return [
        ImageEntry(
            key=image.key,
            name=image.name,
            is_synthetic=False,
            read_bytes=lambda data=image.data: data,  # type: ignore[misc]
        )
        for image in session.images.values()
    ]


def _show_kept(session: KeptSession) -> None:
    """Write one line an image with a button that takes it away."""

    def take_away(key: str) -> None:
        session.take_away(key)
        st.session_state[LEFT_OUT_KEY] = 0

    def take_all_away() -> None:
        session.clear()
        st.session_state[LEFT_OUT_KEY] = 0

    if not session.images:
        return
    with st.container(key="kept-images", gap=None):
        for image in list(session.images.values()):
            st.button(
                escape_markdown(image.name),
                icon=":material/close:",
                icon_position="right",
                type="tertiary",
                help=texts.TAKE_AWAY,
                on_click=guarded(take_away),
                args=(image.key,),
                key=f"take-away-{image.key}",
                width="stretch",
            )
    if len(session.images) > 1:
        st.button(
            texts.TAKE_ALL_AWAY, icon=":material/delete_sweep:", on_click=guarded(take_all_away)
        )
