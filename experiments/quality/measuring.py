"""Measure every image once, and some of them again smaller, compressed or blurred."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

import cv2
import msgspec
import numpy as np

from leukapp.data.catalog import Sample
from leukapp.imaging import cut_out_cell, quality
from leukapp.imaging.arrays import RgbImage
from leukapp.imaging.image_io import decode_image, read_image_bytes
from leukapp.imaging.quality import QualityMeasures, measure_quality

Variant: TypeAlias = Literal["as_it_is", "half_size", "blurred"]

CHANGED_A_LABORATORY: Final = 120
"""So many images of each laboratory are also measured smaller and blurred."""

JPEG_QUALITY: Final = 70
BLUR_PX: Final = 4.0
"""Sigma of what must be refused as out of focus, at 224 pixels on the long side."""

_WORKERS: Final = 2
_BLUR_SIDE_PX: Final = 448


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredImage:
    """The measures of one image.

    Attributes:
        image_sha256: of the file.
        laboratory: that it comes from.
        source: the data set, of which a laboratory may have several.
        variant: as it is, at half its size and JPEG 70, or blurred.
        measures: of its quality.
    """

    image_sha256: str
    laboratory: str
    source: str
    variant: Variant
    measures: QualityMeasures


def measure_samples(samples: Sequence[Sample], work: Path) -> tuple[MeasuredImage, ...]:
    """Measure images; those that an earlier run measured are taken from the work folder.

    Args:
        samples: of all laboratories.
        work: folder that keeps the measures; they are for one version of the measuring code.
    """
    work.mkdir(parents=True, exist_ok=True)
    kept = work / f"measures-{_code_version()}.jsonl"
    done = {(found.image_sha256, found.variant): found for found in _read_kept(kept)}
    measured = []
    wanted = list(_wanted(samples))
    with kept.open("a") as lines, ThreadPoolExecutor(_WORKERS) as workers:
        jobs = workers.map(lambda job: _measure(job[0], job[1], done), wanted)
        for number, found in enumerate(jobs, 1):
            measured.append(found)
            if (found.image_sha256, found.variant) not in done:
                lines.write(json.dumps(asdict(found)) + "\n")
            if number % 500 == 0 or number == len(wanted):
                print(f"{number} of {len(wanted)} measured")
    return tuple(measured)


def shrink_and_compress(image: RgbImage) -> RgbImage:
    """The image at half its size, through JPEG."""
    half = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(".jpg", half, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    # The order of the colors matters to the compression alone, and little there.
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def blur(image: RgbImage) -> RgbImage:
    """The image out of focus, as far for its size as any other."""
    scale = min(1.0, _BLUR_SIDE_PX / max(image.shape[:2]))
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    sigma_px = BLUR_PX * max(1.0, max(small.shape[:2]) / quality.ANALYSIS_SIDE_PX)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), sigma_px), np.uint8)


def _wanted(samples: Sequence[Sample]) -> Iterator[tuple[Sample, Variant]]:
    of_laboratory = Counter(sample.laboratory for sample in samples)
    seen: Counter[str] = Counter()
    for sample in samples:
        laboratory = sample.laboratory
        yield sample, "as_it_is"
        # Evenly over the laboratory, so that each of its sources and classes is among them.
        step = max(1.0, of_laboratory[laboratory] / CHANGED_A_LABORATORY)
        if seen[laboratory] % step < 1:
            yield sample, "half_size"
            yield sample, "blurred"
        seen[laboratory] += 1


def _measure(
    sample: Sample, variant: Variant, done: dict[tuple[str, Variant], MeasuredImage]
) -> MeasuredImage:
    content = read_image_bytes(sample.path)
    image_sha256 = hashlib.sha256(content).hexdigest()
    found = done.get((image_sha256, variant))
    if found is None:
        image = decode_image(content)
        if variant == "half_size":
            image = shrink_and_compress(image)
        elif variant == "blurred":
            image = blur(image)
    return MeasuredImage(
        image_sha256=image_sha256,
        laboratory=sample.laboratory,
        source=sample.source,
        variant=variant,
        measures=found.measures if found else measure_quality(image),
    )


def _read_kept(kept: Path) -> Iterator[MeasuredImage]:
    if not kept.exists():
        return
    for line in kept.read_text().splitlines():
        try:
            yield msgspec.json.decode(line, type=MeasuredImage)
        except msgspec.DecodeError:
            # The last line of a run that was killed.
            continue


def _code_version() -> str:
    text = "".join(Path(str(module.__file__)).read_text() for module in (quality, cut_out_cell))
    return hashlib.sha256(text.encode()).hexdigest()[:12]
