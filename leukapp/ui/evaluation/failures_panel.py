"""Section "Failures": wrong and missing calls of every source of a set, as a list and as images."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
import streamlit as st

from leukapp.evaluation.failures import (
    Failure,
    FailureCount,
    FailureKind,
    count_failures,
    find_failures,
)
from leukapp.evaluation.held_out import HeldOutSet
from leukapp.ui import texts as app_texts
from leukapp.ui import theme
from leukapp.ui.evaluation.figure_box import show_csv, show_numbers
from leukapp.ui.evaluation.gallery import Gallery, answer_caption, show_gallery
from leukapp.ui.evaluation.side import Side
from leukapp.ui.evaluation.source_titles import source_title
from leukapp.ui.evaluation.table_choice import choose_source, tables_beside
from leukapp.ui.guarded import guarded
from leukapp.ui.texts import evaluation as texts
from leukapp.ui.wording import escape_markdown

KIND_TITLES: Final[dict[FailureKind, str]] = {
    "missed": texts.MISSED,
    "false_alarm": texts.FALSE_ALARMS,
    "wrong_type": texts.WRONG_TYPE,
    "no_call": texts.NOT_CALLED,
}


def show_failures(side: Side) -> None:
    """Write the images of one kind of failure over all sources of a side's table.

    Args:
        side: whose table it is; its source plays no part.
    """
    _show_counts(side)
    held_out = side.table.held_out
    failures = find_failures(held_out)
    st.markdown(f"**{texts.FAILURES_TITLE}**", help=texts.FAILURES_HELP)
    counts = Counter(failure.kind for failure in failures)
    kind = st.segmented_control(
        texts.FAILURE_KIND,
        list(KIND_TITLES),
        default=next((name for name in KIND_TITLES if counts[name]), "missed"),
        required=True,
        format_func=lambda name: f"{KIND_TITLES[name]} ({counts[name]})",
        key=f"failures-{side.table.sha256[:12]}",
    )
    shown = tuple(failure for failure in failures if failure.kind == kind)
    if not shown:
        st.markdown(texts.NO_FAILURES)
        return
    st.caption(count_by_source(held_out, shown))
    gallery = Gallery(
        table=side.table,
        held_out=held_out,
        rows=tuple(failure.row for failure in shown),
        caption=lambda row: failure_caption(held_out, row),
        key=f"failures-{side.table.sha256[:12]}-{kind}",
    )
    show_gallery(gallery)
    show_numbers(failure_table(held_out, shown), side, name=f"failures-{kind}", fold=False)


def _show_counts(side: Side) -> None:
    """Write one row for each source of every table of the bundle; a click leads to its set."""
    st.markdown(f"**{texts.FAILURE_COUNTS}**", help=texts.FAILURE_COUNTS_HELP)
    key = f"failure-counts-{side.key}"
    rows = [
        (option_key, count)
        for option_key, table in tables_beside(side)
        for count in count_failures(table.held_out)
    ]

    def take_click() -> None:
        chosen = st.session_state[key]["selection"]["rows"]
        if chosen:
            option_key, count = rows[chosen[0]]
            choose_source(option_key, count.source)

    table = failure_counts_table([count for _, count in rows])
    st.dataframe(
        table,
        hide_index=True,
        column_config={texts.SOURCE_LABEL: st.column_config.TextColumn(pinned=True)},
        height="content",
        on_select=guarded(take_click),
        selection_mode="single-row",
        alt=texts.FAILURE_COUNTS,
        key=key,
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        show_csv(table, side, name="failure-counts")
        st.caption(texts.FAILURE_COUNTS_HINT)


def failure_counts_table(counts: Sequence[FailureCount]) -> pd.DataFrame:
    """Give one row a source with its counts, which can be sorted."""
    return pd.DataFrame(
        {
            texts.SOURCE_LABEL: [source_title(count.source) for count in counts],
            texts.IMAGES_COLUMN: [count.n_images for count in counts],
            texts.MISSED: [count.n_missed for count in counts],
            texts.FALSE_ALARMS: [count.n_false_alarms for count in counts],
            texts.WRONG_TYPE: [count.n_wrong_types for count in counts],
            app_texts.NO_CALL: [count.n_no_call for count in counts],
        }
    )


def count_by_source(held_out: HeldOutSet, failures: tuple[Failure, ...]) -> str:
    """Say how many of each source's images failed: counts alone, since sources are not pooled."""
    n_failed = Counter(held_out.sources[failure.row] for failure in failures)
    n_images = Counter(held_out.sources)
    return " · ".join(
        texts.FAILED_OF.format(
            source=escape_markdown(source_title(source)), n=n_failed[source], total=n_images[source]
        )
        for source in held_out.source_names
    )


def failure_caption(held_out: HeldOutSet, row: int) -> str:
    """Say what an image shows, what it was answered, and where it is from."""
    return texts.FAILURE_CAPTION.format(
        true=escape_markdown(held_out.true_names[row]),
        answer=answer_caption(held_out, row),
        source=escape_markdown(source_title(held_out.sources[row])),
    )


def failure_table(held_out: HeldOutSet, failures: tuple[Failure, ...]) -> pd.DataFrame:
    """Give one row an image; its source by the name that tables use."""
    predicted = held_out.predicted_labels
    return pd.DataFrame(
        {
            "source": held_out.sources[one.row],
            texts.COLUMN_SAMPLE: held_out.sample_ids[one.row],
            texts.COLUMN_GROUP: held_out.groups[one.row],
            texts.TRUE_CLASS: held_out.true_names[one.row],
            texts.PREDICTED_CLASS: texts.NO_ANSWER
            if np.isnan(one.probability)
            else theme.answer_title(held_out.class_names[predicted[one.row]]),
            texts.TOP_PROBABILITY: one.probability,
            texts.COLUMN_REASON: held_out.no_call_reasons[one.row] or "",
        }
        for one in failures
    )
