"""The decision box under a diagnosis: agree, override or unsure, saved at once, with undo."""

from typing import TYPE_CHECKING, Final

import streamlit as st

from leukapp.diagnosis import Diagnosis
from leukapp.errors import LeukappError
from leukapp.labels import ANSWER_NAMES, split_answer
from leukapp.review.records import Decision, DecisionKind
from leukapp.review.standing import may_take_back
from leukapp.ui import theme
from leukapp.ui.image_summary import image_name
from leukapp.ui.review.decision_words import describe_decision
from leukapp.ui.review.initials import ask_initials
from leukapp.ui.review.log import is_admin, open_log, reader_mail, show_log_failure
from leukapp.ui.texts import review as texts

if TYPE_CHECKING:
    from leukapp.review.store import ReviewStore

MAX_REASON: Final = 500


def show_decision_box(diagnosis: Diagnosis, *, key: str) -> Decision | None:
    """Write the box, or the decision that stands; give the latter.

    Args:
        diagnosis: what is decided on.
        key: of the image in the session.

    Returns:
        The decision that stands for this image, or None.
    """
    st.subheader(texts.DECISION, help=texts.DECISION_HELP, anchor=False)
    try:
        log = open_log()
        decision = log.current_decision(image_sha256=diagnosis.image_sha256)
    except LeukappError as error:
        show_log_failure(error)
        return None
    if decision is not None:
        _show_saved(log, decision, diagnosis)
    else:
        _ask(log, diagnosis, key)
    return decision


def _show_saved(log: "ReviewStore", decision: Decision, diagnosis: Diagnosis) -> None:
    st.success(describe_decision(decision), icon=":material/task_alt:")
    if decision.bundle_sha256 != diagnosis.bundle.sha256:
        st.caption(texts.OTHER_BUNDLE)
    is_mine = may_take_back(decision, user=reader_mail(), is_admin=is_admin())
    initials = ask_initials(key="initials-diagnose")
    wants = st.button(
        texts.UNDO,
        icon=":material/undo:",
        help=None if is_mine else texts.UNDO_OTHERS,
        disabled=not is_mine or initials is None,
        key="undo-decision",
    )
    if wants and initials is not None:
        try:
            log.undo_decision(
                decision.id, initials=initials, user=reader_mail(), is_admin=is_admin()
            )
        except LeukappError as error:
            show_log_failure(error)
            return
        st.rerun()


def _ask(log: "ReviewStore", diagnosis: Diagnosis, key: str) -> None:
    # A place of their own: the field below is not moved, which would empty it while it is typed in.
    choices = st.container()
    kind = choices.segmented_control(
        texts.CHOICE_LABEL,
        list(texts.CHOICES),
        format_func=texts.CHOICES.__getitem__,
        key=f"decision-{key}",
    )
    answer = diagnosis.answer_name if kind == DecisionKind.AGREE else None
    if kind == DecisionKind.OVERRIDE:
        answer = choices.segmented_control(
            texts.OVERRIDE_LABEL,
            [name for name in ANSWER_NAMES if name != diagnosis.answer_name],
            format_func=theme.marked,
            key=f"override-{key}",
        )
    reason = st.text_input(
        texts.REASON_LABEL,
        max_chars=MAX_REASON,
        placeholder=texts.REASON_PLACEHOLDER,
        autocomplete="off",
        key=f"reason-{key}",
    )
    initials = ask_initials(key="initials-diagnose")
    is_whole = kind is not None and (kind != DecisionKind.OVERRIDE or answer is not None)
    wants = st.button(
        texts.SAVE,
        type="primary",
        icon=":material/draw:",
        disabled=not is_whole or initials is None,
        key="save-decision",
    )
    if initials is not None and not is_whole:
        needs_class = kind == DecisionKind.OVERRIDE
        st.caption(texts.SAVE_NEEDS_CLASS if needs_class else texts.SAVE_NEEDS_CHOICE)
    if not wants or kind is None or initials is None:
        return
    finding, label = split_answer(answer)
    try:
        log.record_decision(
            image_sha256=diagnosis.image_sha256,
            image_name=image_name(diagnosis),
            bundle_sha256=diagnosis.bundle.sha256,
            kind=DecisionKind(kind),
            finding=finding,
            label=label,
            reason=reason.strip(),
            initials=initials,
            user=reader_mail(),
        )
    except LeukappError as error:
        show_log_failure(error)
        return
    st.rerun()
