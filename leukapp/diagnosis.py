"""The facade: bytes or a path in, a Diagnosis out. Pages, command line and batch all call this."""

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from leukapp.imaging.arrays import RgbImage
from leukapp.imaging.image_io import decode_image, read_image_bytes
from leukapp.imaging.quality import QualityReport, assess_quality
from leukapp.imaging.resize import prepare_inputs
from leukapp.inference.choose import open_engine
from leukapp.inference.engine import Engine, EngineChoice
from leukapp.inference.gate import feature_distances
from leukapp.inference.gradcam import Explanation, explain_class
from leukapp.inference.heatmap import Heatmap
from leukapp.inference.probabilities import ClassProbabilities
from leukapp.model.bundle import Bundle, Thresholds, open_bundle
from leukapp.model.fusion import pool, softmax

__all__ = [
    "BranchVote",
    "BundleId",
    "Diagnoser",
    "Diagnosis",
    "Explanation",
    "Timings",
    "no_call_reason",
]

ScalarT = TypeVar("ScalarT", bound=np.generic)


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleId:
    """Which trained bundle gave an answer.

    Attributes:
        name: folder name, e.g. ``compact``.
        sha256: hash of the bundle's manifest (which lists the hash of each file), hexadecimal.
    """

    name: str
    sha256: str


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
        heatmap: Grad-CAM of the branch for the class that is explained.
    """

    name: str
    probabilities: ClassProbabilities
    heatmap: Heatmap


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Diagnosis:
    """The whole answer for one image.

    Attributes:
        image_sha256: hash of the image's bytes, hexadecimal.
        image: the decoded original, uint8 (height, width, 3), read-only.
        enhanced: the enhanced image, same shape, read-only.
        label: ``ALL``, ``AML`` or ``Healthy``; None for "no call".
        no_call_reason: one plain sentence if there is no call, else None.
        probabilities: calibrated probabilities of the fused decision, also where there is no call.
        branches: each branch's own vote and heatmap, in the order of the preset.
        fused_heatmap: Grad-CAM of the fused decision over both branches.
        quality: measurements and findings of the quality check.
        bundle: which bundle answered.
        engine: which engine ran the network, e.g. ``openvino-cpu-f32``.
        timings: milliseconds a step.
        activations: last convolutional activation of each branch, float32
            (map_height, map_width, channels); kept so that another class is explained without the
            network.
    """

    image_sha256: str
    image: RgbImage
    enhanced: RgbImage
    label: str | None
    no_call_reason: str | None
    probabilities: ClassProbabilities
    branches: tuple[BranchVote, ...]
    fused_heatmap: Heatmap
    quality: QualityReport
    bundle: BundleId
    engine: str
    timings: Timings
    activations: tuple[NDArray[np.float32], ...]


class Diagnoser:
    """A bundle on an engine: diagnoses images one by one, from any thread."""

    def __init__(self, bundle: Bundle, engine: Engine) -> None:
        self.bundle = bundle
        self.engine = engine
        self._bundle_id = BundleId(name=bundle.name, sha256=bundle.sha256)
        self._branch_names = tuple(spec.name for spec in bundle.preset.branches)
        self._sizes_px = tuple(spec.input_size_px for spec in bundle.preset.branches)

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
        return cls(bundle, open_engine(bundle, engine))

    def diagnose(self, data: bytes | Path) -> Diagnosis:
        """Decode, check, enhance, judge and explain one image.

        Args:
            data: bytes of an image file of any origin, or its path.

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
        prepared = prepare_inputs(image, self.bundle.preset.enhancement, self._sizes_px)
        enhanced = time.perf_counter()
        output = self.engine.run(
            tuple(pixels[None].astype(np.float32) for pixels in prepared.inputs)
        )
        ran = time.perf_counter()
        activations = tuple(_read_only(activation[0]) for activation in output.activations)
        thresholds = self.bundle.thresholds
        probabilities = ClassProbabilities.from_array(
            softmax(output.fused_logits[0], thresholds.temperature)
        )
        joined = np.concatenate([pool(activation) for activation in activations])
        distance = float(feature_distances(self.bundle.gate, joined[None])[0])
        reason = no_call_reason(quality, probabilities, distance, thresholds)
        explanation = self._explain(activations, probabilities.top_class)
        finished = time.perf_counter()
        return Diagnosis(
            image_sha256=hashlib.sha256(content).hexdigest(),
            image=image,
            enhanced=_read_only(prepared.enhanced),
            label=None if reason else probabilities.top_class,
            no_call_reason=reason,
            probabilities=probabilities,
            branches=tuple(
                BranchVote(
                    name=name,
                    probabilities=ClassProbabilities.from_array(softmax(logits[0])),
                    heatmap=heatmap,
                )
                for name, logits, heatmap in zip(
                    self._branch_names, output.branch_logits, explanation.branches, strict=True
                )
            ),
            fused_heatmap=explanation.fused,
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
            activations=activations,
        )

    def explain(self, diagnosis: Diagnosis, class_name: str) -> Explanation:
        """Heatmaps of another class, from what the diagnosis kept; the network is not run.

        Args:
            diagnosis: an answer of this diagnoser.
            class_name: one of ``CLASS_NAMES``.
        """
        return self._explain(diagnosis.activations, class_name)

    def _explain(
        self, activations: tuple[NDArray[np.float32], ...], class_name: str
    ) -> Explanation:
        return explain_class(self.bundle.heads, activations, class_name, self._branch_names)


def no_call_reason(
    quality: QualityReport,
    probabilities: ClassProbabilities,
    feature_distance: float,
    thresholds: Thresholds,
) -> str | None:
    """Why an image gets no call, or None if it gets one.

    Args:
        quality: of the image.
        probabilities: calibrated, of the fused decision.
        feature_distance: distance to the training features, 0-2.
        thresholds: of the bundle.

    Returns:
        One plain sentence: the quality check, then the distance, then the confidence.
    """
    if quality.blocking:
        return quality.blocking.message
    if feature_distance > thresholds.max_feature_distance:
        return (
            "The image is unlike anything this network was trained on "
            f"(distance {feature_distance:.2f}, limit {thresholds.max_feature_distance:.2f})."
        )
    if probabilities.top_value < thresholds.min_confidence:
        return (
            f"The network is not sure enough: {probabilities.top_class} with "
            f"{probabilities.top_value:.0%}, and it calls from {thresholds.min_confidence:.0%}."
        )
    return None


def _read_only(array: NDArray[ScalarT]) -> NDArray[ScalarT]:
    array.flags.writeable = False
    return array
