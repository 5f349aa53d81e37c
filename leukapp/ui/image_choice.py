"""Reading every image of the session and choosing the one on the screen."""

from typing import Final, NoReturn

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from leukapp.errors import BusyError
from leukapp.ui import texts, theme
from leukapp.ui.guarded import guarded
from leukapp.ui.kept_session import this_session
from leukapp.ui.session import Answers, Outcome, SharedDiagnoser
from leukapp.ui.upload import ImageEntry
from leukapp.ui.wording import escape_markdown

SELECTED_KEY: Final = "selected_image"


def read_images(
    entries: list[ImageEntry], answers: Answers, diagnoser: SharedDiagnoser
) -> list[Outcome]:
    """Read the images that are new, with progress, and give what became of each.

    The first readable one among the new images becomes the chosen image.

    Args:
        entries: the images of the session.
        answers: where the answers are kept.
        diagnoser: reads an image.
    """
    new = [entry for entry in entries if not answers.is_known(entry, diagnoser)]
    with st.empty():
        for number, entry in enumerate(new):
            share, place = number / len(new), {"i": number + 1, "n": len(new)}
            bar = st.progress(share, texts.READING.format(**place))

            def show_position(
                position: int,
                bar: DeltaGenerator = bar,
                share: float = share,
                place: dict[str, int] = place,
            ) -> None:
                bar.progress(share, texts.BUSY.format(**place, position=position))

            try:
                answers.answer(entry, diagnoser, on_position=show_position)
            except BusyError as error:
                _stop_for_now(error)
        st.empty()
    readable = [entry.key for entry in new if answers.outcome(entry, diagnoser).error is None]
    if readable:
        st.session_state[SELECTED_KEY] = readable[0]
    return [answers.outcome(entry, diagnoser) for entry in entries]


def _stop_for_now(error: BusyError) -> NoReturn:
    """Say that the server has no room, and offer another try; images that were read stay."""
    with st.container():
        st.warning(str(error), icon=":material/hourglass_top:")
        st.button(texts.TRY_AGAIN)
    st.stop()


def show_file_errors(entries: list[ImageEntry], outcomes: list[Outcome]) -> None:
    """Write one line for each image that could not be read; names and sentences as plain text."""
    for entry, outcome in zip(entries, outcomes, strict=True):
        if outcome.error is not None:
            name, message = escape_markdown(entry.name), escape_markdown(outcome.error)
            st.error(
                texts.FILE_ERROR.format(name=name, message=message), icon=":material/broken_image:"
            )


def choose_image(entries: list[ImageEntry], outcomes: list[Outcome]) -> ImageEntry | None:
    """Ask which readable image to show; nothing is asked where there is only one.

    Returns:
        The chosen image, or None where none is readable.
    """
    readable = {
        entry.key: (entry, outcome)
        for entry, outcome in zip(entries, outcomes, strict=True)
        if outcome.error is None
    }
    if not readable:
        return None
    keys = list(readable)
    session = this_session()
    if st.session_state.get(SELECTED_KEY) not in readable:
        is_there = session.selected in readable
        st.session_state[SELECTED_KEY] = session.selected if is_there else keys[0]
    session.selected = st.session_state[SELECTED_KEY]
    if len(keys) == 1:
        return readable[keys[0]][0]
    choice, back, forward = st.columns([6, 1, 1], vertical_alignment="bottom")
    selected = choice.selectbox(
        f"{texts.CHOOSE_IMAGE} ({len(keys)})",
        keys,
        format_func=lambda key: _entry_line(*readable[key]),
        key=SELECTED_KEY,
    )
    position = keys.index(selected)
    _show_step(back, texts.PREVIOUS, keys[position - 1] if position > 0 else None)
    _show_step(forward, texts.NEXT, keys[position + 1] if position + 1 < len(keys) else None)
    return readable[selected][0]


def _entry_line(entry: ImageEntry, outcome: Outcome) -> str:
    """An image's name and verdict, as the plain text of a menu."""
    return f"{theme.marked(outcome.answer_name)}  ·  {entry.name}"


def _show_step(column: DeltaGenerator, label: str, key: str | None) -> None:
    """Write the button that goes to a neighboring image; disabled where there is none."""

    def go() -> None:
        st.session_state[SELECTED_KEY] = key

    column.button(
        label, on_click=guarded(go), disabled=key is None, key=f"step-{label}", width="stretch"
    )
