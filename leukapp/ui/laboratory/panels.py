"""The parts of the page "Your laboratory": what is asked, how far it is, what came of it."""

import re
from pathlib import Path
from typing import Final

import streamlit as st

from leukapp.commissioning.outcomes import read_outcomes
from leukapp.commissioning.report import CERTIFIED_HEADING
from leukapp.errors import BundleError, HeldOutError, LeukappError
from leukapp.model.artifacts import (
    MODEL_CARD_FILE,
    ListedBundle,
    bundle_sha256,
    read_artifact,
)
from leukapp.review.store import ReviewStore
from leukapp.ui.default_bundle import read_previous_bundle
from leukapp.ui.evaluation.table_choice import show_table_error
from leukapp.ui.guarded import guarded, guarded_fragment
from leukapp.ui.laboratory.accepting import (
    accept,
    outcomes_file,
    require_admin,
    take_back,
)
from leukapp.ui.laboratory.bringing import choose_images
from leukapp.ui.laboratory.curve_figure import show_learning_curve
from leukapp.ui.laboratory.jobs import (
    IMAGES_DIR,
    CommissionWorker,
    Job,
    KeptJob,
    discard,
    discard_folder,
    kept_jobs,
    new_folder,
)
from leukapp.ui.laboratory.outcome_tables import show_outcomes
from leukapp.ui.laboratory.watch_banner import show_watch
from leukapp.ui.review.log import is_admin
from leukapp.ui.session import open_diagnoser
from leukapp.ui.texts import laboratory as texts
from leukapp.ui.wording import escape_markdown

REFRESH_SECONDS: Final = 1.0
RISKS: Final = (0.01, 0.02, 0.05, 0.1)
CONFIDENCES: Final = (0.9, 0.95, 0.99)


@st.cache_resource(show_spinner=False)
def open_commission_worker() -> CommissionWorker:
    """Give the one worker of the server."""
    return CommissionWorker()


def show_running(worker: CommissionWorker) -> bool:
    """Write how far the commissioning in hand is; this part redraws itself.

    Args:
        worker: of the server.

    Returns:
        Whether there is one.
    """
    if worker.running is None:
        if worker.failure is not None:
            reason = escape_markdown(worker.failure)
            st.error(texts.FAILED.format(reason=reason), icon=":material/error:")
        return False

    @guarded_fragment(run_every=REFRESH_SECONDS)
    def show() -> None:
        if worker.running is None:
            st.rerun()
        with st.status(texts.WORKING, expanded=True):
            for line in worker.lines:
                st.write(escape_markdown(line))

    show()
    return True


def ask_and_start(worker: CommissionWorker, store: ReviewStore, parent: Path) -> None:
    """Write the questions, and start once they are answered.

    Args:
        worker: of the server.
        store: with batches and their decisions.
        parent: folder of the bundle that is fitted.
    """
    st.caption(texts.FITS.format(parent=escape_markdown(parent.name)))
    laboratory = st.text_input(
        texts.NAME, help=texts.NAME_HELP, max_chars=60, autocomplete="off", key="lab-name"
    ).strip()
    left, right = st.columns(2)
    risk = left.selectbox(
        texts.RISK, RISKS, index=1, format_func=_percent, help=texts.RISK_HELP, key="lab-risk"
    )
    confidence = right.selectbox(
        texts.CONFIDENCE, CONFIDENCES, index=1, format_func=_percent, key="lab-confidence"
    )
    bring = choose_images(store)
    is_asked = st.button(
        texts.START,
        type="primary",
        icon=":material/science:",
        disabled=bring is None or not laboratory,
        key="lab-start",
    )
    if not is_asked or bring is None:
        return
    folder = new_folder()
    try:
        job = Job(
            data=str(bring(folder / IMAGES_DIR)),
            laboratory=laboratory,
            parent=str(parent),
            risk=risk,
            confidence=confidence,
        )
        worker.begin(folder, job)
    except LeukappError:
        discard_folder(folder)
        raise
    st.rerun()


