"""One image of the worklist: picture, verdict, decision by one key, heatmaps on demand."""

import html
from dataclasses import dataclass
from typing import Final

import streamlit as st

from leukapp.errors import (
    BatchSourceError,
    BusyError,
    ImageError,
    LeukappError,
    StoreAwayError,
)
from leukapp.imaging.arrays import RgbImage
from leukapp.inference.probabilities import answer_probability
from leukapp.labels import ANSWER_NAMES, TYPE_NOT_DETERMINED, split_answer
from leukapp.review.batch_images import BatchImages
from leukapp.review.double_reading import N_READERS, read_one_doubly
from leukapp.review.records import BatchItem, BatchRun, Decision, DecisionKind
from leukapp.review.standing import may_take_back, standing_decision
from leukapp.review.store import ReviewStore
from leukapp.review.worklist import WorklistEntry
from leukapp.review.worklist_book import ChosenList, ListPlace
from leukapp.ui import texts as app_texts
from leukapp.ui import theme
from leukapp.ui.cell_table import show_cells
from leukapp.ui.guarded import guarded
from leukapp.ui.heatmap_viewer import show_heatmap_viewer
from leukapp.ui.microscope.picture import LargePicture, show_large_picture
from leukapp.ui.microscope.screen_pictures import encode_photo
from leukapp.ui.picture import show_picture
from leukapp.ui.review.batch_address import go_to_image
from leukapp.ui.review.decision_words import describe_decision
from leukapp.ui.review.initials import ask_initials
from leukapp.ui.review.log import is_admin, reader_mail
from leukapp.ui.review.log_lines import reader_name
from leukapp.ui.session import Answers, SharedDiagnoser
from leukapp.ui.texts import batch as texts
from leukapp.ui.texts import review as review_texts
from leukapp.ui.upload import ImageEntry
from leukapp.ui.verdict import describe_probability
from leukapp.ui.wording import branch_title, escape_markdown, percent
from leukapp.ui.zoom_view import MAX_SIDE_PX as ZOOM_SIDE_PX

