"""Smear images drawn from random numbers, so that samples and tests need no patient's cells.

They imitate the look of a Giemsa stain; nothing diagnostic can be learned or judged from them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from leukapp.imaging.arrays import RgbImage

CellKind: TypeAlias = Literal["lymphoblast", "myeloblast", "neutrophil", "lymphocyte"]
"""Leukocytes that can be drawn."""

Box: TypeAlias = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; right and bottom are exclusive."""

_Floats: TypeAlias = NDArray[np.float32]
_Color: TypeAlias = tuple[float, float, float]
_Center: TypeAlias = tuple[float, float]

_ERYTHROCYTE_FRACTION: Final = 0.112
_FIELD_ERYTHROCYTE_FRACTION: Final = 0.06
_PLACEMENT_TRIES: Final = 400
_BACKGROUND: Final = (252.0, 228.0, 207.0)
_ERYTHROCYTE_ABSORPTION: Final = (0.33, 0.62, 0.47)
_MIN_SIZE_PX: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SyntheticField:
    """A drawn field of a smear and where its leukocytes are.

    Attributes:
        image: sRGB pixels, uint8 (height, width, 3), 0-255, read-only.
        boxes: left, top, right, bottom of each leukocyte in pixels; right and bottom exclusive.
    """

    image: RgbImage
    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _CellLook:
    """How a kind of leukocyte is drawn; radii in erythrocyte radii, colors sRGB 0-255."""

    radius: float
    roughness: float
    nucleus_fraction: float
    chromatin_dark: _Color
    chromatin_light: _Color
    chromatin_grain: float
    chromatin_contrast: float
    cytoplasm: _Color
    cytoplasm_edge: _Color
    granules_per_area: float
    granule: _Color
    n_nucleoli: tuple[int, int]


_LOOKS: Final[dict[CellKind, _CellLook]] = {
    "lymphoblast": _CellLook(
        radius=1.75,
        roughness=0.025,
        nucleus_fraction=0.86,
        chromatin_dark=(66, 34, 108),
        chromatin_light=(140, 96, 164),
        chromatin_grain=0.07,
        chromatin_contrast=0.8,
        cytoplasm=(158, 156, 196),
        cytoplasm_edge=(98, 94, 156),
        granules_per_area=0.0,
        granule=(120, 60, 140),
        n_nucleoli=(0, 2),
    ),
    "myeloblast": _CellLook(
        radius=2.15,
        roughness=0.035,
        nucleus_fraction=0.8,
        chromatin_dark=(84, 38, 112),
        chromatin_light=(168, 112, 170),
        chromatin_grain=0.05,
        chromatin_contrast=0.7,
        cytoplasm=(178, 170, 202),
        cytoplasm_edge=(116, 112, 166),
        granules_per_area=3.0,
        granule=(140, 52, 120),
        n_nucleoli=(2, 4),
    ),
    "neutrophil": _CellLook(
        radius=1.6,
        roughness=0.025,
        nucleus_fraction=0.8,
        chromatin_dark=(48, 24, 92),
        chromatin_light=(124, 78, 152),
        chromatin_grain=0.1,
        chromatin_contrast=1.2,
        cytoplasm=(230, 200, 206),
        cytoplasm_edge=(212, 176, 192),
        granules_per_area=70.0,
        granule=(172, 116, 164),
        n_nucleoli=(0, 0),
    ),
    "lymphocyte": _CellLook(
        radius=1.28,
        roughness=0.02,
        nucleus_fraction=0.88,
        chromatin_dark=(42, 24, 88),
        chromatin_light=(122, 86, 156),
        chromatin_grain=0.09,
        chromatin_contrast=1.3,
        cytoplasm=(170, 178, 214),
        cytoplasm_edge=(136, 144, 196),
        granules_per_area=0.0,
        granule=(120, 60, 140),
        n_nucleoli=(0, 0),
    ),
}