def show_kept(worker: CommissionWorker, store: ReviewStore) -> None:
    """Write what is finished and waits for an admin, and what was interrupted.

    Args:
        worker: of the server.
        store: with the audit trail.
    """
    for kept in kept_jobs():
        if kept.folder == worker.running:
            continue
        with st.container(border=True):
            if kept.bundle is None:
                _show_interrupted(kept, worker)
            else:
                _show_finished(kept, kept.bundle, store)


def show_in_use(bundle: ListedBundle, store: ReviewStore) -> None:
    """Write for which laboratory the bundle in use answers, on what images, and the way back.

    Args:
        bundle: that answers in this session.
        store: with the audit trail.
    """
    if bundle.commission is not None:
        told = escape_markdown(bundle.commission.told())
        try:
            open_diagnoser(str(bundle.folder))
        except BundleError as error:
            st.error(escape_markdown(str(error)), icon=":material/error:")
        else:
            st.success(texts.IN_USE.format(told=told), icon=":material/verified:")
        show_watch(bundle)
        if outcomes_file(bundle.folder).is_file():
            with st.expander(texts.IMAGES_IN_USE):
                show_outcomes(read_outcomes(outcomes_file(bundle.folder)), key="in-use")
        with st.expander(texts.CURVE):
            try:
                show_learning_curve(bundle.folder, bundle_sha256(bundle.folder))
            except HeldOutError as error:
                show_table_error(error)
    if read_previous_bundle() is not None and is_admin():
        st.button(
            texts.ROLL_BACK,
            icon=":material/undo:",
            on_click=guarded(take_back),
            args=(store,),
            key="lab-back",
        )


def _show_interrupted(kept: KeptJob, worker: CommissionWorker) -> None:
    name = escape_markdown(kept.job.laboratory)
    st.warning(texts.INTERRUPTED.format(laboratory=name), icon=":material/power_off:")
    with st.container(horizontal=True):
        st.button(
            texts.GO_ON,
            icon=":material/play_arrow:",
            on_click=guarded(worker.begin),
            args=(kept.folder, kept.job),
            key=f"lab-on-{kept.folder.name}",
        )
        _show_discard(kept)


def _show_finished(kept: KeptJob, bundle: Path, store: ReviewStore) -> None:
    st.subheader(texts.READY.format(laboratory=escape_markdown(kept.job.laboratory)), anchor=False)
    card = read_artifact(bundle, MODEL_CARD_FILE).decode()
    measured, heading, certified = card.partition(CERTIFIED_HEADING)
    _show_part_of_card(measured)
    show_learning_curve(bundle, bundle_sha256(bundle))
    _show_part_of_card(heading + certified)
    show_outcomes(kept.outcomes, key=kept.folder.name)
    if not is_admin():
        st.caption(texts.ADMIN_ONLY)
        return
    with st.container(horizontal=True):
        st.button(
            texts.ACCEPT,
            type="primary",
            icon=":material/verified:",
            on_click=guarded(_accept),
            args=(kept, store),
            key=f"lab-accept-{kept.folder.name}",
        )
        _show_discard(kept)


def _show_part_of_card(part: str) -> None:
    """The page has its own first heading, and the theme has no size for those under the third."""
    st.markdown(re.sub(r"^#+", "###", part, flags=re.MULTILINE))


def _accept(kept: KeptJob, store: ReviewStore) -> None:
    accept(kept, store)


def _show_discard(kept: KeptJob) -> None:
    st.button(
        texts.DISCARD,
        icon=":material/delete:",
        on_click=guarded(_discard),
        args=(kept,),
        key=f"lab-discard-{kept.folder.name}",
    )


def _discard(kept: KeptJob) -> None:
    require_admin()
    discard(kept)


def _percent(share: float) -> str:
    return f"{share:.0%}"
