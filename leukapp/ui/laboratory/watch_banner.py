"""Say since when incoming images are not like those of a bundle's commissioning any more.

Answers go on as before: a drift changes nothing by itself.
"""

import threading
from typing import Final

import streamlit as st

from leukapp.commissioning.drift import Drift, DriftWatch
from leukapp.errors import LeukappError
from leukapp.model.artifacts import ListedBundle, bundle_sha256
from leukapp.model.commission_record import WatchReference
from leukapp.ui.review.log import open_log, show_log_failure
from leukapp.ui.texts import laboratory as texts
from leukapp.ui.wording import escape_markdown

MOST_WATCHES: Final = 8


class _SharedWatch:
    """The test of one bundle for all sessions, kept up with the store."""

    def __init__(self, sha256: str, reference: WatchReference) -> None:
        self._sha256, self._lock = sha256, threading.Lock()
        self._watch = DriftWatch(reference)

    def look(self) -> DriftWatch:
        """The test after all images that the store has.

        Raises:
            StoreError: the store cannot be read.
        """
        with self._lock:
            while images := open_log().watched_images(self._sha256, after=self._watch.last_number):
                self._watch.take(images)
            return self._watch


@st.cache_resource(show_spinner=False, max_entries=MOST_WATCHES)
def _shared_watch(sha256: str, _reference: WatchReference) -> _SharedWatch:
    return _SharedWatch(sha256, _reference)


def show_drift(bundle: ListedBundle) -> None:
    """Write a banner for each thing that has drifted; nothing where nothing has.

    Args:
        bundle: that answers in this session.
    """
    for drift in _drifts(bundle):
        st.warning(_sentence(bundle, drift), icon=":material/trending_up:")


def show_watch(bundle: ListedBundle) -> None:
    """Write how many images were compared, and what has drifted.

    Args:
        bundle: that answers in this session.
    """
    if bundle.commission is None:
        st.markdown(texts.NOT_WATCHED)
        return
    show_drift(bundle)
    watch = _look(bundle)
    if watch is not None and not watch.drifts:
        st.markdown(texts.WATCHED.format(n=watch.n_images))


def _drifts(bundle: ListedBundle) -> tuple[Drift, ...]:
    watch = _look(bundle)
    return () if watch is None else watch.drifts


def _look(bundle: ListedBundle) -> DriftWatch | None:
    # A bundle for all, or one of before there was a watch, has nothing to compare with.
    if bundle.commission is None or bundle.commission.watch is None:
        return None
    try:
        sha256 = bundle_sha256(bundle.folder)
        return _shared_watch(sha256, bundle.commission.watch).look()
    except LeukappError as error:
        show_log_failure(error)
        return None


def _sentence(bundle: ListedBundle, drift: Drift) -> str:
    laboratory = "" if bundle.commission is None else bundle.commission.laboratory
    return texts.DRIFT.format(
        day=drift.found_at[:10],
        laboratory=escape_markdown(laboratory),
        what=texts.DRIFT_KINDS[drift.kind],
        n=drift.n_images,
    )
