"""The facade: bytes or a path in, a Diagnosis out. Pages, command line and batch all call this."""

import hashlib
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Final, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from leukapp.cells import CellAnswer, CellSummary, ModeChoice, summarize_cells
from leukapp.errors import ImageError
from leukapp.fields.crops import CellBox, CutImage, cut_cells, cut_marked
from leukapp.fields.learned_finder import LearnedFinder
from leukapp.imaging.arrays import RgbImage
from leukapp.imaging.cut_out_cell import lay_on_smear
from leukapp.imaging.enhance import enhance_image
from leukapp.imaging.image_io import decode_image, decoded_bytes, read_image_bytes
from leukapp.imaging.quality import QualityReport, assess_quality
from leukapp.imaging.resize import prepare_inputs
from leukapp.imaging.white_balance import balance_white
from leukapp.inference.cell_heatmaps import paste_heatmaps
from leukapp.inference.choose import open_engine
from leukapp.inference.corrected_items import decide_corrected
from leukapp.inference.decision import Answer, DecisionRule, ItemDecision, ItemScores
from leukapp.inference.engine import Engine, EngineChoice, NetworkOutput, join_outputs
from leukapp.inference.finder_engine import open_finder
from leukapp.inference.gradcam import Explanation, blank_explanation, explain_class
from leukapp.inference.heatmap import Heatmap
from leukapp.inference.probabilities import ClassProbabilities, answer_probability
from leukapp.inference.watch_scores import (
    WatchScores,
    measure_distance,
    measure_nuclei,
    parent_gate,
)
from leukapp.labels import HEALTHY, ImageMode, name_answer
from leukapp.model.bundle import Bundle, GateReference, open_bundle
from leukapp.model.fusion import NetworkLogits, pool
from leukapp.process_threads import one_opencv_thread, usable_cores
from leukapp.resources import find_bundle

__all__ = [
    "BranchVote",
    "BundleId",
    "Diagnoser",
    "Diagnosis",
    "Explanation",
    "MarkedCell",
    "Timings",
]

AHEAD_A_CORE: Final = 2
"""Images a core that are read before their turn, so that no core waits."""

MAX_AHEAD_BYTES: Final = 400_000_000
"""Pixels of images side by side: one of 100 megapixels, or small ones as many as cores need."""

BATCH_SIZE: Final = 8
"""Items that go through the network at once."""

