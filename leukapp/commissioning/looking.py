"""Run a laboratory's images through the shipped network once, and keep what it saw on disk.

What is kept of an image is numbers: features of its cells, scale and quality. A killed run goes on
with the images that are left.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from leukapp.data.catalog import Sample
from leukapp.data.fingerprints import Fingerprints
from leukapp.diagnosis import Diagnoser, Diagnosis
from leukapp.errors import ImageError
from leukapp.inference.watch_scores import measure_nuclei
from leukapp.labels import ImageMode
from leukapp.model.dense import FloatArray
from leukapp.model.fusion import pool
from leukapp.model.weights_io import ARCHIVE_ERRORS
from leukapp.whole_files import whole_file


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeenImage:
    """What the shipped network saw of one image.

    Attributes:
        pooled: of each branch, float32 (cells, channels); no row where no leukocyte was found.
        blocked_reason: of the quality check; None where it lets the image through.
        erythrocyte_px: scale of the image; None where nothing gives one.
        stain: score of nuclear stain; None where no nucleus is.
        fingerprints: hashes of its pixels.
        mode: how the image is judged.
        is_copy: the bundle was trained on the image, under whatever name.
    """

    pooled: tuple[FloatArray, ...]
    blocked_reason: str | None
    erythrocyte_px: float | None
    stain: float | None
    fingerprints: Fingerprints
    mode: ImageMode
    is_copy: bool


def look_at_images(
    diagnoser: Diagnoser,
    samples: Sequence[Sample],
    *,
    cache_dir: Path,
    report: Callable[[int, int], None] = lambda _done, _total: None,
) -> tuple[SeenImage | ImageError, ...]:
    """What the network sees of each image, from the cache where it has it.

    Args:
        diagnoser: of the bundle that is commissioned.
        samples: labelled images.
        cache_dir: made if missing.
        report: takes images done and images in all.

    Returns:
        In the order of the samples; the error of an image that cannot be read.
    """
    folder = cache_dir / diagnoser.bundle.sha256[:16]
    folder.mkdir(parents=True, exist_ok=True)
    kept: dict[int, SeenImage | ImageError] = {}
    missing: list[tuple[int, Path]] = []
    for index, sample in enumerate(samples):
        try:
            digest = hashlib.sha256(sample.path.read_bytes()).hexdigest()
        except OSError:
            kept[index] = ImageError("The file cannot be opened.")
            continue
        seen = _read(folder / f"{digest}.npz", diagnoser)
        if seen is None:
            missing.append((index, folder / f"{digest}.npz"))
        else:
            kept[index] = seen
    report(len(kept), len(samples))
    answers = diagnoser.diagnose_many(samples[index].path for index, _ in missing)
    for (index, path), diagnosis in zip(missing, answers, strict=True):
        if isinstance(diagnosis, ImageError):
            kept[index] = diagnosis
        else:
            kept[index] = _keep(path, diagnosis, diagnoser)
        report(len(kept), len(samples))
    return tuple(kept[index] for index in range(len(samples)))


def _keep(path: Path, diagnosis: Diagnosis, diagnoser: Diagnoser) -> SeenImage:
    blocking = diagnosis.quality.blocking
    output = diagnosis.network_output
    hashes = diagnoser.bundle.training_images
    fingerprints = Fingerprints.of([diagnosis.image])
    seen = SeenImage(
        pooled=tuple(np.zeros((0, n_channels), np.float32) for n_channels in _n_channels(diagnoser))
        if output is None
        else tuple(pool(activation) for activation in output.activations),
        blocked_reason=None if blocking is None else blocking.message,
        erythrocyte_px=diagnosis.erythrocyte_px,
        stain=measure_nuclei(diagnosis.judged_images),
        fingerprints=fingerprints,
        mode=diagnosis.mode,
        is_copy=hashes is not None and hashes.has_copy_of(diagnosis.image),
    )
    arrays: dict[str, NDArray[np.generic]] = {
        f"pooled{index}": features for index, features in enumerate(seen.pooled)
    }
    arrays |= {
        "blocked": np.array(seen.blocked_reason or ""),
        "erythrocyte_px": np.array(seen.erythrocyte_px or np.nan),
        "stain": np.array(np.nan if seen.stain is None else seen.stain),
        "pixels": np.array(fingerprints.pixels),
        "looks": fingerprints.looks,
        "mode": np.array(seen.mode),
        "is_copy": np.array(seen.is_copy),
    }
    with whole_file(path) as partial, partial.open("wb") as stream:
        np.savez(stream, **arrays)  # type: ignore[arg-type]
    return seen


def _read(path: Path, diagnoser: Diagnoser) -> SeenImage | None:
    n_branches = len(diagnoser.bundle.preset.branches)
    try:
        with np.load(path, allow_pickle=False) as kept:
            scale, stain = float(kept["erythrocyte_px"]), float(kept["stain"])
            return SeenImage(
                pooled=tuple(kept[f"pooled{index}"] for index in range(n_branches)),
                blocked_reason=str(kept["blocked"]) or None,
                erythrocyte_px=None if np.isnan(scale) else scale,
                stain=None if np.isnan(stain) else stain,
                fingerprints=Fingerprints(
                    pixels=tuple(map(str, kept["pixels"])), looks=kept["looks"]
                ),
                mode=msgspec.convert(str(kept["mode"]), ImageMode),
                is_copy=bool(kept["is_copy"]),
            )
    except ARCHIVE_ERRORS:
        # Not there or half written: the image is looked at again.
        return None


def _n_channels(diagnoser: Diagnoser) -> tuple[int, ...]:
    return tuple(
        (head.imagenet_top or head.embed)[0].kernel.shape[0]
        for head in diagnoser.bundle.heads.branches
    )
