"""Canvases and their feature maps on disk, in parts; a killed run goes on with the next part."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from experiments.finder.canvases import CanvasMaker
from experiments.finder.labelled import read_labelled_images
from experiments.finder.taps import compile_taps
from experiments.finder.targets import CANVAS_PX, GRID, N_CHANNELS
from leukapp.model.finder_network import TAPS

CANVASES_A_PART: Final = 500
BATCH: Final = 10
MAX_OF_SOURCE: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """Canvases as the head learns from them, read from disk as they are asked for.

    Attributes:
        maps: of each depth of ``TAPS``, float16 (n, side / stride, side / stride, channels).
        targets: float16 (n, GRID, GRID, N_CHANNELS).
        sources: of each canvas.
    """

    maps: tuple[NDArray[np.float16], ...]
    targets: NDArray[np.float16]
    sources: tuple[str, ...]


def prepare_parts(
    data: Path, work: Path, *, n_parts: int, seed: int, report: Callable[[str], None]
) -> tuple[Part, ...]:
    """Draw canvases and run them through the frozen network, unless an earlier run has.

    Args:
        data: folder of the labelled images.
        work: keeps the parts, about 230 MB each.
        n_parts: of ``CANVASES_A_PART`` canvases.
        seed: of everything random.
        report: takes a line of progress.
    """
    folders = [work / f"canvases-{seed}" / f"{number:03d}" for number in range(n_parts)]
    missing = [folder for folder in folders if not (folder / "sources.json").exists()]
    if missing:
        images = read_labelled_images(data, max_of_source=MAX_OF_SOURCE, seed=seed)
        maker = CanvasMaker(images)
        run = compile_taps()
        for folder in missing:
            _write_part(folder, maker, run, np.random.default_rng([seed, int(folder.name)]))
            report(f"canvases: {folder.name} of {n_parts}")
    return tuple(_read_part(folder) for folder in folders)


def _write_part(
    folder: Path,
    maker: CanvasMaker,
    run: Callable[[NDArray[np.float32]], tuple[NDArray[np.float32], ...]],
    rng: np.random.Generator,
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    maps = [
        _create(folder / f"map{stride}.npy", (CANVAS_PX // stride, CANVAS_PX // stride, channels))
        for _, stride, channels in TAPS
    ]
    targets = _create(folder / "targets.npy", (GRID, GRID, N_CHANNELS))
    sources: list[str] = []
    for start in range(0, CANVASES_A_PART, BATCH):
        canvases = [maker.draw(rng) for _ in range(BATCH)]
        pixels = np.asarray([canvas.pixels for canvas in canvases], np.float32)
        for on_disk, of_batch in zip(maps, run(pixels), strict=True):
            on_disk[start : start + BATCH] = of_batch
        targets[start : start + BATCH] = [canvas.target for canvas in canvases]
        sources += [canvas.source for canvas in canvases]
    for on_disk in (*maps, targets):
        on_disk.flush()
    # Written last: a part without it was cut short and is drawn again.
    (folder / "sources.json").write_text(json.dumps(sources), encoding="utf-8")


def _create(path: Path, shape: Sequence[int]) -> "np.memmap[tuple[int, ...], np.dtype[np.float16]]":
    return np.lib.format.open_memmap(
        path, mode="w+", dtype=np.float16, shape=(CANVASES_A_PART, *shape)
    )


def _read_part(folder: Path) -> Part:
    return Part(
        maps=tuple(np.load(folder / f"map{stride}.npy", mmap_mode="r") for _, stride, _ in TAPS),
        targets=np.load(folder / "targets.npy", mmap_mode="r"),
        sources=tuple(json.loads((folder / "sources.json").read_text(encoding="utf-8"))),
    )
