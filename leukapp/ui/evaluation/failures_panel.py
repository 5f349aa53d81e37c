"""Section "Failures": wrong and missing calls of every source of a set, as a list and as images."""

from collections import Counter
from typing import Final

import numpy as np
import pandas as pd
import streamlit as st

from leukapp.evaluation.failures import Failure, FailureKind, find_failures
from leukapp.evaluation.held_out import HeldOutSet
from leukapp.ui import theme
from leukapp.ui.evaluation.figure_box import show_numbers
from leukapp.ui.evaluation.gallery import Gallery, answer_caption, show_gallery
from leukapp.ui.evaluation.side import Side
from leukapp.ui.evaluation.source_titles import source_title
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
