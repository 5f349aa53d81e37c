"""How the images of a training are judged: as a cell, a field or a cell cut out on black."""

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from leukapp.data.catalog import Sample
from leukapp.fields.crops import cut_cells
from leukapp.imaging.image_io import decode_image
from leukapp.json_files import from_json, write_json
from leukapp.labels import ImageMode
from leukapp.training.feature_cache import D4Variants, Variants, name_finder


def find_modes(
    samples: Sequence[Sample],
    variants: Variants,
    cache_dir: Path,
    report: Callable[[int, int], None] = lambda _done, _total: None,
) -> tuple[ImageMode, ...]:
    """Find how each image is judged, or take it from the cache.

    Args:
        samples: images to read.
        variants: in which forms the network looks at them.
        cache_dir: of features; made if missing.
        report: takes images done and images in all.

    Returns:
        In the order of the samples.

    Raises:
        ImageError: an image cannot be read.
    """
    if isinstance(variants, D4Variants):
        whole: ImageMode = "whole"
        return (whole,) * len(samples)
    finder = variants.finder
    path = cache_dir / f"modes-{name_finder(finder)}.json"
    known = _read(path)

    def find(sample: Sample) -> tuple[str, ImageMode]:
        data = sample.path.read_bytes()
        key = hashlib.sha256(data).hexdigest()
        return key, known.get(key) or cut_cells(decode_image(data), finder=finder).mode

    found: list[tuple[str, ImageMode]] = []
    cache_dir.mkdir(parents=True, exist_ok=True)
    try:
        with ThreadPoolExecutor(max_workers=2) as readers:
            for one in readers.map(find, samples):
                found.append(one)
                report(len(found), len(samples))
    finally:
        # A run that is stopped goes on with what it has found.
        if not dict(found).keys() <= known.keys():
            write_json(path, known | dict(found))
    return tuple(mode for _, mode in found)


def _read(path: Path) -> dict[str, ImageMode]:
    try:
        return from_json(dict[str, ImageMode], path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        # Not there, or not what this version writes: the images are looked at again.
        return {}