PICTURE_PX: Final = 640
MAX_REASON: Final = 500
MADE_KEY: Final = "batch-made"
FAILED_KEY: Final = "batch-decision-failed"
ZOOM_KEY: Final = "batch-zoom"
NEAR_KEY: Final = "batch-near"
"""The script of ``keyboard`` knows the picture by this key."""
HEAT_KEY: Final = "batch-heat"
GO_ON_KEY: Final = "batch-go-on"
ANSWERS_KEY: Final = "batch-answers"
N_HEATMAPS_KEPT: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The open image and the list that it belongs to.

    Attributes:
        run: the batch.
        shown: the worklist that the image is opened from.
        place: the image, where it stands in the list and what is around it.
        is_blinded: hide the answer until there is a decision.
        images: reads the pixels.
    """

    run: BatchRun
    shown: ChosenList
    place: ListPlace
    is_blinded: bool
    images: BatchImages

    def open(self, entry: WorklistEntry | None) -> None:
        """Show another image at the next run, or the list for None."""
        go_to_image(entry)


@dataclass(frozen=True, slots=True, kw_only=True)
class _RecentDecision:
    """A decision of this session, to be taken back with one key."""

    decision_id: int
    entry: WorklistEntry


def show_reading(reading: Reading, store: ReviewStore, diagnoser: SharedDiagnoser) -> None:
    """Write the open image.

    Args:
        reading: what is open.
        store: of the server.
        diagnoser: computes heatmaps on demand.
    """
    entry = reading.place.entry
    _show_steps(reading)
    is_hidden = reading.is_blinded and entry.decision is None
    picture, answer = st.columns([1, 1.25], gap="medium")
    with picture:
        is_shown = _show_pixels(reading, entry.item, diagnoser, is_hidden=is_hidden)
    with answer:
        if is_hidden:
            st.info(texts.BLINDED_NOTE, icon=":material/visibility_off:")
        else:
            show_item_verdict(entry.item)
        _show_decision(reading, entry, store, is_hidden=is_hidden, is_shown=is_shown)
    if is_shown and not is_hidden:
        _show_heatmaps(reading, entry.item, diagnoser)


def show_item_verdict(item: BatchItem) -> None:
    """Write the stored answer for an image: verdict, reason, votes, quality."""
    answer = item.answer_name
    color = theme.css_color(answer)
    lines = []
    if answer is None:
        lines.append(f"<p>{html.escape(item.no_call_reason or '')}</p>")
    elif item.probabilities:
        value = answer_probability(item.probabilities, item.finding, item.label)
        named = texts.PROBABILITY_OF.format(answer=answer, value=percent(value))
        is_open = answer == TYPE_NOT_DETERMINED
        sentence = html.escape(describe_probability(answer, value) if is_open else named)
        lines.append(f"<p>{html.escape(app_texts.CLASS_MEANINGS[answer])}</p>")
        lines.append(f'<p class="leuk-number">{sentence}</p>')
    is_blocked = answer is None and item.no_call_reason in item.quality
    if not is_blocked:
        lines += _number_lines(item)
    lines += [
        f'<p class="leuk-note">{html.escape(finding)}</p>'
        for finding in item.quality
        if finding != item.no_call_reason
    ]
    st.html(
        f'<div class="leuk-verdict" style="--class-color: {color}">'
        f"<small>{app_texts.VERDICT}</small>"
        f"<h2>{html.escape(theme.marked(answer))}</h2>{''.join(lines)}</div>"
    )


def _number_lines(item: BatchItem) -> list[str]:
    """Every share as HTML; folded where there is no call, for then they are no verdict."""
    lines = []
    if item.probabilities:
        numbers = " · ".join(f"{name} {percent(p)}" for name, p in item.probabilities.items())
        lines.append(f'<p class="leuk-note">{html.escape(numbers)}</p>')
    of_networks = []
    for name, votes in (item.branch_probabilities or {}).items():
        top = max(votes, key=votes.__getitem__)
        vote = texts.VOTES_LINE.format(
            branch=branch_title(name), answer=theme.marked(top), value=percent(votes[top])
        )
        of_networks.append(f'<p class="leuk-note">{html.escape(vote)}</p>')
    if item.answer_name is not None:
        return [*lines, *_folded(texts.RESEARCHERS, of_networks)]
    note = f'<p class="leuk-note">{html.escape(app_texts.NO_CALL_NOTE)}</p>'
    shares = [*lines, *of_networks]
    return _folded(app_texts.WHY, [*shares, note] if shares else [])


def _folded(title: str, lines: list[str]) -> list[str]:
    """HTML lines behind a title that opens them; none where there is no line."""
    if not lines:
        return []
    return [f"<details><summary>{html.escape(title)}</summary>{''.join(lines)}</details>"]


def _show_steps(reading: Reading) -> None:
    here = reading.place
    with st.container(horizontal=True, vertical_alignment="center"):
        _step(reading, texts.BACK, None, icon="apps", shortcut="Esc")
        _step(reading, texts.PREVIOUS, here.before, icon="chevron_left", shortcut="Left")
        _step(reading, texts.NEXT, here.after, icon="chevron_right", shortcut="Right")
        _step(reading, texts.NEXT_OPEN, here.next_open, icon="skip_next", shortcut="N")
        st.caption(texts.PLACE.format(place=here.place, n=here.size.n, open=here.size.n_open))


def _step(
    reading: Reading, label: str, target: WorklistEntry | None, *, icon: str, shortcut: str
) -> None:
    """Write a button that goes to another image, or back to the list."""
    st.button(
        label,
        icon=f":material/{icon}:",
        on_click=guarded(reading.open),
        args=(target,),
        disabled=target is None and label != texts.BACK,
        shortcut=shortcut,
        key=f"batch-step-{icon}",
    )


@st.cache_data(show_spinner=False, max_entries=24, scope="session")
def _pixels(
    image_sha256: str, max_side_px: int, _data: bytes, _diagnoser: SharedDiagnoser
) -> RgbImage:
    """Decode once a session; kept by what the file holds, not by where it lies."""
    return _diagnoser.decode(_data, max_side_px=max_side_px)


def _show_pixels(
    reading: Reading, item: BatchItem, diagnoser: SharedDiagnoser, *, is_hidden: bool
) -> bool:
    """Write the image, or why not; its file's name may tell what it shows: it follows the vote."""
    number = item.position + 1
    try:
        max_side_px = ZOOM_SIDE_PX if st.session_state.get(ZOOM_KEY) else PICTURE_PX
        # Read anew each time: the file may have been replaced since.
        data = reading.images.read(item)
        pixels = _pixels(item.image_sha256 or "", max_side_px, data, diagnoser)
    except (ImageError, BatchSourceError, BusyError) as error:
        st.warning(escape_markdown(str(error)), icon=":material/image_not_supported:")
        return False
    alt = texts.THUMBNAIL_ALT.format(number=number)
    titled = texts.IMAGE_TITLE.format(number=number, name=escape_markdown(item.name))
    caption = alt if is_hidden else titled
    if st.session_state.get(ZOOM_KEY):
        _show_near(item, pixels, alt)
        st.caption(caption)
    else:
        show_picture(pixels, caption=caption, alt=alt)
    st.toggle(app_texts.ZOOM_LABEL, help=app_texts.ZOOM_HELP, key=ZOOM_KEY)
    return True


