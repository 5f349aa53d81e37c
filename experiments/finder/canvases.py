"""Training canvases: pieces of labelled images at a drawn scale, squash, stain and sharpness."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final, NamedTuple

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

from experiments.finder.labelled import NO_BOXES, Boxes, LabelledImage
from experiments.finder.targets import CANVAS_PX, draw_target
from leukapp.imaging.arrays import RgbImage

SOURCE_WEIGHTS: Final = {"raabin": 2.0, "bccd": 2.0, "itu": 2.5, "all_idb1": 1.5, "jhu_aml": 1.5}
"""How often a source is drawn; 1 for the others."""

FIELD_SOURCES: Final = frozenset({"raabin", "bccd", "itu", "all_idb1"})

FIELD_CELL_PX: Final = (12.0, 150.0)
"""Width of a leukocyte on the canvas, of fields."""

SINGLE_CELL_PX: Final = (30.0, 150.0)
"""As ``FIELD_CELL_PX``, of photographs of one cell: smaller ones would be mosaics of seams."""

MAX_ENLARGEMENT: Final = 2.5
LEVELS: Final = np.arange(256, dtype=np.float32)


class Canvas(NamedTuple):
    """Uint8 (CANVAS_PX, CANVAS_PX, 3) pixels, their target, and the source they are of."""

    pixels: RgbImage
    target: NDArray[np.float32]
    source: str


class _Piece(NamedTuple):
    pixels: RgbImage
    leukocytes: Boxes
    erythrocytes: Boxes
    unclear: Boxes


class CanvasMaker:
    """Draws canvases; each is of one source, so that a source can be left out afterwards."""

    def __init__(self, images: Sequence[LabelledImage]) -> None:
        self.of_source: dict[str, list[LabelledImage]] = defaultdict(list)
        for image in images:
            self.of_source[image.source].append(image)
        self.sources = sorted(self.of_source)
        weights = np.array([SOURCE_WEIGHTS.get(source, 1.0) for source in self.sources])
        self.shares = weights / weights.sum()

    def draw(self, rng: np.random.Generator) -> Canvas:
        """Draw one canvas.

        Args:
            rng: source of all randomness.
        """
        source = self.sources[rng.choice(len(self.sources), p=self.shares)]
        images = self.of_source[source]
        smallest, largest = FIELD_CELL_PX if source in FIELD_SOURCES else SINGLE_CELL_PX
        cell_px = float(np.exp(rng.uniform(np.log(smallest), np.log(largest))))
        squash = float(np.exp(rng.uniform(np.log(0.55), 0))) if rng.random() < 0.35 else 1.0
        pixels, dark, boxes = _tile(images, cell_px, squash, rng)
        if source == "cnmc" and rng.random() < 0.7:
            pixels = _replace_black(pixels, rng)
        if squash == 1 or rng.random() < 0.5:
            pixels, dark, boxes = _turn(pixels, dark, boxes, int(rng.integers(4)))
        target = draw_target(*boxes, dark, knows_erythrocytes=images[0].knows_erythrocytes)
        return Canvas(_recolor(pixels, rng), target, source)


def _tile(
    images: Sequence[LabelledImage], cell_px: float, squash: float, rng: np.random.Generator
) -> tuple[RgbImage, NDArray[np.uint8], tuple[Boxes, Boxes, Boxes]]:
    """Fill a canvas with pieces, side by side; leukocytes, erythrocytes and unclear places."""
    pixels = np.zeros((CANVAS_PX, CANVAS_PX, 3), np.uint8)
    dark = np.zeros((CANVAS_PX, CANVAS_PX), np.uint8)
    leukocytes, erythrocytes, unclear = [NO_BOXES], [NO_BOXES], [NO_BOXES]
    top = 0
    while top < CANVAS_PX:
        row = _draw_row(images, cell_px, squash, rng)
        # The lowest piece sets the height, so that the next row hides no cell that is marked.
        height = min(CANVAS_PX - top, *(piece.pixels.shape[0] for _, piece in row))
        left = 0
        for image, piece in row:
            width = min(piece.pixels.shape[1], CANVAS_PX - left)
            place = (slice(top, top + height), slice(left, left + width))
            pixels[place] = piece.pixels[:height, :width]
            if not image.is_complete:
                dark[place] = _dark(pixels[place])
            shift = np.array([left, top, 0, 0], np.float32)
            whole, cut = _sort_boxes(piece.leukocytes, width, height)
            leukocytes.append(whole + shift)
            unclear += [cut + shift, piece.unclear + shift]
            erythrocytes.append(_sort_boxes(piece.erythrocytes, width, height)[0] + shift)
            left += width
        top += height
    boxes = (np.concatenate(leukocytes), np.concatenate(erythrocytes), np.concatenate(unclear))
    return pixels, dark, boxes


def _draw_row(
    images: Sequence[LabelledImage], cell_px: float, squash: float, rng: np.random.Generator
) -> list[tuple[LabelledImage, _Piece]]:
    """Pieces that together are at least as wide as the canvas, their cells alike in size."""
    row = []
    width = 0
    while width < CANVAS_PX:
        image = images[int(rng.integers(len(images)))]
        scale = min(cell_px / image.leukocyte_px, MAX_ENLARGEMENT)
        piece = _cut_piece(image, scale, squash, rng)
        row.append((image, piece))
        width += piece.pixels.shape[1]
    return row


def _cut_piece(
    image: LabelledImage, scale: float, squash: float, rng: np.random.Generator
) -> _Piece:
    """A window around one of the cells, mostly, no larger than the canvas."""
    height, width = image.pixels.shape[:2]
    # One pixel less than fits: a piece of the canvas' own size must not leave a seam.
    cut_width = min(width, int(CANVAS_PX / (scale * squash)) + 1)
    cut_height = min(height, int(CANVAS_PX / scale) + 1)
    if len(image.leukocytes) and rng.random() < 0.8:
        middle = image.leukocytes[rng.integers(len(image.leukocytes)), :2]
        corner = middle - rng.uniform(0.15, 0.85, 2) * (cut_width, cut_height)
    else:
        corner = rng.uniform(0, 1, 2) * (width - cut_width, height - cut_height)
    left = int(np.clip(corner[0], 0, width - cut_width))
    top = int(np.clip(corner[1], 0, height - cut_height))
    size = (
        int(np.clip(round(cut_width * scale * squash), 8, CANVAS_PX)),
        int(np.clip(round(cut_height * scale), 8, CANVAS_PX)),
    )
    window = image.pixels[top : top + cut_height, left : left + cut_width]
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    pixels = np.asarray(cv2.resize(window, size, interpolation=interpolation), np.uint8)
    factors = np.array([size[0] / cut_width, size[1] / cut_height] * 2, np.float32)
    origin = np.array([left, top, 0, 0], np.float32)
    is_mirrored = rng.random() < 0.5

    def moved(boxes: Boxes) -> Boxes:
        placed = (boxes - origin) * factors
        if is_mirrored:
            placed[:, 0] = size[0] - placed[:, 0]
        return placed

    return _Piece(
        np.ascontiguousarray(pixels[:, ::-1]) if is_mirrored else pixels,
        moved(image.leukocytes),
        moved(image.erythrocytes),
        moved(image.unclear),
    )


def _sort_boxes(boxes: Boxes, width: int, height: int) -> tuple[Boxes, Boxes]:
    """Boxes whose middle is in the piece, and those of which a part alone may be."""
    middle_is_in = (
        (boxes[:, 0] >= 0) & (boxes[:, 0] < width) & (boxes[:, 1] >= 0) & (boxes[:, 1] < height)
    )
    return boxes[middle_is_in], boxes[~middle_is_in & (boxes[:, 2] > 0)]


def _dark(pixels: RgbImage) -> NDArray[np.uint8]:
    """Stained like a nucleus, as far as color tells: uint8 0 or 1."""
    signed = pixels.astype(np.int16)
    green = signed[..., 1]
    reference = np.percentile(green[::4, ::4], 80)
    is_dark = (reference - green > 0.36 * reference) & (signed[..., 2] - green > 12)
    return is_dark.astype(np.uint8)


def _replace_black(pixels: RgbImage, rng: np.random.Generator) -> RgbImage:
    """Cells that were cut out, on a background as glass has it."""
    is_black = pixels.max(axis=2) < 12
    lit = np.clip(pixels.astype(np.float32) * rng.uniform(1, 2.2), 0, 255)
    lit[is_black] = np.clip(rng.uniform(120, 245) + rng.normal(0, 14, 3), 0, 255)
    return np.asarray(cv2.GaussianBlur(lit.astype(np.uint8), (0, 0), 0.6), np.uint8)


def _turn(
    pixels: RgbImage,
    dark: NDArray[np.uint8],
    boxes: tuple[Boxes, Boxes, Boxes],
    n_quarters: int,
) -> tuple[RgbImage, NDArray[np.uint8], tuple[Boxes, Boxes, Boxes]]:
    """Turn everything by quarter turns against the clock."""
    for _ in range(n_quarters):
        boxes = (_quarter(boxes[0]), _quarter(boxes[1]), _quarter(boxes[2]))
    turned = np.ascontiguousarray(np.rot90(pixels, n_quarters))
    return turned, np.ascontiguousarray(np.rot90(dark, n_quarters)), boxes


def _quarter(boxes: Boxes) -> Boxes:
    turned = boxes[:, [1, 0, 3, 2]]
    turned[:, 1] = CANVAS_PX - turned[:, 1]
    return turned


def _recolor(pixels: RgbImage, rng: np.random.Generator) -> RgbImage:
    """Another stain, lamp, focus, sensor and file."""
    density = -np.log((LEVELS + 1) / 256)
    strength = np.exp(rng.normal(0, 0.3)) * np.exp(rng.normal(0, 0.15, 3))
    veil = abs(rng.normal(0, 0.12)) + rng.normal(0, 0.1, 3)
    table = np.clip(256 * np.exp(-(density[:, None] * strength + veil)) - 1, 0, 255)
    view: MatLike = cv2.LUT(pixels, table.astype(np.uint8).reshape(1, 256, 3))
    if rng.random() < 0.5:
        hsv = cv2.cvtColor(view, cv2.COLOR_RGB2HSV).astype(np.int16)
        hsv[..., 0] = (hsv[..., 0] + int(rng.normal(0, 9))) % 180
        hsv[..., 1] = np.clip(hsv[..., 1] * rng.uniform(0.5, 1.5), 0, 255)
        view = cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB)
    if rng.random() < 0.3:
        view = cv2.GaussianBlur(view, (0, 0), rng.uniform(0.4, 1.8))
    if rng.random() < 0.2:
        noisy = view + rng.normal(0, rng.uniform(2, 10), view.shape)
        view = np.clip(noisy, 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        quality = int(rng.uniform(30, 90))
        _, file = cv2.imencode(".jpg", view, [cv2.IMWRITE_JPEG_QUALITY, quality])
        view = np.asarray(cv2.imdecode(file, cv2.IMREAD_COLOR), np.uint8)
    return np.asarray(view, np.uint8)