def draw_synthetic_cell(kind: CellKind, *, seed: int, size_px: int = 360) -> RgbImage:
    """Draw one leukocyte amid erythrocytes.

    Args:
        kind: the leukocyte in the middle.
        seed: the same seed gives the same pixels; 0 or above.
        size_px: side of the image in pixels; at least 64.

    Returns:
        A new sRGB image, uint8 (size_px, size_px, 3).

    Raises:
        ValueError: ``kind`` is unknown or ``size_px`` is below 64.
    """
    if kind not in _LOOKS:
        raise ValueError(f"kind must be one of {', '.join(_LOOKS)}, got {kind}")
    _check_size("size_px", size_px)
    rng = np.random.default_rng((seed, list(_LOOKS).index(kind)))
    smear = _Smear(rng, size_px, size_px, size_px * _ERYTHROCYTE_FRACTION)
    middle = size_px / 2 + rng.uniform(-0.04, 0.04, 2) * size_px
    smear.draw_all([(kind, (float(middle[0]), float(middle[1])))])
    return smear.develop()


def draw_synthetic_field(
    *, n_leukocytes: int, seed: int, height_px: int = 480, width_px: int = 640
) -> SyntheticField:
    """Draw a field with leukocytes of mixed kinds that do not overlap.

    Args:
        n_leukocytes: how many leukocytes; 0 or above.
        seed: the same seed gives the same pixels; 0 or above.
        height_px: height of the image in pixels; at least 64.
        width_px: width of the image in pixels; at least 64.

    Returns:
        The image and a box around each leukocyte.

    Raises:
        ValueError: a side is below 64, or the leukocytes are negative in number or do not fit.
    """
    _check_size("height_px", height_px)
    _check_size("width_px", width_px)
    if n_leukocytes < 0:
        raise ValueError(f"n_leukocytes must be at least 0, got {n_leukocytes}")
    rng = np.random.default_rng(seed)
    radius = min(height_px, width_px) * _FIELD_ERYTHROCYTE_FRACTION
    smear = _Smear(rng, height_px, width_px, radius)
    kinds: list[CellKind] = list(_LOOKS)
    cells: list[tuple[CellKind, _Center]] = []
    for _ in range(_PLACEMENT_TRIES * max(1, n_leukocytes)):
        if len(cells) == n_leukocytes:
            break
        kind = kinds[int(rng.integers(len(kinds)))]
        reach = _LOOKS[kind].radius * radius * 1.15
        center = (
            float(rng.uniform(reach, width_px - reach)),
            float(rng.uniform(reach, height_px - reach)),
        )
        if all(
            np.hypot(center[0] - other[0], center[1] - other[1])
            > reach + _LOOKS[other_kind].radius * radius * 1.15
            for other_kind, other in cells
        ):
            cells.append((kind, center))
    if len(cells) < n_leukocytes:
        raise ValueError(
            f"n_leukocytes must fit into {height_px} x {width_px} px, got {n_leukocytes}"
        )
    boxes = smear.draw_all(cells)
    image = smear.develop()
    image.flags.writeable = False
    return SyntheticField(image=image, boxes=boxes)


def _check_size(name: str, size_px: int) -> None:
    if size_px < _MIN_SIZE_PX:
        raise ValueError(f"{name} must be at least {_MIN_SIZE_PX}, got {size_px}")


