"""Frozen-backbone features on disk: each distinct image goes through each backbone once.

A file holds the pooled features of one image in its eight D4 variants, keyed by what they depend
on: the image's bytes, the backbone's weights, the input size and the enhancement. A killed run goes
on where it stopped.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np

from leukapp.data.catalog import Sample
from leukapp.data.d4 import distinct_d4
from leukapp.imaging.arrays import RgbImage
from leukapp.imaging.enhance import EnhancementConfig
from leukapp.imaging.image_io import decode_image
from leukapp.imaging.resize import prepare_inputs
from leukapp.model.dense import FloatArray
from leukapp.model.fusion import pool
from leukapp.model.weights_io import Arrays

N_VARIANTS: Final = 8

ForwardFunction = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FrozenTrunk:
    """A trunk that is ready to run.

    Attributes:
        key: hash of its weights, backbone and input size.
        input_size_px: side of its input in pixels.
        forward: float32 (n, size, size, 3), RGB 0-255, to activations (n, map, map, channels).
    """

    key: str
    input_size_px: int
    forward: ForwardFunction


def trunk_key(backbone: str, input_size_px: int, arrays: Arrays) -> str:
    """Hash of everything that a trunk's answer depends on besides its input."""
    digest = hashlib.sha256(f"{backbone} {input_size_px}".encode())
    for name in sorted(arrays):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(arrays[name], np.float32).tobytes())
    return digest.hexdigest()[:16]


def load_features(
    samples: Sequence[Sample],
    trunk: FrozenTrunk,
    *,
    enhancement: EnhancementConfig,
    cache_dir: Path,
    report: Callable[[int, int], None] = lambda _done, _total: None,
) -> FloatArray:
    """Pooled features of every sample in its eight D4 variants, from the cache where it has them.

    Args:
        samples: images to read.
        trunk: frozen backbone.
        enhancement: that of the preset.
        cache_dir: made if missing.
        report: takes images done and images in all.

    Returns:
        Float32 (n, 8, channels), variants in the order of ``distinct_d4``.

    Raises:
        ImageError: an image cannot be read.
    """
    settings = json.dumps(asdict(enhancement), sort_keys=True)
    folder = cache_dir / hashlib.sha256(f"{trunk.key} {settings}".encode()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[FloatArray] = []
    with ThreadPoolExecutor(max_workers=2) as pool_of_readers:
        prepared = _ahead(
            pool_of_readers, lambda sample: _prepare(sample, folder, trunk, enhancement), samples
        )
        for index, (path, variants) in enumerate(prepared):
            if variants is None:
                rows.append(np.load(path, allow_pickle=False).astype(np.float32))
            else:
                features = pool(trunk.forward(variants))
                _save(path, features)
                rows.append(features.astype(np.float16).astype(np.float32))
            report(index + 1, len(samples))
    return np.asarray(rows, np.float32)


def _ahead(executor, function, items, n_ahead: int = 8):  # type: ignore[no-untyped-def]
    """Map in order, a few items ahead of the consumer, so that memory stays bounded."""
    pending = []
    for item in items:
        pending.append(executor.submit(function, item))
        if len(pending) > n_ahead:
            yield pending.pop(0).result()
    for future in pending:
        yield future.result()


def _prepare(
    sample: Sample, folder: Path, trunk: FrozenTrunk, enhancement: EnhancementConfig
) -> tuple[Path, FloatArray | None]:
    data = sample.path.read_bytes()
    path = folder / f"{hashlib.sha256(data).hexdigest()}.npy"
    if path.exists():
        return path, None
    image: RgbImage = decode_image(data)
    # D4 commutes with enhancement and with squeezing to a square, so it is applied last.
    prepared = prepare_inputs(image, enhancement, (trunk.input_size_px,)).inputs[0]
    return path, np.asarray(distinct_d4(prepared), np.float32)


def _save(path: Path, features: FloatArray) -> None:
    partial = path.with_suffix(".partial")
    with partial.open("wb") as stream:
        np.save(stream, features.astype(np.float16), allow_pickle=False)
    partial.replace(path)
