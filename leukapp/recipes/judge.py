"""Run a diagnoser over labelled samples: the same path as the app, so the figures are the app's."""

import io
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from leukapp.data.catalog import Sample
from leukapp.data.d4 import D4Element, apply_d4, paper_augmentations
from leukapp.diagnosis import Diagnoser, Diagnosis
from leukapp.errors import CatalogError, ImageError
from leukapp.evaluation.background import edge_features
from leukapp.evaluation.held_out import BranchPredictions, HeldOutSet, SplitProtocol
from leukapp.imaging.image_io import read_image
from leukapp.labels import OTHER_LEUKEMIA, join_with_or
from leukapp.model.dense import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedImage:
    """An image that a bundle is judged on, as it is or as one of the paper's augmented copies.

    Attributes:
        sample: the image on disk.
        item_id: no two of one table are alike.
        element: how the image is turned or mirrored before it is judged.
    """

    sample: Sample
    item_id: str
    element: D4Element = D4Element.IDENTITY


def as_they_are(samples: Sequence[Sample]) -> tuple[JudgedImage, ...]:
    """Images without augmentation."""
    return tuple(JudgedImage(sample=sample, item_id=sample.sample_id) for sample in samples)


def augmented_copies(
    samples: Sequence[Sample], items: NDArray[np.int64]
) -> tuple[JudgedImage, ...]:
    """Copies as the paper's split holds them; each distinct picture can be there twice.

    Args:
        samples: that the split was made of.
        items: int64 (n, 2): sample and augmentation 0-15, as in ``AugmentedSplit``.
    """
    elements = [augmentation.element for augmentation in paper_augmentations()]
    return tuple(
        JudgedImage(
            sample=samples[row],
            item_id=f"{samples[row].sample_id}#{augmentation}",
            element=elements[augmentation],
        )
        for row, augmentation in items.tolist()
    )


def judge_samples(
    diagnoser: Diagnoser,
    samples: Sequence[Sample],
    *,
    protocol: SplitProtocol,
    report: Callable[[int, int], None] = lambda _done, _total: None,
) -> HeldOutSet:
    """Diagnose every sample as it is; see :func:`judge_images`."""
    return judge_images(diagnoser, as_they_are(samples), protocol=protocol, report=report)


def judge_images(
    diagnoser: Diagnoser,
    images: Sequence[JudgedImage],
    *,
    protocol: SplitProtocol,
    report: Callable[[int, int], None] = lambda _done, _total: None,
) -> HeldOutSet:
    """Diagnose images and keep probabilities and calls.

    Args:
        diagnoser: bundle and engine.
        images: that the bundle was not trained on, or the test copies of the leaking protocol.
        protocol: how they were held out.
        report: takes images done and images in all.

    Returns:
        The held-out table, in the order of the images; no pixels.

    Raises:
        CatalogError: a sample cannot be read, or the bundle does not know its class.
    """
    kept = _judge_all(diagnoser, images, report)
    return _held_out(diagnoser, images, kept, protocol)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlacedImages:
    """A held-out table, and where the networks place its images.

    Attributes:
        held_out: the table.
        features: mean over the items of each image, float32 (images, features), in the order of the
            table; NaN for an image without a leukocyte.
    """

    held_out: HeldOutSet
    features: FloatArray


def judge_and_place(
    diagnoser: Diagnoser, images: Sequence[JudgedImage], *, protocol: SplitProtocol
) -> PlacedImages:
    """Judge images as :func:`judge_images` does, and keep their features too.

    Args:
        diagnoser: bundle and engine.
        images: as there.
        protocol: as there.

    Raises:
        CatalogError: as there.
    """
    kept = _judge_all(diagnoser, images, lambda _done, _total: None, with_features=True)
    rows = [row.features for row in kept]
    n_features = next((len(row) for row in rows if row is not None), 0)
    nothing = np.full(n_features, np.nan, np.float32)
    return PlacedImages(
        held_out=_held_out(diagnoser, images, kept, protocol),
        features=np.array([nothing if row is None else row for row in rows], np.float32),
    )