ScalarT = TypeVar("ScalarT", bound=np.generic)


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleId:
    """Which trained bundle gave an answer.

    Attributes:
        name: folder name, e.g. ``compact``.
        sha256: hash of the bundle's manifest (which lists the hash of each file), hexadecimal.
        laboratory: that it was commissioned for; None of a bundle for all.
    """

    name: str
    sha256: str
    laboratory: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """Wall time of the steps, in milliseconds."""

    decode_ms: float
    enhance_ms: float
    network_ms: float
    explain_ms: float
    total_ms: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BranchVote:
    """What one branch alone says.

    Attributes:
        name: branch name, e.g. ``efficientnet_lite2``.
        probabilities: the branch's own softmax.
    """

    name: str
    probabilities: ClassProbabilities


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Diagnosis:
    """The whole answer for one image.

    Attributes:
        image_sha256: hash of the image's bytes, hexadecimal.
        image: the decoded original, uint8 (height, width, 3), read-only.
        find_enhanced: computes the enhanced image, each time anew, since few look at it; read
            :attr:`enhanced`.
        mode: whether the image was judged whole, as one cell, as a field of cells, or as a cell
            that was cut out on black.
        class_names: what the bundle tells apart, in its order.
        finding: ``Healthy`` or ``leukemia``; None for "no call".
        label: one of ``class_names``; None for "no call", and for a leukemia whose type is not
            named.
        no_call_reason: one plain sentence if there is no call, else None.
        no_call_details: further sentences on why there is none, with the numbers behind it.
        type_note: one plain sentence on why the type of a leukemia is not named, else None.
        probabilities: calibrated probabilities of the fused decision, also where there is no call;
            None where no leukocyte was found, so that the network had nothing to judge.
        branches: each branch's own vote, in the order of the preset; empty where no leukocyte was
            found.
        find_explanation: computes the heatmaps, or hands out those that are computed already; read
            :attr:`explanation`.
        cells: the leukocytes, from left to right; empty in mode ``whole``.
        erythrocyte_px: scale of the image, None in the modes ``whole`` and ``segmented`` and where
            nothing gives one.
        quality: measurements and findings of the quality check.
        bundle: which bundle answered.
        engine: which engine ran the network, e.g. ``openvino-cpu-f32``.
        timings: milliseconds a step.
        network_output: of the whole image or of each cell; kept so that another class is explained
            without the network.
        watch_scores: by which a commissioned bundle's images are watched; None of a bundle for all.
        squash: how much wider than high round cells are in the image; 1 where it was not squashed.
    """

    image_sha256: str
    image: RgbImage
    find_enhanced: Callable[[], RgbImage]
    mode: ImageMode
    class_names: tuple[str, ...]
    finding: str | None
    label: str | None
    no_call_reason: str | None
    probabilities: ClassProbabilities | None
    branches: tuple[BranchVote, ...]
    find_explanation: Callable[[], Explanation]
    cells: tuple[CellAnswer, ...]
    erythrocyte_px: float | None
    quality: QualityReport
    bundle: BundleId
    engine: str
    timings: Timings
    network_output: NetworkOutput | None
    no_call_details: tuple[str, ...] = ()
    type_note: str | None = None
    watch_scores: WatchScores | None = None
    squash: float = 1.0

    @property
    def judged_images(self) -> tuple[RgbImage, ...]:
        """What the network judged: the crops of the leukocytes, or the whole image."""
        if self.mode == "whole":
            return (self.image,)
        return tuple(cell.crop for cell in self.cells)

    @property
    def answer_name(self) -> str | None:
        """What is called, in one name: a class, or leukemia of no determined type."""
        return name_answer(self.finding, self.label)

    @property
    def answer_probability(self) -> float | None:
        """Calibrated probability of what is called, 0-1; None where there was nothing to judge.

        That of the most probable class where there is no call.
        """
        if self.probabilities is None:
            return None
        return answer_probability(self.probabilities.as_dict(), self.finding, self.label)

    @property
    def enhanced(self) -> RgbImage:
        """The enhanced image, uint8 as :attr:`image`, read-only; only a screen asks for it."""
        return self.find_enhanced()

    @property
    def explanation(self) -> Explanation:
        """Grad-CAM of each branch and of the fused decision for the most probable class."""
        return self.find_explanation()

    @property
    def heatmaps(self) -> tuple[Heatmap, ...]:
        """Of each branch that has a vote, then of the fused decision."""
        explanation = self.explanation
        return (*(explanation.branches if self.branches else ()), explanation.fused)

    @property
    def cell_summary(self) -> CellSummary:
        """The leukocytes of the image, counted."""
        return summarize_cells(self.cells)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarkedCell:
    """What the networks say of a leukocyte that a reader marked; it changes no answer.

    Attributes:
        cell: its answer.
        explanation: heatmaps over its crop, of its most probable class.
    """

    cell: CellAnswer
    explanation: Explanation


