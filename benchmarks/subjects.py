"""What is measured: bundles and drawn images, the same for every part."""

import io
import sys
from functools import cache
from pathlib import Path

from PIL import Image

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests")]

from leukapp.imaging.synthetic import (  # noqa: E402
    CellKind,
    draw_synthetic_cell,
    draw_synthetic_field,
)
from leukapp.model.bundle import open_bundle  # noqa: E402
from leukapp.model.presets import get_preset  # noqa: E402
from leukapp.resources import cache_dir  # noqa: E402

KINDS: tuple[CellKind, ...] = ("lymphoblast", "myeloblast", "neutrophil", "lymphocyte")
N_DISTINCT = 64
FIELD_HEIGHT_PX, FIELD_WIDTH_PX, FIELD_LEUKOCYTES = 1944, 2592, 12


def bundle_folder(preset: str) -> Path:
    """The shipped bundle of ``compact``; for others one with random weights, made once."""
    if preset == "compact":
        return REPOSITORY / "weights" / "compact"
    folder = cache_dir() / "benchmarks" / f"{preset}-random"
    if not (folder / "manifest.json").is_file():
        from networks import write_tiny_bundle

        folder.parent.mkdir(parents=True, exist_ok=True)
        write_tiny_bundle(folder, preset=get_preset(preset))
    open_bundle(folder)
    return folder


def cell_png(number: int) -> bytes:
    """A drawn photograph of one cell, 360 x 360 pixels, as PNG; there are N_DISTINCT of them."""
    return _drawn_cell(number % N_DISTINCT)


@cache
def _drawn_cell(seed: int) -> bytes:
    return _png(draw_synthetic_cell(KINDS[seed % len(KINDS)], seed=seed))


@cache
def field_png() -> bytes:
    """A drawn field of twelve leukocytes, 2592 x 1944 pixels, as PNG."""
    return _png(
        draw_synthetic_field(
            n_leukocytes=FIELD_LEUKOCYTES,
            seed=7,
            height_px=FIELD_HEIGHT_PX,
            width_px=FIELD_WIDTH_PX,
        ).image
    )


def _png(pixels: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)  # type: ignore[arg-type]
    return buffer.getvalue()
