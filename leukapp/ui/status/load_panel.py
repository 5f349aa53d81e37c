"""Part "Now": how long the line for the networks is, and what the batch worker reads."""

from typing import Final

import streamlit as st

from leukapp.errors import BundleError, StoreError
from leukapp.model.artifacts import ListedBundle
from leukapp.ui.guarded import guarded_fragment
from leukapp.ui.review.batches import open_worker
from leukapp.ui.review.log import show_log_failure
from leukapp.ui.session import open_diagnoser
from leukapp.ui.texts import status as texts
from leukapp.ui.wording import escape_markdown, shown_name

SECONDS_BETWEEN: Final = 5.0


@guarded_fragment(run_every=SECONDS_BETWEEN)
def show_load(bundle: ListedBundle) -> None:
    """Write the load of this moment; the part is drawn anew by itself.

    Args:
        bundle: that answers in this session.
    """
    st.subheader(texts.NOW, anchor=False)
    first, second = st.columns(2, gap="large")
    with first:
        _show_networks(bundle)
    with second:
        _show_worker()


def _show_networks(bundle: ListedBundle) -> None:
    st.markdown(f"**{texts.NETWORKS}**")
    name = escape_markdown(shown_name(bundle.name))
    try:
        diagnoser = open_diagnoser(str(bundle.folder))
    except BundleError as error:
        st.error(escape_markdown(str(error)), icon=":material/error:")
        return
    st.markdown(texts.QUEUE.format(n=diagnoser.n_waiting))
    st.markdown(texts.BUNDLE_LINE.format(name=name, classes=", ".join(bundle.class_names)))
    st.caption(f"sha256 {diagnoser.bundle_sha256}")


def _show_worker() -> None:
    st.markdown(f"**{texts.WORKER}**")
    try:
        load = open_worker().load
    except StoreError as error:
        show_log_failure(error)
        return
    if load.run_id is None:
        st.markdown(texts.WORKER_IDLE)
        return
    rate = load.images_per_second
    speed = texts.RATE_UNKNOWN if rate is None else texts.RATE.format(rate=rate)
    st.markdown(texts.WORKER_READS.format(number=load.run_id, speed=speed))
    st.markdown(texts.WORKER_LINE.format(n=load.n_in_line))