class Diagnoser:
    """A bundle on an engine: diagnoses images one by one, from any thread."""

    def __init__(
        self, bundle: Bundle, engine: Engine, *, finder: LearnedFinder | None = None
    ) -> None:
        self.bundle = bundle
        self.engine = engine
        self.finder = finder
        laboratory = None if bundle.commission is None else bundle.commission.laboratory
        self._bundle_id = BundleId(name=bundle.name, sha256=bundle.sha256, laboratory=laboratory)
        self._branch_names = tuple(spec.name for spec in bundle.preset.branches)
        self._sizes_px = tuple(spec.input_size_px for spec in bundle.preset.branches)
        self._enhancement = bundle.preset.enhancement

    @classmethod
    def open(cls, folder: Path, *, engine: EngineChoice = "auto") -> Self:
        """Open a bundle, verify its hashes and load it on an engine.

        Args:
            folder: of the bundle.
            engine: ``auto`` takes the fastest that the machine has.

        Raises:
            BundleError: the bundle is missing, damaged or not understood.
        """
        bundle = open_bundle(folder)
        return cls(bundle, open_engine(bundle, engine), finder=open_finder(bundle))

    @classmethod
    def from_bundle(cls, bundle: str | Path, *, engine: EngineChoice = "auto") -> Self:
        """Open a bundle by its name or path, verify its hashes and load it on an engine.

        Args:
            bundle: name of a bundle that LeukApp brings along, e.g. ``compact``, or the path of a
                folder that ``leukapp train`` wrote.
            engine: ``auto`` takes the fastest that the machine has.

        Raises:
            BundleError: the bundle is missing, damaged or not understood.

        Example:
            >>> diagnosis = Diagnoser.from_bundle("compact").diagnose(Path("smear.png"))
            ... # doctest: +SKIP
        """
        return cls.open(find_bundle(bundle), engine=engine)

    def diagnose(
        self, data: bytes | Path, *, mode: ModeChoice = "auto", explain_now: bool = True
    ) -> Diagnosis:
        """Decode, check, enhance, judge and explain one image.

        Args:
            data: bytes of an image file of any origin, or its path.
            mode: ``auto`` does what the bundle was trained for: the whole image, or its leukocytes.
            explain_now: False leaves the heatmaps to whoever looks at them first.

        Returns:
            The whole answer, with heatmaps of the most probable class.

        Raises:
            ImageError: the bytes are not an image that can be judged.
        """
        started = time.perf_counter()
        content = read_image_bytes(data) if isinstance(data, Path) else data
        image = decode_image(content)
        decoded = time.perf_counter()
        quality = assess_quality(image)
        cut = self._cut(image, mode)
        smear = lay_on_smear(image)
        items = [smear] if cut is None else [crop.image for crop in cut.crops]
        prepared = [prepare_inputs(item, self._enhancement, self._sizes_px) for item in items]
        enhanced = time.perf_counter()
        output = self._run([item.inputs for item in prepared]) if prepared else None
        ran = time.perf_counter()
        scores = None if output is None else self._rule.score(output.logits, output.features)
        judged_as: ImageMode = "whole" if cut is None else cut.mode
        decision = self._rule.decide(scores, quality, mode=judged_as)
        cells = () if cut is None or scores is None else self._answer_cells(cut, scores)
        find_explanation = cache(
            partial(
                self._explain,
                output,
                decision.probabilities.top_class if decision.probabilities else HEALTHY,
                cells=None if cut is None else cells,
                size_px=(image.shape[0], image.shape[1]),
            )
        )
        if explain_now and not quality.blocking:
            find_explanation()
        no_call = decision.no_call
        erythrocyte_px = None if cut is None else cut.erythrocyte_px
        judged = [image] if cut is None else [crop.image for crop in cut.crops]
        # Read in another way than the images of the commissioning, it is not to be compared.
        watch_scores = self._watch(output, judged, erythrocyte_px) if mode == "auto" else None
        finished = time.perf_counter()
        return Diagnosis(
            image_sha256=hashlib.sha256(content).hexdigest(),
            image=image,
            find_enhanced=partial(self._enhanced, smear, cut.background if cut else None),
            mode=judged_as,
            class_names=self.bundle.class_names,
            finding=decision.finding,
            label=decision.label,
            no_call_reason=no_call.reason if no_call else None,
            no_call_details=no_call.details if no_call else (),
            type_note=decision.answer.type_note,
            probabilities=decision.probabilities,
            branches=tuple(
                BranchVote(name=name, probabilities=probabilities)
                for name, probabilities in zip(self._branch_names, decision.branches, strict=True)
            )
            if decision.probabilities
            else (),
            find_explanation=find_explanation,
            cells=cells,
            erythrocyte_px=erythrocyte_px,
            quality=quality,
            bundle=self._bundle_id,
            engine=self.engine.name,
            timings=Timings(
                decode_ms=1e3 * (decoded - started),
                enhance_ms=1e3 * (enhanced - decoded),
                network_ms=1e3 * (ran - enhanced),
                explain_ms=1e3 * (finished - ran),
                total_ms=1e3 * (finished - started),
            ),
            network_output=output,
            watch_scores=watch_scores,
            squash=1.0 if cut is None else cut.squash,
        )

    def diagnose_many(
        self, images: Iterable[bytes | Path | ImageError], *, mode: ModeChoice = "auto"
    ) -> Iterator[Diagnosis | ImageError]:
        """Diagnose images side by side, one on each core, and give the answers in their order.

        While the network judges one image, others are read, cut and enhanced. At most a few images
        a core are in memory, however many there are, and no more pixels than ``MAX_AHEAD_BYTES``
        where one image alone has not more. Heatmaps are computed for those that are looked at.

        Args:
            images: bytes or paths, taken as they are needed; an error, of whoever could not get
                the bytes, is handed on in its place.
            mode: as :meth:`diagnose` takes it.

        Yields:
            The answer for each image, or the error that says why it has none.
        """
        side_by_side = type(self)(self.bundle, self.engine.for_many(), finder=self.finder)

        def judge(data: bytes | ImageError) -> Diagnosis | ImageError:
            if isinstance(data, ImageError):
                return data
            try:
                return side_by_side.diagnose(data, mode=mode, explain_now=False)
            except ImageError as error:
                return error

        n_cores = usable_cores()
        pending: deque[tuple[int, Future[Diagnosis | ImageError]]] = deque()
        with (
            one_opencv_thread(),
            ThreadPoolExecutor(n_cores, thread_name_prefix="diagnose") as workers,
        ):
            try:
                for data in images:
                    content, n_bytes = _content_and_size(data)
                    while pending and (
                        len(pending) >= AHEAD_A_CORE * n_cores
                        or sum(size for size, _ in pending) + n_bytes > MAX_AHEAD_BYTES
                    ):
                        yield pending.popleft()[1].result()
                    pending.append((n_bytes, workers.submit(judge, content)))
                while pending:
                    yield pending.popleft()[1].result()
            finally:
                # Cancels queued images when the caller stops iterating.
                for _, future in pending:
                    future.cancel()

    def explain(self, diagnosis: Diagnosis, class_name: str) -> Explanation:
        """Heatmaps of another class, from what the diagnosis kept; the network is not run.

        Args:
            diagnosis: an answer of this diagnoser.
            class_name: one of ``diagnosis.class_names``.
        """
        cells = None if diagnosis.mode == "whole" else diagnosis.cells
        size_px = (diagnosis.image.shape[0], diagnosis.image.shape[1])
        return self._explain(diagnosis.network_output, class_name, cells=cells, size_px=size_px)

    def explain_cell(self, diagnosis: Diagnosis, index: int, class_name: str) -> Explanation:
        """Heatmaps over the crop of one leukocyte.

        Args:
            diagnosis: an answer of this diagnoser, not of mode ``whole``.
            index: of the cell in ``diagnosis.cells``.
            class_name: one of ``diagnosis.class_names``.

        Raises:
            IndexError: there is no such cell.
        """
        output = diagnosis.network_output
        if output is None or not 0 <= index < len(diagnosis.cells):
            raise IndexError(f"the image has {len(diagnosis.cells)} cells, got index {index}")
        return self._explain_item(output, index, class_name)

    def judge_marked(self, diagnosis: Diagnosis, box: CellBox) -> MarkedCell:
        """Judge a leukocyte that was not found, cut out as those that were; the answer stays.

        Args:
            diagnosis: of a field whose scale is known, an answer of this diagnoser.
            box: of ``window_around`` in its image.

        Raises:
            ValueError: the image has no scale.
        """
        if diagnosis.erythrocyte_px is None:
            raise ValueError("the image has no scale, so that no cell can be cut out of it")
        crop = cut_marked(diagnosis.image, box, diagnosis.erythrocyte_px, squash=diagnosis.squash)
        output = self._run([prepare_inputs(crop, self._enhancement, self._sizes_px).inputs])
        scores = self._rule.score(output.logits, output.features)
        [decision] = self._rule.decide_each(scores, mode=diagnosis.mode)
        cell = _cell_answer(box, crop, decision)
        top_class = cell.probabilities.top_class
        return MarkedCell(cell=cell, explanation=self._explain_item(output, 0, top_class))

    def place_cell(self, diagnosis: Diagnosis, index: int) -> NDArray[np.float32]:
        """Where the networks place a leukocyte, so that it can be compared with others.

        Args:
            diagnosis: an answer of this diagnoser, not of mode ``whole``.
            index: of the cell in ``diagnosis.cells``.

        Returns:
            Unit vector, float32 (dimensions,), of this bundle alone.

        Raises:
            IndexError: there is no such cell.
        """
        output = diagnosis.network_output
        if output is None or not 0 <= index < len(diagnosis.cells):
            raise IndexError(f"the image has {len(diagnosis.cells)} cells, got index {index}")
        pooled = [pool(activation[index : index + 1]) for activation in output.activations]
        return np.asarray(self._rule.place(np.concatenate(pooled, axis=-1))[0], np.float32)

    def answer_as_corrected(
        self, diagnosis: Diagnosis, *, kept: Sequence[int], given: Sequence[str]
    ) -> Answer:
        """Answer for a field again, with what readers say of its cells; the network is not run.

        Args:
            diagnosis: an answer of this diagnoser, of mode ``field``.
            kept: indices of the cells in ``diagnosis.cells`` that no reader corrected.
            given: what readers say of the others and of cells that they marked, each a class or
                leukemia of no determined type.
        """
        output = diagnosis.network_output
        if output is None:
            nothing = np.zeros((0, len(self.bundle.class_names)), np.float32)
            logits = NetworkLogits(branches=(nothing,) * len(self._branch_names), fused=nothing)
            scores = ItemScores(logits=logits, distances=np.zeros(0, np.float32))
        else:
            scores = self._rule.score(output.logits, output.features)
        return decide_corrected(self._rule, scores, kept, given, mode=diagnosis.mode).answer

    def _cut(self, image: RgbImage, mode: ModeChoice) -> CutImage | None:
        """The leukocytes of an image; None where it is judged whole."""
        if mode == "whole" or (mode == "auto" and self.bundle.preset.input_mode == "whole"):
            return None
        return cut_cells(image, mode="auto" if mode == "auto" else mode, finder=self.finder)

    def _enhanced(self, image: RgbImage, background: tuple[float, float, float] | None) -> RgbImage:
        """The whole image as the network sees it or its cells, which are white-balanced before."""
        balanced = image if background is None else balance_white(image, background)
        return _read_only(enhance_image(balanced, self._enhancement))

    def _run(self, inputs: list[tuple[RgbImage, ...]]) -> NetworkOutput:
        """Run items through the network in small batches, so that a crowded field fits memory."""
        outputs = []
        for start in range(0, len(inputs), BATCH_SIZE):
            batch = inputs[start : start + BATCH_SIZE]
            outputs.append(
                self.engine.run(
                    tuple(
                        np.stack([item[branch] for item in batch]).astype(np.float32)
                        for branch in range(len(self._sizes_px))
                    )
                )
            )
        return join_outputs(outputs)

    @cached_property
    def _rule(self) -> DecisionRule:
        return DecisionRule.of(self.bundle)

    @cached_property
    def _watched_gate(self) -> GateReference | None:
        record = self.bundle.commission
        if record is None or record.watch is None:
            return None
        return parent_gate(self.bundle.gate, record.watch.n_gate_points)

    def _watch(
        self, output: NetworkOutput | None, judged: list[RgbImage], erythrocyte_px: float | None
    ) -> WatchScores | None:
        gate = self._watched_gate
        if gate is None:
            return None
        return WatchScores(
            distance=None if output is None else measure_distance(gate, output.features),
            stain=measure_nuclei(judged),
            scale=erythrocyte_px,
        )

    def _answer_cells(self, cut: CutImage, scores: ItemScores) -> tuple[CellAnswer, ...]:
        decisions = self._rule.decide_each(scores, mode=cut.mode)
        return tuple(
            _cell_answer(crop.box, crop.image, decision)
            for crop, decision in zip(cut.crops, decisions, strict=True)
        )

    def _explain(
        self,
        output: NetworkOutput | None,
        class_name: str,
        *,
        cells: tuple[CellAnswer, ...] | None,
        size_px: tuple[int, int],
    ) -> Explanation:
        """Heatmaps of an image; ``cells`` is None where it was judged whole."""
        if output is None:
            return blank_explanation(class_name, self._branch_names)
        if cells is None:
            return self._explain_item(output, 0, class_name)
        class_index = self.bundle.class_names.index(class_name)
        boxes = [cell.box for cell in cells]
        is_near = [cell.is_counted for cell in cells]
        of_cells = [self._explain_item(output, index, class_name) for index in range(len(cells))]

        def paste(heatmaps: list[Heatmap], logits: NDArray[np.float32]) -> Heatmap:
            # A cell that does not count in the answer has no share in it, and so no heat.
            shares = self._rule.weigh_items(logits, is_near, class_index)
            return paste_heatmaps(heatmaps, boxes, shares, size_px)

        return Explanation(
            class_name=class_name,
            branches=tuple(
                paste([explanation.branches[branch] for explanation in of_cells], logits)
                for branch, logits in enumerate(output.branch_logits)
            ),
            fused=paste([explanation.fused for explanation in of_cells], output.fused_logits),
        )

    def _explain_item(self, output: NetworkOutput, index: int, class_name: str) -> Explanation:
        return explain_class(
            self.bundle.heads,
            tuple(activation[index] for activation in output.activations),
            class_name,
            self._branch_names,
        )


def _cell_answer(box: CellBox, crop: RgbImage, decision: ItemDecision) -> CellAnswer:
    return CellAnswer(
        box=box,
        crop=crop,
        finding=decision.finding,
        label=decision.label,
        no_call_reason=decision.no_call.reason if decision.no_call else None,
        probabilities=decision.probabilities,
        branches=decision.branches,
        is_counted=decision.is_near,
    )


def _content_and_size(data: bytes | Path | ImageError) -> tuple[bytes | ImageError, int]:
    """The bytes of an image, and the memory of its pixels; 0 for what is none."""
    try:
        content = read_image_bytes(data) if isinstance(data, Path) else data
    except ImageError as error:
        return error, 0
    if isinstance(content, ImageError):
        return content, 0
    with suppress(ImageError):
        return content, decoded_bytes(content)
    # The decoder says why.
    return content, 0


def _read_only(array: NDArray[ScalarT]) -> NDArray[ScalarT]:
    array.flags.writeable = False
    return array
