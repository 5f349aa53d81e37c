"""What is kept of a batch and of a reviewer's decisions; plain values, no database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from leukapp.imaging.cell_boxes import CellBox
from leukapp.labels import ANSWER_NAMES, name_answer

ARTIFACT: Final = "artifact"
REACTIVE: Final = "reactive"
OTHER: Final = "other"

CORRECTIONS: Final = (*ANSWER_NAMES, ARTIFACT, REACTIVE, OTHER)
"""What a reviewer may say of a cell: the answers of the networks, and what these do not know."""

REMOVED: Final = "removed"
"""What is said of a box that holds no cell; it is seen no more than faintly, and counts no more."""

CELL_ANSWERS: Final = (*CORRECTIONS, REMOVED)
NOT_LEUKOCYTES: Final = (ARTIFACT, REMOVED)

MAX_CASE_NAME: Final = 64
"""Letters of the name of a case."""


class DecisionKind(StrEnum):
    """What a reviewer said to a verdict; ``UNDONE`` takes back a decision that stands."""

    AGREE = "agree"
    OVERRIDE = "override"
    UNSURE = "unsure"
    UNDONE = "undone"


class RunState(StrEnum):
    """Where a batch stands."""

    RUNNING = "running"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    FINISHED = "finished"


class ItemState(StrEnum):
    """Where one image of a batch stands."""

    WAITING = "waiting"
    DONE = "done"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One line of the review log; lines are added, never changed.

    Attributes:
        id: rises with time.
        image_sha256: hash of the file that was judged, hexadecimal.
        image_name: what the image is called; may be its hash.
        bundle_sha256: which bundle had answered.
        kind: what was said.
        label: class that the reviewer gives: that of the verdict for ``agree`` (None where there
            was none), the reviewer's own for ``override``, None for ``unsure`` and ``undone``.
        reason: free text, may be empty.
        initials: of the reviewer.
        user: mail address where readers sign in, else None.
        decided_at: UTC.
        run_id: batch, or None for an image of page "Diagnose".
        item_id: image of that batch, or None.
        is_blinded: the reviewer voted before the verdict was shown.
        takes_back: id of the decision that a line ``undone`` takes back; None for decisions, and
            for ``undone`` lines of earlier versions, which take back the last one that stood.
        finding: ``Healthy`` or ``leukemia`` as the reviewer says, also where no type is given; None
            where ``label`` is None for another reason.
        act: what decisions have in common that were signed together, 32 hexadecimal digits; None
            for one that was made alone.
        is_adjudication: it settles what two readers differ in.
    """

    id: int
    image_sha256: str
    image_name: str
    bundle_sha256: str
    kind: DecisionKind
    label: str | None
    reason: str
    initials: str
    user: str | None
    decided_at: datetime
    run_id: int | None
    item_id: int | None
    is_blinded: bool = False
    takes_back: int | None = None
    finding: str | None = None
    act: str | None = None
    is_adjudication: bool = False

    @property
    def answer_name(self) -> str | None:
        """What the reviewer says, in one name: a class, or leukemia of no determined type."""
        return name_answer(self.finding, self.label)


@dataclass(frozen=True, slots=True, kw_only=True)
class CellCorrection:
    """What a reviewer says of one leukocyte of an image, as long as it stands.

    Attributes:
        sequence: row of the audit trail.
        box: window of the cell, in pixels of the image.
        answer: one of ``CELL_ANSWERS``.
        initials: of the reviewer.
        user: mail address where readers sign in, else None.
        corrected_at: UTC.
        is_marked: a reader marked the cell, which the networks had not found.
        bundle_sha256: of the networks that had answered.
        features: where these place the cell, as ``encode_features`` writes it; None for one that
            they did not judge, and of earlier versions.
    """

    sequence: int
    box: CellBox
    answer: str
    initials: str
    user: str | None
    corrected_at: datetime
    is_marked: bool = False
    bundle_sha256: str = ""
    features: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRun:
    """One batch.

    Attributes:
        id: of the run.
        name: as the reviewer called it.
        state: where it stands.
        created_at: UTC.
        bundle_sha256: the bundle that judges it.
        software_version: that began it.
        total: images in it.
        done: images that were judged.
        unreadable: files that could not be read.
        root: folder that the paths of its files are under, absolute and with links resolved; None
            where the files were uploaded, or the batch is older than this field.
        n_readers: how many readers each image asks for, 1 or 2.
    """

    id: int
    name: str
    state: RunState
    created_at: datetime
    bundle_sha256: str
    software_version: str
    total: int
    done: int
    unreadable: int
    root: str | None = None
    n_readers: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchItem:
    """One image of a batch, with its answer once it was judged.

    Attributes:
        id: of the item.
        run_id: its batch.
        position: from 0, in the order in which the batch is judged.
        name: file name, to be shown to the reviewer.
        source: how to read the pixels again: a relative path under the root, or an upload's id.
        image_sha256: hash of the file, once it was read.
        state: where it stands.
        label: class of the verdict; None for "no call", for a leukemia whose type is not named, and
            where there is no answer.
        no_call_reason: one sentence, or None.
        confidence: calibrated probability of the verdict, of the most probable class where there is
            no call, 0-1.
        probabilities: class to calibrated probability; None where no leukocyte was found.
        branch_probabilities: branch to class to probability.
        branches_agree: whether the branches give one class.
        quality: sentences of the quality check.
        error: why the file could not be read, one sentence.
        mode: how the image was read, e.g. ``whole``, ``cell`` or ``field``.
        finding: ``Healthy`` or ``leukemia``; None for "no call" and where there is no answer.
    """

    id: int
    run_id: int
    position: int
    name: str
    source: str
    image_sha256: str | None
    state: ItemState
    label: str | None
    no_call_reason: str | None
    confidence: float | None
    probabilities: Mapping[str, float] | None
    branch_probabilities: Mapping[str, Mapping[str, float]] | None
    branches_agree: bool | None
    quality: tuple[str, ...]
    error: str | None
    mode: str
    finding: str | None = None

    @property
    def answer_name(self) -> str | None:
        """What is called, in one name: a class, or leukemia of no determined type."""
        return name_answer(self.finding, self.label)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedCell:
    """What a batch keeps of one leukocyte.

    Attributes:
        box: its window, in pixels of the image.
        answer: in one name; None for no call.
    """

    box: CellBox
    answer: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Images of one patient's sample, put together by readers.

    Attributes:
        id: number of the case; never given again.
        name: accession number or free id, as readers typed it; None where they gave none.
        created_at: UTC.
        n_images: images of batches in it, also those that wait or could not be read.
    """

    id: int
    name: str | None
    created_at: datetime
    n_images: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseImage:
    """An image of a case.

    Attributes:
        item: the image in its batch.
        cells: its leukocytes; None where it was judged whole, has no answer, or was read by a
            version that did not keep them.
    """

    item: BatchItem
    cells: tuple[JudgedCell, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """A file, or a folder of them, of a batch that was removed.

    Attributes:
        id: of the note.
        kind: ``upload`` or ``thumbnail``.
        name: id of the upload, or hash of the image.
        removed_at: when the batch was, seconds since 1970.
    """

    id: int
    kind: str
    name: str
    removed_at: float
