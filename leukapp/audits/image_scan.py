"""One pass over the files of a catalogue: every image is decoded once, and no pixels are kept."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leukapp.audits.picture_features import picture_features
from leukapp.data.catalog import Sample
from leukapp.data.duplicates import DuplicatePair, find_duplicates
from leukapp.errors import CatalogError, ImageError
from leukapp.evaluation.background import edge_features
from leukapp.imaging.arrays import RgbImage
from leukapp.imaging.image_io import read_image
from leukapp.imaging.quality import QualityReport, assess_quality


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImageScan:
    """What one pass over the images leaves.

    Attributes:
        samples: those that could be decoded, in their order.
        unreadable: id and reason of those that could not.
        duplicates: pairs of copies; indices into ``samples``.
        quality: of each image.
        background: edge features, float32 (images, 24).
        features: colors and textures, float32 (images, features).
        thumbnails: float32 (images, 8, 8, 3).
    """

    samples: tuple[Sample, ...]
    unreadable: tuple[tuple[str, str], ...]
    duplicates: tuple[DuplicatePair, ...]
    quality: tuple[QualityReport, ...]
    background: NDArray[np.float32]
    features: NDArray[np.float32]
    thumbnails: NDArray[np.float32]


def scan_images(
    samples: Sequence[Sample], report: Callable[[int, int], None] = lambda _done, _total: None
) -> ImageScan:
    """Decode every image once and measure it.

    Args:
        samples: of a catalogue.
        report: takes images done and images in all.

    Returns:
        The measurements.

    Raises:
        CatalogError: not one image can be decoded.
    """
    kept: list[Sample] = []
    unreadable: list[tuple[str, str]] = []
    quality: list[QualityReport] = []
    background: list[NDArray[np.float32]] = []
    described: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = []

    def images() -> Iterator[RgbImage]:
        for done, sample in enumerate(samples, start=1):
            try:
                image = read_image(sample.path)
            except ImageError as error:
                unreadable.append((sample.sample_id, str(error)))
                continue
            kept.append(sample)
            quality.append(assess_quality(image))
            background.append(edge_features(image))
            described.append(picture_features(image))
            yield image
            report(done, len(samples))

    duplicates = find_duplicates(images())
    if not kept:
        raise CatalogError("No image of this data set can be read; check the files and try again.")
    return ImageScan(
        samples=tuple(kept),
        unreadable=tuple(unreadable),
        duplicates=duplicates,
        quality=tuple(quality),
        background=np.stack(background),
        features=np.stack([features for features, _ in described]),
        thumbnails=np.stack([thumbnail for _, thumbnail in described]),
    )
