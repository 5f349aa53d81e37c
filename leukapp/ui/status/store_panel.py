"""Part "Review store": its size and room, the last backup, the last check of the audit trail."""

from datetime import datetime

import streamlit as st

from leukapp.errors import StoreError
from leukapp.ui.guarded import guarded
from leukapp.ui.review.log import open_log, show_log_failure
from leukapp.ui.texts import status as texts

BYTES_A_MEGABYTE = 1_000_000
BYTES_A_GIGABYTE = 1_000_000_000


def show_store() -> None:
    """Write the store's state, and the button that checks its audit trail."""
    # The database's libraries take half a second, which the app's start does not wait for.
    from leukapp.review.store_status import store_status
    from leukapp.review.upkeep import read_upkeep

    st.subheader(texts.STORE, anchor=False)
    try:
        status = store_status(open_log())
    except StoreError as error:
        show_log_failure(error)
        return
    upkeep = read_upkeep()
    first, second = st.columns(2, gap="large")
    with first:
        if status.n_bytes is None:
            st.markdown(texts.STORE_SERVER)
        else:
            st.markdown(texts.STORE_FILE.format(megabytes=status.n_bytes / BYTES_A_MEGABYTE))
        st.markdown(texts.TRAIL_ROWS.format(n=status.n_trail_rows))
        for title, room in (
            (texts.STORE_DISK, status.store_room),
            (texts.IMAGES_DISK, status.images_room),
        ):
            if room is not None:
                free, total = room.free_bytes, room.total_bytes
                st.markdown(
                    texts.ROOM.format(
                        title=title, free=free / BYTES_A_GIGABYTE, total=total / BYTES_A_GIGABYTE
                    )
                )
    with second:
        if upkeep.backup is None:
            st.warning(texts.NO_BACKUP, icon=":material/backup:")
        else:
            moment = shown_moment(upkeep.backup.at)
            st.markdown(texts.BACKUP.format(moment=moment, n=upkeep.backup.n_rows))
        if upkeep.verify is None:
            st.markdown(texts.NO_VERIFY)
        elif upkeep.verify.n_faults:
            moment, n = shown_moment(upkeep.verify.at), upkeep.verify.n_faults
            st.error(texts.VERIFY_FAULTS.format(moment=moment, n=n), icon=":material/error:")
        else:
            moment, n = shown_moment(upkeep.verify.at), upkeep.verify.n_rows
            st.markdown(texts.VERIFY.format(moment=moment, n=n))
        st.button(texts.VERIFY_NOW, on_click=guarded(_verify), icon=":material/verified:")


def shown_moment(at: str) -> str:
    """Give a moment for the screen, e.g. ``2026-03-01 12:00 UTC``.

    Args:
        at: UTC, ISO 8601.
    """
    return f"{datetime.fromisoformat(at):%Y-%m-%d %H:%M} UTC"


def _verify() -> None:
    from leukapp.review.upkeep import note_verify

    note_verify(open_log().verify())
