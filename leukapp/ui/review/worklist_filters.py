"""Which images of the worklist are shown, and in which order."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Final, TypeVar

import streamlit as st

from leukapp.review.answer_keys import NO_CALL, REJECTED, VERDICTS
from leukapp.review.double_reading import N_READERS
from leukapp.review.records import BatchRun
from leukapp.review.worklist import (
    NO_CLASS,
    SAID,
    ReviewFilter,
    WorklistFilter,
)
from leukapp.ui import theme
from leukapp.ui.guarded import guarded
from leukapp.ui.review.batch_address import BLINDED_REVIEWS, go_to, seed, where
from leukapp.ui.texts import batch as texts

OptionT = TypeVar("OptionT", bound=StrEnum)
BLINDED_KEY: Final = "batch-blinded"


def ask_blinded() -> None:
    """Ask for blinded reading."""
    seed(BLINDED_KEY, where().is_blinded)

    def turn() -> None:
        go_to(replace(where(), is_blinded=st.session_state[BLINDED_KEY], first=1))

    st.toggle(texts.BLINDED, help=texts.BLINDED_HELP, on_change=guarded(turn), key=BLINDED_KEY)


def ask_filters(run: BatchRun) -> None:
    """Ask for filters and order; where verdicts are hidden, for none that would tell one.

    Args:
        run: the batch.
    """
    here = where()
    wanted = here.shown_filter
    with st.popover(texts.FILTERS, icon=":material/filter_list:", width="content"):
        first, second = st.columns(2, gap="medium")
        with first:
            _ask(
                texts.REVIEWED_LABEL,
                wanted.review,
                texts.REVIEWED,
                key=f"batch-{run.id}-review-{here.is_blinded}",
                keep=lambda review: _filter_by(replace(where().wanted, review=review)),
                options=_reviews(run),
            )
            _ask(
                texts.QUALITY_LABEL,
                wanted.quality,
                texts.QUALITY,
                key=f"batch-{run.id}-quality",
                keep=lambda quality: _filter_by(replace(where().wanted, quality=quality)),
            )
        if here.is_blinded:
            return
        with second:
            _ask(
                texts.BRANCHES_LABEL,
                wanted.branches,
                texts.BRANCHES,
                key=f"batch-{run.id}-branches",
                keep=lambda branches: _filter_by(replace(where().wanted, branches=branches)),
            )
            _ask_said(wanted, key=f"batch-{run.id}-said")
        with first:
            _ask(
                texts.ORDER_LABEL,
                here.order,
                texts.ORDERS,
                key=f"batch-{run.id}-order",
                keep=lambda order: go_to(replace(where(), order=order, first=1)),
            )
        with second:
            _ask_confidence(wanted, key=f"batch-{run.id}-confidence")


def ask_verdicts(counts: Mapping[str, int], run: BatchRun) -> None:
    """Write one chip a verdict with the number of its images; those that are pressed filter.

    Args:
        counts: verdict to the number of judged images.
        run: the batch.
    """
    wanted = where().wanted.verdicts
    options = [name for name in VERDICTS if name in counts or name in wanted]
    # Streamlit knows a choice by its words: with other numbers these are other chips.
    numbers = "-".join(str(counts.get(name, 0)) for name in VERDICTS)
    key = f"batch-{run.id}-verdicts-{numbers}"
    seed(key, [name for name in options if name in wanted])

    def keep() -> None:
        _filter_by(replace(where().wanted, verdicts=frozenset(st.session_state[key])))

    st.pills(
        texts.VERDICTS_LABEL,
        options,
        selection_mode="multi",
        format_func=lambda name: f"{verdict_title(name)} {counts.get(name, 0)}",
        label_visibility="collapsed",
        on_change=guarded(keep),
        key=key,
    )


def verdict_title(verdict: str) -> str:
    """Give a verdict with its mark, as it stands on screens.

    Args:
        verdict: one of ``VERDICTS``.
    """
    if verdict == REJECTED:
        return texts.REJECTED
    return theme.marked(None if verdict == NO_CALL else verdict)


def _reviews(run: BatchRun) -> tuple[ReviewFilter, ...]:
    if where().is_blinded:
        return BLINDED_REVIEWS
    is_double = run.n_readers == N_READERS
    return tuple(one for one in ReviewFilter if is_double or one is not ReviewFilter.DIFFER)


def _filter_by(wanted: WorklistFilter) -> None:
    """Show other images, from the first one."""
    go_to(replace(where(), wanted=wanted, first=1))


def _ask_said(wanted: WorklistFilter, *, key: str) -> None:
    seed(key, [name for name in SAID if name in wanted.said])

    def keep() -> None:
        _filter_by(replace(where().wanted, said=frozenset(st.session_state[key])))

    st.multiselect(
        texts.SAID_LABEL,
        SAID,
        format_func=lambda name: name if name == NO_CLASS else theme.marked(name),
        placeholder=texts.REVIEWED["any"],
        on_change=guarded(keep),
        key=key,
    )


def _ask_confidence(wanted: WorklistFilter, *, key: str) -> None:
    ends = (round(wanted.min_confidence * 100), round(wanted.max_confidence * 100))
    seed(key, ends)

    def keep() -> None:
        low, high = st.session_state[key]
        _filter_by(replace(where().wanted, min_confidence=low / 100, max_confidence=high / 100))

    st.slider(
        texts.CONFIDENCE_LABEL, 0, 100, step=1, format="%d%%", on_change=guarded(keep), key=key
    )


def _ask(
    label: str,
    chosen: OptionT,
    words: Mapping[str, str],
    *,
    key: str,
    keep: Callable[[OptionT], None],
    options: tuple[OptionT, ...] = (),
) -> None:
    """Ask for one of several settings, all of its type unless some are named."""
    seed(key, chosen)

    def change() -> None:
        keep(st.session_state[key])

    st.selectbox(
        label,
        options or list(type(chosen)),
        format_func=lambda choice: words[choice.value],
        on_change=guarded(change),
        key=key,
    )