class _Smear:
    """A canvas of light, float32 (height, width, 3), 0-255, on which cells are laid."""

    def __init__(
        self, rng: np.random.Generator, height_px: int, width_px: int, radius_px: float
    ) -> None:
        self._rng = rng
        self._radius = radius_px
        tint = np.asarray(_BACKGROUND, np.float32) + rng.normal(0, 3, 3).astype(np.float32)
        self._light: _Floats = np.tile(tint, (height_px, width_px, 1)).astype(np.float32)

    def draw_all(self, cells: list[tuple[CellKind, _Center]]) -> tuple[Box, ...]:
        """Draw erythrocytes and platelets around the leukocytes; return the leukocytes' boxes."""
        rng, radius = self._rng, self._radius
        height, width = self._light.shape[:2]
        occupied = [(center, _LOOKS[kind].radius * radius) for kind, center in cells]
        placed: list[_Center] = []
        n_wanted = round(0.55 * (height + 2 * radius) * (width + 2 * radius) / (np.pi * radius**2))
        for _ in range(n_wanted * 12):
            if len(placed) >= n_wanted:
                break
            center = (
                float(rng.uniform(-radius, width + radius)),
                float(rng.uniform(-radius, height + radius)),
            )
            gap = radius * (1.2 if rng.random() < 0.03 else 1.95)
            is_free = all(_distance(center, other) > gap for other in placed)
            if is_free and all(_distance(center, c) > r + 0.9 * radius for c, r in occupied):
                placed.append(center)
                self._lay_erythrocyte(center)
        for _ in range(int(rng.poisson(0.0022 * height * width / radius**2)) + 1):
            center = (float(rng.uniform(0, width)), float(rng.uniform(0, height)))
            if all(_distance(center, c) > r + 0.5 * radius for c, r in occupied) and all(
                _distance(center, c) > 1.3 * radius for c in placed
            ):
                self._lay_platelet(center)
        return tuple(self._lay_leukocyte(kind, center) for kind, center in cells)

    def develop(self) -> RgbImage:
        """Add what the microscope and the camera add: uneven light, blur, noise."""
        rng = self._rng
        height, width = self._light.shape[:2]
        y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
        tilt_x, tilt_y = rng.uniform(-0.03, 0.03, 2)
        illumination = 1 + tilt_x * x + tilt_y * y - 0.025 * (x**2 + y**2)
        light = cv2.GaussianBlur(self._light * illumination[..., None], (0, 0), 0.8)
        grain = cv2.GaussianBlur(
            rng.standard_normal((height, width, 3), dtype=np.float32), (0, 0), 0.6
        )
        noise = grain * (1.2 + 2.2 * np.sqrt(np.clip(light, 0, 255) / 255))
        return np.asarray(np.clip(np.rint(light + noise), 0, 255), np.uint8)

    def _lay_erythrocyte(self, center: _Center) -> None:
        """Multiply light by what hemoglobin lets through: dark rim, pale center."""
        rng = self._rng
        radius = self._radius * rng.normal(1, 0.06)
        patch = _Patch(self._light, center, radius * 1.5)
        rho = patch.rho(rng, radius, roughness=0.02, stretch=rng.uniform(0.82, 1.0))
        shift_x, shift_y = rng.normal(0, 0.05, 2)
        inner = np.hypot(patch.x / radius + shift_x, patch.y / radius + shift_y)
        pallor = rng.uniform(0.2, 0.85) * _ramp(rng.uniform(0.6, 0.85) - inner, 0.55)
        thickness = (0.92 - pallor + 0.16 * _ramp(rho - 0.86, 0.1)) * _ramp(1 - rho, 2.2 / radius)
        thickness = thickness * rng.uniform(0.85, 1.1)
        absorption = np.asarray(_ERYTHROCYTE_ABSORPTION, np.float32)
        # Cells that lie on each other are squeezed thinner, so their overlap is less than the sum.
        already = np.clip(1 - patch.pixels[..., 1] / _BACKGROUND[1], 0, 1)
        thickness *= 1 - 1.1 * already
        patch.pixels *= np.exp(-thickness[..., None] * absorption)
        halo = _ramp(rho - 1.0, 0.03) * _ramp(1.12 - rho, 0.08)
        patch.pixels *= 1 + 0.025 * halo[..., None]

    def _lay_platelet(self, center: _Center) -> None:
        """A small violet speck with a pale rim."""
        rng = self._rng
        radius = self._radius * rng.uniform(0.18, 0.32)
        patch = _Patch(self._light, center, radius * 2)
        if not patch.pixels.size:
            return
        rho = patch.rho(rng, radius, roughness=0.14, stretch=rng.uniform(0.7, 1.0))
        patch.cover((186, 150, 190), 0.85 * _ramp(1 - rho, 0.35))
        grain = _noise(rng, rho.shape, radius * 0.25)
        patch.cover((118, 58, 142), _ramp(0.75 - rho, 0.3) * _ramp(grain + 0.3, 0.8))

    def _lay_leukocyte(self, kind: CellKind, center: _Center) -> Box:
        """Cytoplasm, granules, nucleus, nucleoli; return the box around the cell."""
        rng, look = self._rng, _LOOKS[kind]
        radius = self._radius * look.radius * float(rng.uniform(0.94, 1.06))
        patch = _Patch(self._light, center, radius * 1.35)
        rho = patch.rho(rng, radius, look.roughness, stretch=rng.uniform(0.9, 1.0))
        body = _ramp(1 - rho, 2.5 / radius)
        patch.cover((255, 240, 232), 0.35 * _ramp(1.09 - rho, 0.08))

        mottle = _noise(rng, rho.shape, radius * 0.07)
        broad = _noise(rng, rho.shape, radius * 0.3)
        edge = np.clip(0.8 * _ramp(rho - 0.62, 0.42) + 0.12 * mottle + 0.14 * broad, 0, 1)
        patch.cover(_mix(look.cytoplasm, look.cytoplasm_edge, edge), body)
        self._lay_granules(patch, look, radius, body)

        nucleus = _NUCLEUS_SHAPES[kind](rng, patch, radius * look.nucleus_fraction)
        slack = (1 - look.nucleus_fraction) * radius * float(rng.uniform(0.3, 1.0))
        nucleus = _shifted(nucleus, slack, float(rng.uniform(0, 2 * np.pi)))
        nucleus = nucleus * _ramp(0.99 - rho, 3 / radius)
        patch.cover((214, 204, 224), 0.22 * cv2.dilate(nucleus, np.ones((5, 5), np.uint8)) * body)
        chromatin = self._chromatin(look, radius, nucleus)
        patch.cover(chromatin, nucleus)
        self._lay_nucleoli(patch, look, radius, nucleus)
        return patch.box_of(body > 0.5)

    def _lay_granules(self, patch: "_Patch", look: _CellLook, radius: float, body: _Floats) -> None:
        """Fine dots of the look's granule color, thrown evenly over the cytoplasm."""
        dots = np.zeros(body.shape, np.float32)
        scale = radius / look.radius
        for _ in range(round(look.granules_per_area * look.radius**2 * np.pi)):
            where = self._rng.uniform(-radius, radius, 2)
            size = scale * self._rng.uniform(0.025, 0.05)
            squared = (patch.x - where[0]) ** 2 + (patch.y - where[1]) ** 2
            near = squared < (4 * size) ** 2
            dots[near] += self._rng.uniform(0.3, 0.8) * np.exp(-squared[near] / (2 * size**2))
        patch.cover(look.granule, np.clip(dots, 0, 0.85) * body)

    def _chromatin(self, look: _CellLook, radius: float, nucleus: _Floats) -> _Floats:
        """Colors of stained chromatin: grain of two sizes, a dark nuclear membrane."""
        coarse = _noise(self._rng, nucleus.shape, radius * look.chromatin_grain)
        fine = _noise(self._rng, nucleus.shape, max(0.8, radius * 0.022))
        broad = _noise(self._rng, nucleus.shape, radius * 0.4)
        depth = cv2.distanceTransform((nucleus > 0.5).astype(np.uint8), cv2.DIST_L2, 3)
        membrane = np.exp(-depth / (0.045 * radius))
        light = 0.4 + 0.24 * look.chromatin_contrast * coarse + 0.16 * fine + 0.1 * broad
        light = np.clip(light - 0.45 * membrane, 0, 1)
        return _mix(look.chromatin_dark, look.chromatin_light, light.astype(np.float32))

    def _lay_nucleoli(
        self, patch: "_Patch", look: _CellLook, radius: float, nucleus: _Floats
    ) -> None:
        """Pale round spots with a faint dark ring inside the nucleus."""
        rng = self._rng
        lowest, highest = look.n_nucleoli
        for _ in range(int(rng.integers(lowest, highest + 1))):
            angle, reach = rng.uniform(0, 2 * np.pi), rng.uniform(0.1, 0.5) * radius
            size = radius * rng.uniform(0.09, 0.14)
            x, y = patch.x - reach * np.cos(angle), patch.y - reach * np.sin(angle)
            rho = np.hypot(x, y * rng.uniform(1.0, 1.3)) / size
            patch.cover(look.chromatin_dark, 0.3 * np.exp(-(((rho - 1.1) / 0.25) ** 2)) * nucleus)
            patch.cover((160, 124, 188), 0.62 * _ramp(1.0 - rho, 0.6) * nucleus)


