"""What can be said of an image's quality before any network sees it.

What is measured does not change much with the pixel size of the file; the limits of it stand in
:mod:`leukapp.imaging.quality_limits`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

from leukapp.imaging.arrays import RgbImage
from leukapp.imaging.cut_out_cell import CutOutCell, find_cut_out_cell, replace_background
from leukapp.imaging.quality_limits import LIMITS, QualityLimits

ANALYSIS_SIDE_PX: Final = 224

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

_LEVELS: Final = np.arange(256, dtype=np.float32)


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


_MESSAGES: Final = {
    "too_dark": "The image is too dark: take it again with more light.",
    "overexposed": "The image is white nearly everywhere: take it again with less light, on a "
    "cell.",
    "noise": "The image shows noise and no cells: check the camera and take it again.",
    "blank": "The image shows nothing: take it again on a field with cells.",
    "no_stain": "The image shows no blue-violet nucleus: use a stained blood or marrow smear in "
    "color.",
    "out_of_focus": "The image is out of focus: take it again with the cells sharp.",
    "no_glass": "The image has no pale background as a smear has: use a field where glass is seen.",
    "foreign_colors": "The image has colors that stained blood has not: use a photograph of a "
    "smear.",
    "drawn": "Most of the image is one even color: use a photograph, not a drawing.",
}

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
    measures = measure_quality(image)
    blocking = find_blocking(measures)
    return QualityReport(
        width_px=width_px,
        height_px=height_px,
        focus=measures.focus,
        brightness=measures.brightness,
        contrast=measures.contrast,
        saturated_fraction=measures.saturated_fraction,
        stained_fraction=measures.stained_fraction,
        findings=(
            *([] if blocking is None else [blocking]),
            *_find_remarks(measures, side_px=min(height_px, width_px)),
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityMeasures:
    """What the limits are asked of; measured on the image reduced to :data:`ANALYSIS_SIDE_PX`.

    Attributes:
        is_cut_out: a cell cut out on black, measured with a plain background around it. Its focus
            and its flat background say nothing, since whoever cut it out drew both.
        focus: variance of the Laplacian of the grey image, grey levels squared.
        brightness: mean grey level, 0-255.
        contrast: standard deviation of the grey level, 0-128.
        saturated_fraction: share of pixels at 0 or 255 in all channels, 0-1.
        stained_fraction: share of pixels with the blue-violet of stained nuclei, 0-1.
        nucleus_fraction: largest connected stained area, share of the image, 0-1.
        glass: red, green and blue of the empty background, 0-255.
        green_fraction: share of green pixels, 0-1.
        red_fraction: share of glaring red pixels, 0-1.
        flat_fraction: share of pixels that equal their neighbor, 0-1.
    """

    is_cut_out: bool
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

    @property
    def noise_ratio(self) -> float:
        """Variance of the Laplacian over that of the grey levels; 0 without contrast."""
        return self.focus / self.contrast**2 if self.contrast else 0.0

    @property
    def weakest_glass(self) -> int:
        """Weakest color of the glass."""
        return min(self.glass)

    @property
    def glass_cast(self) -> int:
        """Red of the glass over its blue."""
        return self.glass[0] - self.glass[2]

    @property
    def glass_red(self) -> int:
        """Red of the glass over its green."""
        return self.glass[0] - self.glass[1]

    @property
    def glass_violet(self) -> int:
        """Red and blue of the glass over its green."""
        return min(self.glass[0], self.glass[2]) - self.glass[1]


def _lay_out(image: RgbImage, cut_out: CutOutCell) -> RgbImage:
    """A cut-out cell with as much of its new background around it as its crop has."""
    box = cut_out.box
    margin_px = round(0.4 * cut_out.diameter_px)
    return replace_background(image, cut_out)[
        max(0, box.y0 - margin_px) : box.y1 + margin_px,
        max(0, box.x0 - margin_px) : box.x1 + margin_px,
    ]


def measure_quality(image: RgbImage) -> QualityMeasures:
    """Measure an image without judging it.

    Args:
        image: sRGB pixels, uint8 (height, width, 3), 0-255; not modified.
    """
    cut_out = find_cut_out_cell(image)
    # A cell cut out on black is measured as it is judged: with its surroundings laid around it.
    seen = image if cut_out is None else _lay_out(image, cut_out)
    return _measure(seen, is_cut_out=cut_out is not None)


def _measure(image: RgbImage, *, is_cut_out: bool) -> QualityMeasures:
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
    red, green, blue = (
        cv2.LUT(channel, np.minimum(_LEVELS * gain, np.float32(255)))
        for channel, gain in zip((first, second, third), gains, strict=True)
    )
    is_stained = _is_stained(red, green, blue)
    return QualityMeasures(
        is_cut_out=is_cut_out,
        focus=float(cv2.Laplacian(grey, cv2.CV_32F).var(dtype=np.float64)),
        brightness=float(grey.mean()),
        contrast=float(grey.std()),
        saturated_fraction=float(extremes.mean()),
        stained_fraction=float(is_stained.mean()),
        nucleus_fraction=_largest_share(is_stained),
        glass=glass,
        green_fraction=float((green - cv2.max(red, blue) > GREEN_MARGIN).mean()),
        red_fraction=float((red - cv2.max(green, blue) > RED_MARGIN).mean()),
        flat_fraction=_flat_fraction(reduced, grey),
    )


def _is_stained(red: MatLike, green: MatLike, blue: MatLike) -> NDArray[np.bool_]:
    # Nuclei take up the blue-violet azures: green is absorbed most, red no more than blue.
    is_violet = cv2.min(red, blue) - green > STAIN_MARGIN
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


def find_blocking(
    measures: QualityMeasures, limits: QualityLimits = LIMITS
) -> QualityFinding | None:
    """What forbids a call, if anything; what comes first explains what would follow.

    Args:
        measures: of an image.
        limits: between smears and what is none.
    """
    kind = _find_light(measures, limits) or _find_content(measures, limits)
    kind = kind or _find_other_things(measures, limits)
    return None if kind is None else _blocking(kind)


def _find_light(measures: QualityMeasures, limits: QualityLimits) -> str | None:
    if measures.brightness < limits.min_brightness:
        return "too_dark"
    if measures.brightness > limits.max_brightness:
        return "overexposed"
    return None


def _find_content(measures: QualityMeasures, limits: QualityLimits) -> str | None:
    if measures.noise_ratio > limits.max_noise_ratio:
        return "noise"
    if measures.contrast < limits.min_contrast:
        return "blank"
    if (
        measures.stained_fraction < limits.min_stained_fraction
        or measures.nucleus_fraction < limits.min_nucleus_fraction
    ):
        return "no_stain"
    if measures.focus < limits.min_focus and not measures.is_cut_out:
        return "out_of_focus"
    return None


def _find_other_things(measures: QualityMeasures, limits: QualityLimits) -> str | None:
    """What photographs and drawings have and no smear has."""
    is_pale = measures.weakest_glass >= limits.min_glass
    if (
        not is_pale
        or measures.glass_cast > limits.max_glass_cast
        or measures.glass_red > limits.max_glass_red
        or measures.glass_violet > limits.max_glass_violet
    ):
        return "no_glass"
    if (
        measures.green_fraction > limits.max_green_fraction
        or measures.red_fraction > limits.max_red_fraction
    ):
        return "foreign_colors"
    if measures.flat_fraction > limits.max_flat_fraction and not measures.is_cut_out:
        return "drawn"
    return None


def _find_remarks(measures: QualityMeasures, *, side_px: int) -> Iterator[QualityFinding]:
    if measures.is_cut_out:
        yield CUT_OUT_REMARK
    elif LIMITS.min_focus <= measures.focus < SOFT_FOCUS:
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


def _blocking(kind: str) -> QualityFinding:
    return QualityFinding(kind=kind, message=_MESSAGES[kind], blocks_call=True)


def _remark(kind: str, message: str) -> QualityFinding:
    return QualityFinding(kind=kind, message=message, blocks_call=False)
