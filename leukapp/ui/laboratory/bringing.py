"""Where labelled images come from: a zip, a folder of the server, or signed decisions."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

import streamlit as st

from leukapp.resources import ROOT_VARIABLE, review_root
from leukapp.review.batch_images import BatchImages
from leukapp.review.server_folder import resolve_inside
from leukapp.review.standing import standing_decisions
from leukapp.review.store import ReviewStore
from leukapp.ui.laboratory.images import SignedImage, keep_decisions, keep_zip
from leukapp.ui.texts import laboratory as texts
from leukapp.ui.wording import escape_markdown

SOURCES: Final = (texts.SOURCE_ZIP, texts.SOURCE_SERVER, texts.SOURCE_DECISIONS)

Bring: TypeAlias = Callable[[Path], Path]
"""Writes the images into a folder, or leaves them where they lie; gives the table or folder."""


def choose_images(store: ReviewStore) -> Bring | None:
    """Ask where the images are; None while that is not answered.

    Args:
        store: with batches and their decisions.
    """
    source = st.segmented_control(
        texts.SOURCE, SOURCES, default=SOURCES[0], required=True, key="lab-source"
    )
    if source == texts.SOURCE_ZIP:
        return _ask_for_zip()
    return _ask_for_folder() if source == texts.SOURCE_SERVER else _ask_for_batch(store)


def _ask_for_zip() -> Bring | None:
    file = st.file_uploader(texts.ZIP, type=["zip"], key="lab-zip")
    return None if file is None else lambda folder: keep_zip(file.getvalue(), folder)


def _ask_for_folder() -> Bring | None:
    root = review_root()
    if root is None:
        st.info(texts.NO_ROOT.format(variable=f"`{ROOT_VARIABLE}`"), icon=":material/folder_off:")
        return None
    asked = st.text_input(
        texts.FOLDER, help=texts.FOLDER_HELP, autocomplete="off", key="lab-folder"
    )
    return (lambda _folder: resolve_inside(root, asked.strip())) if asked.strip() else None


def _ask_for_batch(store: ReviewStore) -> Bring | None:
    runs = {run.id: run for run in store.runs()}
    if not runs:
        st.info(texts.NO_BATCH, icon=":material/rate_review:")
        return None
    chosen = st.selectbox(
        texts.BATCH,
        list(runs),
        format_func=lambda run_id: f"{run_id} · {runs[run_id].name}",
        key="lab-batch",
    )
    signed = signed_images(store, chosen)
    if not signed:
        st.info(texts.NO_DECISIONS, icon=":material/rate_review:")
        return None
    n_apart = sum(not one.patient for one in signed)
    st.caption(escape_markdown(texts.N_DECISIONS.format(n=len(signed))))
    if n_apart:
        st.caption(escape_markdown(texts.NO_CASES.format(n=n_apart)))
    images = BatchImages.of(runs[chosen], review_root())
    return lambda folder: keep_decisions(images, signed, folder)


def signed_images(store: ReviewStore, run_id: int) -> tuple[SignedImage, ...]:
    """Images of a batch that were signed with a class; a case stands for a patient.

    Args:
        store: with batches, their decisions and cases.
        run_id: of the batch.

    Raises:
        StoreError: the store cannot be read.
    """
    standing = standing_decisions(store.decisions(run_id=run_id))
    cases = store.cases.of_images(run_id)
    return tuple(
        SignedImage(
            item=item,
            decision=standing[item.id],
            patient=texts.CASE.format(number=cases[item.id]) if item.id in cases else "",
        )
        for item in store.items(run_id)
        if item.id in standing and standing[item.id].label is not None
    )
