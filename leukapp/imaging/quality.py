"""What can be said of an image's quality before any network sees it.

The limits were chosen between real smears of seven laboratories and what must be refused (blank,
noisy, blurred and unstained images); ``scripts/measure_quality.py`` prints how often they refuse.
On the very images the limits were chosen on, none is refused: 0 of 1,179 JHU, 1,070 PBC, 920 Aria,
260 ALL-IDB2, 120 BCCD, 120 Tecom and 70 LMU. Blurred with a Gaussian of 4 px (at 224 px), all 40
drawn from each source are refused; with 3 px 95-100 %, with 2 px 8-100 %.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

from leukapp.imaging.arrays import RgbImage
from leukapp.imaging.cut_out_cell import CutOutCell, find_cut_out_cell, replace_background

ANALYSIS_SIDE_PX: Final = 224

# Blocking limits, each with what was measured on 3,739 real smears.
MIN_CONTRAST: Final = 5.0
"""Grey levels; real smears have at least 11."""
MIN_BRIGHTNESS: Final = 25.0
"""Grey levels; real smears have 68 to 243."""
MAX_BRIGHTNESS: Final = 250.0
MAX_NOISE_RATIO: Final = 10.0
"""Variance of the Laplacian over that of the grey levels: smears below 2, white noise 15 to 20."""
MIN_FOCUS: Final = 5.0
"""Grey levels squared; smears have at least 8, blurred by 4 px of 224 at most 3.5."""
MIN_STAINED_FRACTION: Final = 0.003
"""Real smears have at least 0.009; two photographs, of a house and of a flower, 0.001."""

MIN_NUCLEUS_FRACTION: Final = 0.002
"""Largest connected violet area, share of the image; real smears have at least 0.003."""
MIN_GLASS: Final = 80
"""Weakest color of the glass (quantile 0.9), grey levels; real smears have 97 and more."""
MAX_GLASS_CAST: Final = 145
"""Red over blue of the glass, grey levels; the yellowest real smear has 130."""
MAX_GLASS_VIOLET: Final = 25
"""Red and blue of the glass over its green, grey levels; real smears have at most 11."""
MAX_GREEN_FRACTION: Final = 0.15
"""Share of green pixels; real smears have at most 0.095."""
MAX_RED_FRACTION: Final = 0.3
"""Share of glaring red pixels; real smears have at most 0.21."""
MAX_FLAT_FRACTION: Final = 0.7
"""Share of pixels, but for black and white ones, that equal their neighbor; smears up to 0.57."""

# Limits of remarks that do not forbid a call.
SOFT_FOCUS: Final = 12.0
MIN_SIDE_PX: Final = 80
MAX_SATURATED_FRACTION: Final = 0.5

# A stained pixel has less green than red and blue, and is not red; grey levels after white balance.
STAIN_MARGIN: Final = 8.0
STAIN_RED_EXCESS: Final = 10.0
GLASS_QUANTILE: Final = 0.9
GREEN_MARGIN: Final = 8.0
RED_MARGIN: Final = 60.0
NEARLY_BLACK, NEARLY_WHITE = 5, 250


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityFinding:
    """One thing that is wrong with an image.

    Attributes:
        kind: short stable key: ``too_dark``, ``overexposed``, ``noise``, ``blank``, ``no_stain``,
            ``out_of_focus``, ``no_glass``, ``foreign_colors``, ``drawn``; or a remark,
            ``cut_out_cell``, ``soft_focus``, ``too_small``, ``saturated``.
        message: one plain sentence for the reader of the image.
        blocks_call: the image cannot be judged; the answer is "no call" with this message.
    """

    kind: str
    message: str
    blocks_call: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityReport:
    """Measurements behind the quality findings.

    Attributes:
        width_px: image width in pixels.
        height_px: image height in pixels.
        focus: variance of the Laplacian of the grey image, reduced to 224 px, in grey levels
            squared.
        brightness: mean grey level, 0-255.
        contrast: standard deviation of the grey level, 0-128.
        saturated_fraction: share of pixels at 0 or 255 in all channels, 0-1.
        stained_fraction: share of pixels with the blue-violet of stained nuclei, 0-1.
        findings: what is wrong, worst first; empty if nothing is.
    """

    width_px: int
    height_px: int
    focus: float
    brightness: float
    contrast: float
    saturated_fraction: float
    stained_fraction: float
    findings: tuple[QualityFinding, ...]

    @property
    def blocking(self) -> QualityFinding | None:
        """The first finding that forbids a call, if any."""
        return next((finding for finding in self.findings if finding.blocks_call), None)


CUT_OUT_REMARK: Final = QualityFinding(
    kind="cut_out_cell",
    message="The image shows a single cell that was cut out on black: its background was replaced "
    "by a plain one before it was judged.",
    blocks_call=False,
)


def assess_quality(image: RgbImage) -> QualityReport:
    """Measure an image and name what is wrong with it.

    Args:
        image: sRGB pixels, uint8 (height, width, 3), 0-255; not modified.

    Returns:
        Measurements and findings, those that forbid a call first.
    """
    height_px, width_px = image.shape[:2]
    cut_out = find_cut_out_cell(image)
    # A cell cut out on black is measured as it is judged: with its surroundings laid around it.
    measures = _measure(image if cut_out is None else _lay_out(image, cut_out))
    return QualityReport(
        width_px=width_px,
        height_px=height_px,
        focus=measures.focus,
        brightness=measures.brightness,
        contrast=measures.contrast,
        saturated_fraction=measures.saturated_fraction,
        stained_fraction=measures.stained_fraction,
        findings=(
            *_find_blocking(measures, is_cut_out=cut_out is not None),
            *([] if cut_out is None else [CUT_OUT_REMARK]),
            *_find_remarks(measures, side_px=min(height_px, width_px)),
        ),
    )


class _Measures(NamedTuple):
    focus: float
    brightness: float
    contrast: float
    saturated_fraction: float
    stained_fraction: float
    nucleus_fraction: float
    glass: tuple[int, int, int]
    green_fraction: float
    red_fraction: float
    flat_fraction: float


def _lay_out(image: RgbImage, cut_out: CutOutCell) -> RgbImage:
    """A cut-out cell with as much of its new background around it as its crop has."""
    box = cut_out.box
    margin_px = round(0.4 * cut_out.diameter_px)
    return replace_background(image, cut_out)[
        max(0, box.y0 - margin_px) : box.y1 + margin_px,
        max(0, box.x0 - margin_px) : box.x1 + margin_px,
    ]


def _measure(image: RgbImage) -> _Measures:
    # Small images stay as they are: enlarging would make them look out of focus.
    scale = min(1.0, ANALYSIS_SIDE_PX / max(image.shape[:2]))
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    reduced = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    grey = cv2.cvtColor(reduced, cv2.COLOR_RGB2GRAY)
    # Channel by channel: a maximum over an axis of three is several times slower.
    first, second, third = cv2.split(reduced)
    extremes = (cv2.max(cv2.max(first, second), third) == 0) | (
        cv2.min(cv2.min(first, second), third) == 255
    )
    glass = (_glass_level(reduced, 0), _glass_level(reduced, 1), _glass_level(reduced, 2))
    # The glass is taken for white, so that a yellow or blue cast does not hide the stain.
    gains = np.array([255 / max(1, level) for level in glass], np.float32)
    balanced = np.minimum(reduced * gains, 255).astype(np.float32)
    red, green, blue = balanced[..., 0], balanced[..., 1], balanced[..., 2]
    is_stained = _is_stained(balanced)
    return _Measures(
        focus=float(cv2.Laplacian(grey, cv2.CV_32F).var(dtype=np.float64)),
        brightness=float(grey.mean()),
        contrast=float(grey.std()),
        saturated_fraction=float(extremes.mean()),
        stained_fraction=float(is_stained.mean()),
        nucleus_fraction=_largest_share(is_stained),
        glass=glass,
        green_fraction=float((green - np.maximum(red, blue) > GREEN_MARGIN).mean()),
        red_fraction=float((red - np.maximum(green, blue) > RED_MARGIN).mean()),
        flat_fraction=_flat_fraction(reduced, grey),
    )


def _is_stained(balanced: NDArray[np.float32]) -> NDArray[np.bool_]:
    red, green, blue = balanced[..., 0], balanced[..., 1], balanced[..., 2]
    # Nuclei take up the blue-violet azures: green is absorbed most, red no more than blue.
    is_violet = np.minimum(red, blue) - green > STAIN_MARGIN
    return np.asarray(is_violet & (blue > red - STAIN_RED_EXCESS), np.bool_)


def _largest_share(mask: NDArray[np.bool_]) -> float:
    """Area of the largest connected part of a mask, share of the image."""
    n_parts, _, statistics, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    if n_parts < 2:
        return 0.0
    return float(statistics[1:, cv2.CC_STAT_AREA].max()) / mask.size


def _flat_fraction(reduced: RgbImage, grey: MatLike) -> float:
    """Share of pixels that equal their right neighbor; overexposed and black ones do not count."""
    if reduced.shape[1] < 2:  # A strip that was one pixel wide once it was reduced.
        return 0.0
    differs = cv2.absdiff(reduced[:, 1:], reduced[:, :-1])
    first, second, third = cv2.split(differs)
    is_equal = cv2.max(cv2.max(first, second), third) == 0
    counts = (grey[:, 1:] < NEARLY_WHITE) & (grey[:, 1:] > NEARLY_BLACK)
    return float((is_equal & counts).sum() / max(1, counts.sum()))


def _glass_level(reduced: RgbImage, channel: int) -> int:
    """Quantile of one channel by its histogram, much faster than by sorting."""
    counts = cv2.calcHist([reduced], [channel], None, [256], [0, 256]).ravel()
    share = np.cumsum(counts, dtype=np.float64) / counts.sum(dtype=np.float64)
    return int(np.searchsorted(share, GLASS_QUANTILE))


def _find_blocking(measures: _Measures, *, is_cut_out: bool) -> Iterator[QualityFinding]:
    """At most one finding: what comes first explains what would follow."""
    if measures.brightness < MIN_BRIGHTNESS:
        yield _blocking("too_dark", "The image is too dark: take it again with more light.")
    elif measures.brightness > MAX_BRIGHTNESS:
        yield _blocking(
            "overexposed",
            "The image is white nearly everywhere: take it again with less light, on a cell.",
        )
    elif measures.focus > MAX_NOISE_RATIO * measures.contrast**2 > 0:
        yield _blocking(
            "noise", "The image shows noise and no cells: check the camera and take it again."
        )
    elif measures.contrast < MIN_CONTRAST:
        yield _blocking("blank", "The image shows nothing: take it again on a field with cells.")
    elif (
        measures.stained_fraction < MIN_STAINED_FRACTION
        or measures.nucleus_fraction < MIN_NUCLEUS_FRACTION
    ):
        yield _blocking(
            "no_stain",
            "The image shows no blue-violet nucleus: use a stained blood or marrow smear in color.",
        )
    elif measures.focus < MIN_FOCUS:
        yield _blocking(
            "out_of_focus", "The image is out of focus: take it again with the cells sharp."
        )
    else:
        yield from _find_other_things(measures, is_cut_out=is_cut_out)


def _find_other_things(measures: _Measures, *, is_cut_out: bool) -> Iterator[QualityFinding]:
    """What photographs and drawings have and no smear has; at most one finding."""
    red, green, blue = measures.glass
    is_pale = min(measures.glass) >= MIN_GLASS and red - blue <= MAX_GLASS_CAST
    if not is_pale or min(red, blue) - green > MAX_GLASS_VIOLET:
        yield _blocking(
            "no_glass",
            "The image has no pale background as a smear has: use a field where glass is seen.",
        )
    elif measures.green_fraction > MAX_GREEN_FRACTION or measures.red_fraction > MAX_RED_FRACTION:
        yield _blocking(
            "foreign_colors",
            "The image has colors that stained blood has not: use a photograph of a smear.",
        )
    elif measures.flat_fraction > MAX_FLAT_FRACTION and not is_cut_out:
        yield _blocking(
            "drawn", "Most of the image is one even color: use a photograph, not a drawing."
        )


def _find_remarks(measures: _Measures, *, side_px: int) -> Iterator[QualityFinding]:
    if MIN_FOCUS <= measures.focus < SOFT_FOCUS:
        yield _remark("soft_focus", "The image is a little soft: a sharper one is judged better.")
    if side_px < MIN_SIDE_PX:
        yield _remark(
            "too_small",
            f"The shorter side has {side_px} pixels: cells show their details from {MIN_SIDE_PX}.",
        )
    if measures.saturated_fraction > MAX_SATURATED_FRACTION:
        yield _remark(
            "saturated",
            "More than half of the image is pure white or black: details may be lost there.",
        )


def _blocking(kind: str, message: str) -> QualityFinding:
    return QualityFinding(kind=kind, message=message, blocks_call=True)


def _remark(kind: str, message: str) -> QualityFinding:
    return QualityFinding(kind=kind, message=message, blocks_call=False)