class _Patch:
    """The square of a canvas around a center, with coordinates in pixels from that center."""

    def __init__(self, canvas: _Floats, center: _Center, reach_px: float) -> None:
        height, width = canvas.shape[:2]
        self.left = int(np.clip(center[0] - reach_px, 0, width))
        self.top = int(np.clip(center[1] - reach_px, 0, height))
        right = int(np.clip(center[0] + reach_px + 1, 0, width))
        bottom = int(np.clip(center[1] + reach_px + 1, 0, height))
        self.pixels = canvas[self.top : bottom, self.left : right]
        y, x = np.mgrid[self.top : bottom, self.left : right].astype(np.float32)
        self.x: _Floats = x - np.float32(center[0])
        self.y: _Floats = y - np.float32(center[1])

    def rho(
        self, rng: np.random.Generator, radius: float, roughness: float, stretch: float
    ) -> _Floats:
        """Distance from the center over the radius of a wavy, stretched outline: 1 on it."""
        turn = rng.uniform(0, np.pi)
        along = self.x * np.cos(turn) + self.y * np.sin(turn)
        across = (self.y * np.cos(turn) - self.x * np.sin(turn)) / stretch
        angle = np.arctan2(across, along)
        outline = np.ones_like(angle)
        for order in range(2, 6):
            wave = np.cos(order * angle + rng.uniform(0, 2 * np.pi))
            outline += roughness * rng.normal(0, 1) * 4 / order**2 * wave
        return np.asarray(np.hypot(along, across) / (radius * outline), np.float32)

    def cover(self, color: _Color | _Floats, opacity: _Floats) -> None:
        """Lay a color, one or one a pixel, over the canvas."""
        self.pixels += (np.asarray(color, np.float32) - self.pixels) * opacity[..., None]

    def box_of(self, mask: NDArray[np.bool_]) -> Box:
        """Bounds of a mask of this patch, in pixels of the canvas."""
        rows, columns = np.nonzero(mask.any(axis=1))[0], np.nonzero(mask.any(axis=0))[0]
        return (
            self.left + int(columns[0]),
            self.top + int(rows[0]),
            self.left + int(columns[-1]) + 1,
            self.top + int(rows[-1]) + 1,
        )


