"""What the server shares and what belongs to one reader alone.

The networks are shared by every session, behind a line of bounded length. Images and diagnoses
belong to the session of the reader who brought them (``leukapp.ui.kept_session``), bounded.
"""

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from leukapp.admission import MAX_WAITING, Admission, OnPosition
from leukapp.diagnosis import Diagnoser, Diagnosis, Explanation, MarkedCell
from leukapp.errors import ImageError
from leukapp.imaging.arrays import RgbImage
from leukapp.imaging.cell_boxes import CellBox
from leukapp.imaging.image_io import decode_image, decoded_bytes
from leukapp.inference.decision import Answer as CorrectedAnswer
from leukapp.structured_log import log_event
from leukapp.ui.image_summary import ImageSummary, summarize
from leukapp.ui.kept_memory import PixelMemory
from leukapp.ui.kept_session import MAX_IMAGES, this_session
from leukapp.ui.picture import fit_for_screen
from leukapp.ui.upload import ImageEntry

MAX_KEPT_BYTES: Final = 512 * 1024 * 1024
LARGE_BYTES: Final = 50_000_000
"""An image with more, once it is decoded, is large: 17 megapixels."""

Answer: TypeAlias = Diagnosis | ImageError
"""What became of one image: a diagnosis, or the error that says why there is none."""

_Key: TypeAlias = tuple[str, str]
"""Hash of the bundle and key of the image."""


class SharedDiagnoser:
    """One Diagnoser for every session; calls go through one after the other, in line."""

    def __init__(self, diagnoser: Diagnoser, *, max_waiting: int = MAX_WAITING) -> None:
        self._diagnoser = diagnoser
        self._admission = Admission(max_waiting=max_waiting)
        self._of_large_images = Admission(max_waiting=max_waiting)
        self.memory = PixelMemory()

    @property
    def bundle_sha256(self) -> str:
        """Hash of the bundle that answers, hexadecimal."""
        return self._diagnoser.bundle.sha256

    @property
    def n_waiting(self) -> int:
        """Images and heatmaps that wait for the networks."""
        return self._admission.n_waiting + self._of_large_images.n_waiting

    def diagnose(self, data: bytes, *, on_position: OnPosition | None = None) -> Diagnosis:
        """Diagnose one image.

        Args:
            data: the file's bytes, of any origin.
            on_position: told the position in line while others are served.

        Raises:
            ImageError: the bytes are not an image that can be judged.
            BusyError: too many wait already, or their images fill the memory.
        """
        digest = hashlib.sha256(data).hexdigest()
        started = time.perf_counter()
        n_bytes = _decoded_bytes(data)
        with self._enter(n_bytes, on_position):
            waited_ms = round(1e3 * (time.perf_counter() - started), 1)
            try:
                self.memory.make_room(n_bytes)
                diagnosis = self._diagnoser.diagnose(data)
            except ImageError:
                log_event("unreadable", image_sha256=digest, waited_ms=waited_ms)
                raise
            self.memory.watch(diagnosis.image)
        log_event(
            "diagnosed",
            image_sha256=digest,
            bundle_sha256=diagnosis.bundle.sha256,
            finding=diagnosis.finding,
            label=diagnosis.label,
            waited_ms=waited_ms,
            total_ms=round(diagnosis.timings.total_ms, 1),
        )
        return diagnosis

    def explain(self, diagnosis: Diagnosis, class_name: str) -> Explanation:
        """Compute the heatmaps of another class from what the diagnosis kept."""
        with self._admission.enter():
            return self._diagnoser.explain(diagnosis, class_name)

    def decode(self, data: bytes, *, max_side_px: int) -> RgbImage:
        """Decode an image for a screen, in line: two large ones at once would fill the memory.

        Args:
            data: the file's bytes, of any origin.
            max_side_px: longest side of what is given.

        Raises:
            ImageError: the bytes are not an image that can be decoded.
            BusyError: too many wait already, or other readers' images fill the memory.
        """
        n_bytes = _decoded_bytes(data)
        with self._enter(n_bytes):
            self.memory.make_room(n_bytes)
            return fit_for_screen(decode_image(data), max_side_px=max_side_px)

    def enhanced(self, diagnosis: Diagnosis, *, max_side_px: int) -> RgbImage:
        """Enhance an image for a screen, in line.

        Args:
            diagnosis: of the image.
            max_side_px: longest side of what is given.
        """
        with self._admission.enter():
            return fit_for_screen(diagnosis.enhanced, max_side_px=max_side_px)

    @contextmanager
    def turn(self, data: bytes) -> Iterator[None]:
        """Hold the queue while a block decodes an image.

        Args:
            data: the file's bytes, of any origin.

        Raises:
            BusyError: too many wait already.
        """
        with self._enter(_decoded_bytes(data)):
            yield

    @contextmanager
    def _enter(self, n_bytes: int, on_position: OnPosition | None = None) -> Iterator[None]:
        """Wait in the shared queue, which large images, slow as they are, join one at a time."""
        with ExitStack() as stack:
            if n_bytes > LARGE_BYTES:
                stack.enter_context(self._of_large_images.enter(on_position))
            stack.enter_context(self._admission.enter(on_position))
            yield

    def explain_cell(self, diagnosis: Diagnosis, index: int, class_name: str) -> Explanation:
        """Compute the heatmaps over one leukocyte's crop from what the diagnosis kept."""
        with self._admission.enter():
            return self._diagnoser.explain_cell(diagnosis, index, class_name)

    def judge_marked(self, diagnosis: Diagnosis, box: CellBox) -> MarkedCell:
        """Judge a leukocyte that a reader marked, in line; see ``Diagnoser.judge_marked``.

        Args:
            diagnosis: of the field.
            box: window of the leukocyte.

        Raises:
            BusyError: too many wait already.
        """
        with self._admission.enter():
            return self._diagnoser.judge_marked(diagnosis, box)

    def place_cell(self, diagnosis: Diagnosis, index: int) -> NDArray[np.float32]:
        """Where the networks place a leukocyte; see ``Diagnoser.place_cell``.

        They are not run, so it waits in no line.
        """
        return self._diagnoser.place_cell(diagnosis, index)

    def answer_as_corrected(
        self, diagnosis: Diagnosis, *, kept: Sequence[int], given: Sequence[str]
    ) -> CorrectedAnswer:
        """Answer for a field as readers corrected it; see ``Diagnoser.answer_as_corrected``.

        As :meth:`place_cell`, it waits in no line.
        """
        return self._diagnoser.answer_as_corrected(diagnosis, kept=kept, given=given)


