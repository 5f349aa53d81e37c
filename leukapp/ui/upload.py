"""The field where images are dropped, and what it hands to the page."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import streamlit as st

from leukapp.ui import texts
from leukapp.ui.wording import shown_name

MAX_IMAGES: Final = 20
"""Images a session looks at together; more belong in a batch."""


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


def show_upload() -> list[ImageEntry]:
    """Show the drop field and give the dropped images, at most ``MAX_IMAGES``.

    The kind of file is told from its content when it is decoded, so any extension may be dropped.
    """
    files = st.file_uploader(
        texts.UPLOAD_LABEL, accept_multiple_files=True, help=texts.UPLOAD_HELP, key="upload"
    )
    if len(files) > MAX_IMAGES:
        st.warning(texts.UPLOAD_LIMIT.format(n=len(files), limit=MAX_IMAGES))
    return [
        ImageEntry(
            key=file.file_id,
            name=shown_name(file.name),
            is_synthetic=False,
            read_bytes=file.getvalue,
        )
        for file in files[:MAX_IMAGES]
    ]