def _show_near(item: BatchItem, pixels: RgbImage, alt: str) -> None:
    """Write the picture that zooms; images of one size keep what is zoomed in on."""
    height, width = pixels.shape[:2]
    picture = LargePicture(
        key=f"{width}x{height}",
        name=alt,
        width_px=width,
        height_px=height,
        original=encode_photo(item.image_sha256 or "", pixels),
        enhanced=None,
        can_enhance=False,
        heat=None,
        erythrocyte_px=None,
        boxes=(),
        looks=(),
        chosen=None,
    )
    with st.container(key=NEAR_KEY):
        show_large_picture(picture, on_choose=lambda _: None, on_enhance=lambda: None)


def _show_decision(
    reading: Reading,
    entry: WorklistEntry,
    store: ReviewStore,
    *,
    is_hidden: bool,
    is_shown: bool,
) -> None:
    """Write what stands, and one button a decision."""
    item = entry.item
    st.markdown(f"**{texts.VOTE if is_hidden else texts.DECIDE}**")
    is_settling = _show_readers(entry)
    is_closed = entry.reading is not None and not is_settling
    if entry.decision is not None and not is_settling:
        st.success(describe_decision(entry.decision), icon=":material/task_alt:")
    reason_key = f"batch-reason-{item.id}"
    buttons = st.container(horizontal=True)
    by, why = st.columns([1, 2.6])
    with by:
        initials = ask_initials(key="initials-batch")
    why.text_input(
        review_texts.REASON_LABEL,
        max_chars=MAX_REASON,
        placeholder=review_texts.REASON_PLACEHOLDER,
        autocomplete="off",
        key=reason_key,
    )

    def decide(kind: DecisionKind, answer: str | None) -> None:
        # The buttons belong to one image, so that a key that is pressed while the next image is
        # still on its way decides on the one that is on the screen; and once.
        try:
            standing = None if is_settling else _standing(reading.run, item, store)
            if standing is not None and (standing.kind, standing.answer_name) == (kind, answer):
                return
            finding, label = split_answer(answer)
            decision = store.record_decision(
                image_sha256=reading.images.seen_sha256(item),
                image_name=item.name,
                bundle_sha256=reading.run.bundle_sha256,
                kind=kind,
                finding=finding,
                label=label,
                reason=str(st.session_state.get(reason_key, "")).strip(),
                initials=initials or "",
                user=reader_mail(),
                run_id=reading.run.id,
                item_id=item.id,
                is_blinded=is_hidden,
                is_adjudication=is_settling,
            )
        except LeukappError as error:
            st.session_state[FAILED_KEY] = str(error)
            return
        made = _RecentDecision(decision_id=decision.id, entry=entry)
        st.session_state.setdefault(MADE_KEY, []).append(made)
        if st.session_state.get(GO_ON_KEY, True):
            following = reading.place.next_open
            if following is not None and following.item.id != item.id:
                reading.open(following)

    with buttons:
        for label, kind, chosen, key in _choices(item, is_hidden=is_hidden):
            st.button(
                label,
                on_click=guarded(decide),
                args=(kind, chosen),
                disabled=initials is None or not is_shown or is_closed,
                shortcut=key,
                key=f"batch-decide-{item.id}-{key}",
            )
        _show_undo(reading, entry, store, initials=initials)
    if not is_shown:
        st.caption(texts.NO_DECISION)
    failure = st.session_state.pop(FAILED_KEY, None)
    if failure is not None:
        reason = escape_markdown(failure)
        st.error(review_texts.LOG_FAILED.format(reason=reason), icon=":material/database_off:")
    st.toggle(texts.GO_ON, value=True, help=texts.GO_ON_HELP, key=GO_ON_KEY)


def _standing(run: BatchRun, item: BatchItem, store: ReviewStore) -> Decision | None:
    """The decision that stands now, of two readers that of this one."""
    lines = [line for line in store.decisions_on([item]) if line.run_id == run.id]
    if run.n_readers == N_READERS:
        return read_one_doubly(lines).of_reader(reader_name())
    return standing_decision(lines)


def _show_readers(entry: WorklistEntry) -> bool:
    """Write what two readers signed, once both have, and give whether it is to be settled."""
    if entry.reading is None:
        return False
    is_settling = entry.reading.is_disagreement
    for signed in entry.reading.readings:
        st.markdown(describe_decision(signed))
    if is_settling:
        st.info(texts.READERS_DIFFER, icon=":material/gavel:")
    return is_settling