def _judge_all(
    diagnoser: Diagnoser,
    images: Sequence[JudgedImage],
    report: Callable[[int, int], None],
    *,
    with_features: bool = False,
) -> list["_Kept"]:
    """Judge each distinct picture once, and give what is kept of every image."""
    # The paper's sixteen copies show each of eight pictures twice; one answer does for both.
    distinct = {(one.sample.sample_id, one.element): one for one in images}
    answers: dict[tuple[str, D4Element], _Kept] = {}
    with ThreadPoolExecutor(max_workers=2) as readers:
        judged = readers.map(
            lambda one: _judge(diagnoser, one, with_features=with_features), distinct.values()
        )
        for key, row in zip(distinct, judged, strict=True):
            answers[key] = row
            report(len(answers), len(distinct))
    return [answers[one.sample.sample_id, one.element] for one in images]


def _held_out(
    diagnoser: Diagnoser,
    images: Sequence[JudgedImage],
    kept: Sequence["_Kept"],
    protocol: SplitProtocol,
) -> HeldOutSet:
    class_names = diagnoser.bundle.class_names
    labels = (*class_names, OTHER_LEUKEMIA)
    samples = [one.sample for one in images]
    names = [spec.name for spec in diagnoser.bundle.preset.branches]
    return HeldOutSet(
        sample_ids=tuple(one.item_id for one in images),
        groups=tuple(sample.group for sample in samples),
        groups_known=np.array([sample.groups_known for sample in samples], np.bool_),
        sources=tuple(sample.source for sample in samples),
        true_labels=np.array([labels.index(s.label) for s in samples], np.int64),
        probabilities=np.array([row.fused for row in kept], np.float64),
        branches=tuple(
            BranchPredictions(
                name=name,
                probabilities=np.array([row.branches[i] for row in kept], np.float64),
            )
            for i, name in enumerate(names)
        ),
        is_called=np.array([row.reason is None for row in kept], np.bool_),
        no_call_reasons=tuple(row.reason for row in kept),
        protocol=protocol,
        bundle_sha256=diagnoser.bundle.sha256,
        class_names=class_names,
        answers=None
        if diagnoser.bundle.thresholds.limits is None
        else tuple(row.answer for row in kept),
    )


class _Kept:
    """Numbers of one diagnosis, without its pixels."""

    def __init__(self, diagnosis: Diagnosis, n_branches: int, *, with_features: bool) -> None:
        # Without a leukocyte there is no answer: equal shares, and a reason instead of a call.
        n_classes = len(diagnosis.class_names)
        nothing = (1 / n_classes,) * n_classes
        self.fused = diagnosis.probabilities.values if diagnosis.probabilities else nothing
        self.branches = [vote.probabilities.values for vote in diagnosis.branches] or [
            nothing for _ in range(n_branches)
        ]
        self.reason = diagnosis.no_call_reason
        self.answer = diagnosis.answer_name
        output = diagnosis.network_output if with_features else None
        self.features = None if output is None else output.features.mean(axis=0)


def _judge(diagnoser: Diagnoser, image: JudgedImage, *, with_features: bool) -> _Kept:
    sample = image.sample
    class_names = diagnoser.bundle.class_names
    if sample.label not in (*class_names, OTHER_LEUKEMIA):
        raise CatalogError(
            f"{sample.sample_id} has the label {sample.label!r}, and the bundle "
            f"{diagnoser.bundle.name} knows {join_with_or(class_names)}; leave the image out or "
            "name a bundle that knows its class"
        )
    try:
        diagnosis = diagnoser.diagnose(_file_of(image))
        n_branches = len(diagnoser.bundle.preset.branches)
        return _Kept(diagnosis, n_branches, with_features=with_features)
    except ImageError as error:
        raise CatalogError(f"{sample.sample_id}: {error}") from error


def _file_of(image: JudgedImage) -> bytes | Path:
    """What a user would upload: the file, or a lossless one of its turned pixels."""
    if image.element == D4Element.IDENTITY:
        return image.sample.path
    stream = io.BytesIO()
    turned = apply_d4(read_image(image.sample.path), image.element)
    Image.fromarray(turned).save(stream, "PNG", compress_level=1)
    return stream.getvalue()


def read_edge_features(samples: Sequence[Sample]) -> FloatArray:
    """Background features of samples, float32 (n, features); the cell is not seen."""
    with ThreadPoolExecutor(max_workers=2) as readers:
        rows = readers.map(lambda sample: edge_features(read_image(sample.path)), samples)
        return np.asarray(list(rows), np.float32)