def _round_nucleus(rng: np.random.Generator, patch: _Patch, radius: float) -> _Floats:
    """A nearly round nucleus, a little off the center."""
    rho = patch.rho(rng, radius, roughness=0.025, stretch=rng.uniform(0.88, 0.98))
    return _ramp(1 - rho, 2 / radius)


def _indented_nucleus(rng: np.random.Generator, patch: _Patch, radius: float) -> _Floats:
    """A large nucleus with a shallow bay on one side."""
    rho = patch.rho(rng, radius, roughness=0.04, stretch=rng.uniform(0.85, 0.97))
    angle = rng.uniform(0, 2 * np.pi)
    reach = radius * rng.uniform(1.35, 1.6)
    x, y = patch.x - reach * np.cos(angle), patch.y - reach * np.sin(angle)
    bay = np.asarray(np.hypot(x, y) / radius, np.float32)
    depth = reach / radius - rng.uniform(0.6, 0.8)
    solid = cv2.GaussianBlur(_ramp(1 - rho, 0.02) * _ramp(bay - depth, 0.02), (0, 0), radius * 0.09)
    return _ramp(np.asarray(solid, np.float32) - 0.4, 0.25)


def _lobed_nucleus(rng: np.random.Generator, patch: _Patch, radius: float) -> _Floats:
    """Three to five lobes on a bent chain, joined by thin strands."""
    n_lobes = int(rng.integers(3, 6))
    start, sweep = rng.uniform(0, 2 * np.pi), rng.uniform(1.0, 1.35) * np.pi
    angles = start + np.linspace(0, sweep, n_lobes) + rng.normal(0, 0.12, n_lobes)
    reach = radius * rng.uniform(0.42, 0.66, n_lobes)
    centers_x, centers_y = reach * np.cos(angles), reach * np.sin(angles)
    mask = np.zeros(patch.x.shape, np.float32)
    for x, y, angle in zip(centers_x, centers_y, angles, strict=True):
        along = (patch.y - y) * np.cos(angle) - (patch.x - x) * np.sin(angle)
        across = (patch.x - x) * np.cos(angle) + (patch.y - y) * np.sin(angle)
        size = radius * rng.uniform(0.85, 1.1) * (0.85 / n_lobes + 0.15)
        rho = np.hypot(along / (rng.uniform(0.95, 1.3) * size), across / (0.95 * size))
        mask = np.maximum(mask, _ramp(1 - rho, 0.05))
    for index in range(n_lobes - 1):
        step_x = centers_x[index + 1] - centers_x[index]
        step_y = centers_y[index + 1] - centers_y[index]
        x, y = patch.x - centers_x[index], patch.y - centers_y[index]
        share = np.clip((x * step_x + y * step_y) / (step_x**2 + step_y**2), 0, 1)
        off = np.asarray(np.hypot(x - share * step_x, y - share * step_y), np.float32)
        mask = np.maximum(mask, _ramp(0.1 * radius - off, 2.0))
    blurred = np.asarray(cv2.GaussianBlur(mask, (0, 0), radius * 0.05), np.float32)
    blurred *= 1 + 0.12 * _noise(rng, mask.shape, radius * 0.16)
    return _ramp(blurred - np.float32(0.38), 0.3)