def _choices(
    item: BatchItem, *, is_hidden: bool
) -> list[tuple[str, DecisionKind, str | None, str]]:
    """Label, kind, answer and key of each decision; blinded, the answer decides the kind."""
    choices: list[tuple[str, DecisionKind, str | None, str]] = []
    if not is_hidden:
        label = texts.AGREE_NO_CALL if item.answer_name is None else texts.AGREE
        choices.append((label, DecisionKind.AGREE, item.answer_name, "A"))
    for number, name in enumerate(ANSWER_NAMES, start=1):
        if is_hidden or name != item.answer_name:
            kind = DecisionKind.AGREE if name == item.answer_name else DecisionKind.OVERRIDE
            choices.append((theme.marked(name), kind, name, str(number)))
    choices.append((texts.UNSURE, DecisionKind.UNSURE, None, "U"))
    return choices


def _show_undo(
    reading: Reading, entry: WorklistEntry, store: ReviewStore, *, initials: str | None
) -> None:
    """Write the button that takes back this image's decision, else the last one made here."""
    made: list[_RecentDecision] = st.session_state.get(MADE_KEY, [])
    listed = store.worklists.listed_ids(reading.shown, {one.entry.item.id for one in made})
    mine = [one for one in made if one.entry.item.id in listed | {entry.item.id}]
    target: _RecentDecision | None = mine[-1] if mine else None
    is_mine = True
    undone = entry.decision
    if entry.reading is not None:
        undone = entry.reading.adjudication or entry.reading.of_reader(reader_name())
    if undone is not None:
        target = _RecentDecision(decision_id=undone.id, entry=entry)
        is_mine = may_take_back(undone, user=reader_mail(), is_admin=is_admin())

    def undo() -> None:
        if target is None or initials is None:
            return
        try:
            store.undo_decision(
                target.decision_id, initials=initials, user=reader_mail(), is_admin=is_admin()
            )
            reading.open(target.entry)
        except LeukappError as error:
            st.session_state[FAILED_KEY] = str(error)
            if isinstance(error, StoreAwayError):
                return
        # Also where it does not stand any more: the key then reaches the one before.
        st.session_state[MADE_KEY] = [
            decided for decided in made if decided.decision_id != target.decision_id
        ]

    st.button(
        texts.UNDO,
        icon=":material/undo:",
        on_click=guarded(undo),
        help=None if is_mine else review_texts.UNDO_OTHERS,
        disabled=target is None or initials is None or not is_mine,
        shortcut="Z",
        key=f"batch-undo-{entry.item.id}-{len(made)}",
    )


def _show_heatmaps(reading: Reading, item: BatchItem, diagnoser: SharedDiagnoser) -> None:
    """Write the heatmaps once they are asked for; the network is run for this image alone."""
    is_shown = bool(st.session_state.get(HEAT_KEY, False))

    def turn() -> None:
        st.session_state[HEAT_KEY] = not is_shown

    st.button(
        texts.HEATMAPS_HIDE if is_shown else texts.HEATMAPS_SHOW,
        icon=":material/blur_on:",
        on_click=guarded(turn),
        shortcut="H",
        key="batch-heatmaps",
    )
    if not is_shown:
        return
    if diagnoser.bundle_sha256 != reading.run.bundle_sha256:
        st.info(texts.HEATMAPS_OTHER_BUNDLE, icon=":material/swap_horiz:")
        return
    key = f"batch-{item.id}-{item.image_sha256}"
    entry = ImageEntry(
        key=key,
        name=item.name,
        is_synthetic=False,
        read_bytes=lambda: reading.images.read(item),
    )
    answers: Answers = st.session_state.setdefault(ANSWERS_KEY, Answers(max_images=N_HEATMAPS_KEPT))
    try:
        answer = answers.answer(entry, diagnoser)
    except (BusyError, BatchSourceError) as error:
        st.warning(escape_markdown(str(error)), icon=":material/hourglass_top:")
        return
    if isinstance(answer, ImageError):
        st.warning(escape_markdown(str(answer)), icon=":material/image_not_supported:")
        return
    if answer.quality.blocking:
        st.caption(app_texts.NO_HEATMAPS)
        return
    if answer.branches:
        with st.container(border=True):
            show_heatmap_viewer(answer, diagnoser, key=key)
    if answer.cells:
        with st.container(border=True):
            show_cells(answer, diagnoser, key=key)
