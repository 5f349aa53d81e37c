"""Answers to images and to their changed copies, kept so that a run goes on."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import msgspec

from experiments.resolution.changes import CHANGES
from leukapp.data.catalog import Sample
from leukapp.diagnosis import Diagnoser, Diagnosis
from leukapp.errors import ImageError
from leukapp.imaging.image_io import decode_image, read_image_bytes
from leukapp.labels import HEALTHY

AS_IT_IS: Final = "as it is"
SMALL: Final = "103 px for 257 px"
"""A cell of ALL-IDB2 as published elsewhere, beside the same cell in full size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """What a bundle says of one copy of an image.

    Attributes:
        bundle_sha256: of the bundle that answered.
        image_sha256: of the original's bytes.
        source: the data set of the original.
        change: what was done to it, a key of ``CHANGES``, or :data:`AS_IT_IS`.
        label: class that is called, or None.
        finding: ``Healthy`` or ``leukemia``, or None.
        leukemia: probability of all classes but Healthy, 0-1; None where no leukocyte was found.
    """

    bundle_sha256: str
    image_sha256: str
    source: str
    change: str
    label: str | None
    finding: str | None
    leukemia: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageCopies:
    """An image and what it is compared with.

    Attributes:
        image_sha256: of the original's bytes.
        source: the data set.
        changes: names of the copies.
        make: gives the bytes of the original, then of each copy.
    """

    image_sha256: str
    source: str
    changes: tuple[str, ...]
    make: Callable[[], tuple[bytes, ...]]


def copies_of(sample: Sample) -> ImageCopies:
    """An image and each of its changed copies, made when they are needed."""
    content = read_image_bytes(sample.path)

    def make() -> tuple[bytes, ...]:
        image = decode_image(content)
        return (content, *(change(image) for change in CHANGES.values()))

    return ImageCopies(
        image_sha256=hashlib.sha256(content).hexdigest(),
        source=sample.source,
        changes=tuple(CHANGES),
        make=make,
    )


def pair_of(sample: Sample, small: Path) -> ImageCopies:
    """An image and a file of the same cell at fewer pixels."""
    content = read_image_bytes(sample.path)
    return ImageCopies(
        image_sha256=hashlib.sha256(content).hexdigest(),
        source=sample.source,
        changes=(SMALL,),
        make=lambda: (content, read_image_bytes(small)),
    )


def answer_copies(
    diagnoser: Diagnoser, bundle_sha256: str, images: Iterable[ImageCopies], kept: Path
) -> Iterator[KeptAnswer]:
    """Answer for images and their copies; what an earlier run kept is not asked again.

    Args:
        diagnoser: of the bundle.
        bundle_sha256: of the bundle.
        images: with their copies.
        kept: file of answers, one a line.

    Yields:
        For each image the answer as it is, then those of its copies.
    """
    kept.parent.mkdir(parents=True, exist_ok=True)
    done = {(one.bundle_sha256, one.image_sha256, one.change): one for one in _read(kept)}
    with kept.open("a") as lines:
        for number, image in enumerate(images, 1):
            keys = [
                (bundle_sha256, image.image_sha256, change) for change in (AS_IT_IS, *image.changes)
            ]
            if not all(key in done for key in keys):
                answers = diagnoser.diagnose_many(image.make())
                for key, answer in zip(keys, answers, strict=True):
                    done[key] = _keep(answer, bundle_sha256, image, key[2])
                    lines.write(json.dumps(asdict(done[key])) + "\n")
                lines.flush()
            yield from (done[key] for key in keys)
            if number % 20 == 0:
                print(f"{number} images and their copies answered", flush=True)


def _keep(
    answer: Diagnosis | ImageError, bundle_sha256: str, image: ImageCopies, change: str
) -> KeptAnswer:
    diagnosis = None if isinstance(answer, ImageError) else answer
    probabilities = diagnosis.probabilities if diagnosis else None
    return KeptAnswer(
        bundle_sha256=bundle_sha256,
        image_sha256=image.image_sha256,
        source=image.source,
        change=change,
        label=diagnosis.label if diagnosis else None,
        finding=diagnosis.finding if diagnosis else None,
        leukemia=None if probabilities is None else 1 - probabilities.of(HEALTHY),
    )


def _read(kept: Path) -> Iterator[KeptAnswer]:
    if not kept.exists():
        return
    for line in kept.read_text().splitlines():
        try:
            yield msgspec.json.decode(line, type=KeptAnswer)
        except msgspec.DecodeError:
            # The last line of a run that was killed.
            continue