_NUCLEUS_SHAPES: Final[dict[CellKind, Callable[[np.random.Generator, _Patch, float], _Floats]]] = {
    "lymphoblast": _round_nucleus,
    "myeloblast": _indented_nucleus,
    "neutrophil": _lobed_nucleus,
    "lymphocyte": _round_nucleus,
}


def _ramp(values: _Floats, width: float) -> _Floats:
    """0 below zero, 1 above ``width``, smooth between."""
    share = np.clip(values / width, 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)


def _shifted(mask: _Floats, reach_px: float, angle: float) -> _Floats:
    """A mask moved by ``reach_px`` in the direction of ``angle`` radians."""
    move = np.array(
        [[1, 0, reach_px * np.cos(angle)], [0, 1, reach_px * np.sin(angle)]], np.float32
    )
    return np.asarray(cv2.warpAffine(mask, move, (mask.shape[1], mask.shape[0])), np.float32)


def _noise(rng: np.random.Generator, shape: tuple[int, ...], grain_px: float) -> _Floats:
    """Gaussian noise with lumps of about ``grain_px``, mean 0, standard deviation 1."""
    lumps = cv2.GaussianBlur(
        rng.standard_normal(shape, dtype=np.float32), (0, 0), max(0.3, grain_px)
    )
    return np.asarray((lumps - lumps.mean()) / (lumps.std() + 1e-6), np.float32)


def _mix(first: _Color, second: _Color, share: _Floats) -> _Floats:
    """Colors from ``first`` (share 0) to ``second`` (share 1), float32 (height, width, 3)."""
    start, end = np.asarray(first, np.float32), np.asarray(second, np.float32)
    return start + (end - start) * share[..., None]


def _distance(first: _Center, second: _Center) -> float:
    return float(np.hypot(first[0] - second[0], first[1] - second[1]))