def _decoded_bytes(data: bytes) -> int:
    """Memory of an image; 0 for what is none, of which the decoder says why."""
    try:
        return decoded_bytes(data)
    except ImageError:
        return 0


@st.cache_resource(show_spinner=False, max_entries=2)
def open_diagnoser(folder: str) -> SharedDiagnoser:
    """Load a bundle once for the whole server; a failure is not kept, so a repair is seen.

    Args:
        folder: the bundle's folder.

    Raises:
        BundleError: the bundle is missing, damaged or not understood.
    """
    return SharedDiagnoser(Diagnoser.open(Path(folder)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the server still knows of an image after its pixels were dropped.

    Attributes:
        answer_name: what is called; None for "no call" and for an unreadable image.
        error: the sentence that says why the image is not readable, or None.
        summary: what a line of the overview shows, or None for an unreadable image.
    """

    answer_name: str | None
    error: str | None
    summary: ImageSummary | None = None


class Answers:
    """Answers of one reader's session, the least recently seen dropped first.

    Args:
        max_images: kept with their pixels.
        max_bytes: of these, with what explains them.
        on_diagnosed: told every new diagnosis, e.g. to write it down.
    """

    def __init__(
        self,
        *,
        max_images: int = MAX_IMAGES,
        max_bytes: int = MAX_KEPT_BYTES,
        on_diagnosed: Callable[[Diagnosis], None] | None = None,
    ) -> None:
        self._max_images = max_images
        self._on_diagnosed = on_diagnosed
        self._max_bytes = max_bytes
        self._kept: OrderedDict[_Key, Answer] = OrderedDict()
        self._used: dict[_Key, float] = {}
        self._outcomes: OrderedDict[_Key, Outcome] = OrderedDict()
        # Two tabs of one browser share their session's answers.
        self._lock = threading.RLock()

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def n_bytes(self) -> int:
        """Bytes of the pixels in memory and of what explains them."""
        with self._lock:
            return sum(map(kept_bytes, self._kept.values()))

    def outcome(self, entry: ImageEntry, diagnoser: SharedDiagnoser) -> Outcome:
        """Give what is known of an image, reading it at the first call."""
        known = self._outcomes.get(_key(entry, diagnoser))
        if known is None:
            self.answer(entry, diagnoser)
        return known or self._outcomes[_key(entry, diagnoser)]

    def is_known(self, entry: ImageEntry, diagnoser: SharedDiagnoser) -> bool:
        """Whether the image has been read before by this bundle."""
        return _key(entry, diagnoser) in self._outcomes

    def answer(
        self,
        entry: ImageEntry,
        diagnoser: SharedDiagnoser,
        *,
        on_position: OnPosition | None = None,
    ) -> Answer:
        """Give the whole answer for an image, reading it again only if it was dropped.

        Args:
            entry: the image.
            diagnoser: reads it; each bundle has answers of its own.
            on_position: told the position in line while others are served.

        Raises:
            BusyError: too many wait already; nothing is kept of this try.
        """
        key = _key(entry, diagnoser)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                self._used[key] = time.monotonic()
                return self._kept[key]
        diagnoser.memory.add_keeper(self)
        try:
            answer: Answer = diagnoser.diagnose(entry.read_bytes(), on_position=on_position)
        except ImageError as error:
            answer = error
        if self._on_diagnosed is not None and not isinstance(answer, ImageError):
            self._on_diagnosed(answer)
        with self._lock:
            self._keep(key, answer)
        return answer

    def forget_all_but(self, entries: list[ImageEntry]) -> None:
        """Drop the images that the reader took away."""
        wanted = {entry.key for entry in entries}
        with self._lock:
            for key in [key for key in self._outcomes if key[1] not in wanted]:
                self._kept.pop(key, None)
                del self._outcomes[key]

    def last_used(self) -> float | None:
        """When the oldest image was used; the newest, which is on the screen, cannot go."""
        with self._lock:
            return self._used.get(next(iter(self._kept)), 0.0) if len(self._kept) > 1 else None

    def let_go(self) -> None:
        """Drop the oldest image; it is read again when it is looked at."""
        with self._lock:
            if len(self._kept) > 1:
                self._kept.popitem(last=False)

    def _keep(self, key: _Key, answer: Answer) -> None:
        """Store an answer, then drop old ones until both bounds hold; the newest always stays."""
        if isinstance(answer, ImageError):
            self._outcomes[key] = Outcome(answer_name=None, error=str(answer))
        else:
            self._outcomes[key] = Outcome(
                answer_name=answer.answer_name, error=None, summary=summarize(answer)
            )
        self._kept[key] = answer
        self._used[key] = time.monotonic()
        while len(self._kept) > 1 and (
            len(self._kept) > self._max_images or self.n_bytes > self._max_bytes
        ):
            self._kept.popitem(last=False)
        self._used = {key: self._used[key] for key in self._kept}


def _key(entry: ImageEntry, diagnoser: SharedDiagnoser) -> _Key:
    return diagnoser.bundle_sha256, entry.key


def kept_bytes(answer: Answer) -> int:
    """Bytes that an answer holds in memory: pixels, cells, and what the heatmaps are computed from.

    Args:
        answer: to one image.
    """
    if isinstance(answer, ImageError):
        return 0
    n_bytes = answer.image.nbytes + sum(cell.crop.nbytes for cell in answer.cells)
    output = answer.network_output
    return n_bytes + (sum(activation.nbytes for activation in output.activations) if output else 0)


def session_answers(on_diagnosed: Callable[[Diagnosis], None] | None = None) -> Answers:
    """Give this session's answers, empty at first.

    Args:
        on_diagnosed: told every new diagnosis.
    """
    session = this_session()
    if not isinstance(session.answers, Answers):
        session.answers = Answers(on_diagnosed=on_diagnosed)
    return session.answers
