"""Pictures that are no smear: photographs, noise, text, empty glass, gradients and shapes.

The photographs are the ones inside scikit-image's wheel; nothing is downloaded. Everything else is
drawn from a seed, so the same pictures come out on every machine.
"""

import colorsys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import skimage
from PIL import Image, ImageDraw, ImageFont

from leukapp.imaging.arrays import RgbImage
from leukapp.imaging.image_io import read_image

PHOTOGRAPHS: Final = (
    "astronaut.png",
    "coffee.png",
    "chelsea.png",
    "rocket.jpg",
    "motorcycle_left.png",
    "color.png",
    "hubble_deep_field.jpg",
    "camera.png",
    "coins.png",
    "moon.png",
    "brick.png",
    "grass.png",
    "gravel.png",
    "horse.png",
    "clock_motion.png",
    "phantom.png",
)
OTHER_MEDICINE: Final = ("retina.jpg", "microaneurysms.png", "ihc.png", "cell.png")
"""Eye, stained tissue section, phase contrast: microscopes and clinics, but no blood smear."""
PRINTED: Final = ("text.png", "page.png", "logo.png", "chessboard_GRAY.png")

CROPS_A_PHOTOGRAPH: Final = 8
N_FACES: Final = 40
N_DRAWN: Final = 30
SIDE_PX: Final = 256
_WORDS: Final = ("Hematology", "report", "leukocytes", "6.2 G/l", "see", "reverse", "No. 4711")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NotSmear:
    """One picture that must get no call.

    Attributes:
        kind: what it is, e.g. ``photograph``.
        name: the same on every machine, distinct.
        image: sRGB pixels, uint8 (height, width, 3), 0-255.
    """

    kind: str
    name: str
    image: RgbImage


def draw_not_smears(seed: int = 0) -> Iterator[NotSmear]:
    """Give every picture, one by one.

    Args:
        seed: of crops and drawings.

    Yields:
        Distinct pictures of sixteen kinds in a fixed order.
    """
    rng = np.random.default_rng(seed)
    folder = Path(skimage.__file__).parent / "data"
    for kind, names in (
        ("photograph", PHOTOGRAPHS),
        ("other medical image", OTHER_MEDICINE),
        ("printed page", PRINTED),
    ):
        for name in names:
            whole = read_image(folder / name)
            yield NotSmear(kind=kind, name=name, image=whole)
            for number in range(CROPS_A_PHOTOGRAPH):
                yield NotSmear(
                    kind=f"{kind}, part", name=f"{name} part {number}", image=_crop(whole, rng)
                )
    faces = np.load(folder / "lfw_subset.npy", allow_pickle=False)[:N_FACES]
    for number, face in enumerate(faces):
        grey = np.repeat((face * 255).astype(np.uint8)[..., None], 3, axis=2)
        enlarged = cv2.resize(grey, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_CUBIC)
        image = np.asarray(enlarged, np.uint8)
        yield NotSmear(kind="grey thumbnail", name=f"thumbnail {number}", image=image)
    for kind, draw in _DRAWINGS.items():
        for number in range(N_DRAWN):
            yield NotSmear(kind=kind, name=f"{kind} {number}", image=draw(rng))


def _crop(image: RgbImage, rng: np.random.Generator) -> RgbImage:
    """A square part, a quarter to four fifths of the shorter side."""
    side = int(min(image.shape[:2]) * rng.uniform(0.25, 0.8))
    top, left = (int(rng.integers(0, length - side + 1)) for length in image.shape[:2])
    return np.ascontiguousarray(image[top : top + side, left : left + side])


def _color(rng: np.random.Generator, saturation: tuple[float, float] = (0.2, 1.0)) -> list[int]:
    hue, value = rng.uniform(), rng.uniform(0.4, 1.0)
    return [int(255 * part) for part in colorsys.hsv_to_rgb(hue, rng.uniform(*saturation), value)]


def _to_image(values: np.ndarray) -> RgbImage:
    return np.asarray(np.clip(values, 0, 255), np.uint8)


def _white_noise(rng: np.random.Generator) -> RgbImage:
    spread = rng.uniform(10, 90)
    return _to_image(rng.normal(_color(rng), spread, (SIDE_PX, SIDE_PX, 3)))


def _cloudy_noise(rng: np.random.Generator) -> RgbImage:
    """Colored noise with grains of 1.5 to 20 px."""
    grain = rng.uniform(1.5, 20)
    smooth = cv2.GaussianBlur(rng.normal(size=(SIDE_PX, SIDE_PX, 3)), (0, 0), grain)
    return _to_image(np.array(_color(rng)) + rng.uniform(20, 60) * smooth / smooth.std())


def _salt_and_pepper(rng: np.random.Generator) -> RgbImage:
    image = np.full((SIDE_PX, SIDE_PX, 3), _color(rng), np.uint8)
    drawn = rng.uniform(size=(SIDE_PX, SIDE_PX))
    share = rng.uniform(0.02, 0.2)
    image[drawn < share], image[drawn > 1 - share] = 0, 255
    return image


def _text(rng: np.random.Generator) -> RgbImage:
    paper, ink = _color(rng, (0.0, 0.3)), _color(rng)
    picture = Image.new("RGB", (SIDE_PX, SIDE_PX), tuple(paper))
    draw = ImageDraw.Draw(picture)
    height = int(rng.integers(12, 40))
    font = ImageFont.load_default(size=height)
    for top in range(4, SIDE_PX, int(height * 1.3)):
        line = " ".join(rng.choice(_WORDS, 6))
        draw.text((int(rng.integers(-40, 10)), top), line, fill=tuple(ink), font=font)
    return np.asarray(picture, np.uint8)


def _empty_glass(rng: np.random.Generator) -> RgbImage:
    """A bright field without cells: tinted, darker to the edges, a little camera noise and dust."""
    places = np.linspace(-1, 1, SIDE_PX)
    shade = 1 - rng.uniform(0, 0.35) * np.hypot(places[:, None] - rng.uniform(-0.5, 0.5), places)
    tint = rng.uniform(205, 252, 3)
    image = shade[..., None] * tint + rng.normal(0, rng.uniform(0.5, 4), (SIDE_PX, SIDE_PX, 3))
    canvas = np.ascontiguousarray(_to_image(image))
    for _ in range(int(rng.integers(0, 6))):
        middle = tuple(int(place) for place in rng.integers(0, SIDE_PX, 2))
        cv2.circle(canvas, middle, int(rng.integers(1, 6)), (120, 115, 110), -1, cv2.LINE_AA)
    return canvas


def _gradient(rng: np.random.Generator) -> RgbImage:
    first, second = np.array(_color(rng)), np.array(_color(rng))
    places = np.linspace(0, 1, SIDE_PX)
    angle = rng.uniform(0, 2 * np.pi)
    ramp = np.cos(angle) * places[:, None] + np.sin(angle) * places
    if rng.uniform() < 0.5:
        ramp = np.hypot(places[:, None] - rng.uniform(), places - rng.uniform())
    ramp = (ramp - ramp.min()) / np.ptp(ramp)
    return _to_image(first + ramp[..., None] * (second - first))


def _stripes(rng: np.random.Generator) -> RgbImage:
    places = np.arange(SIDE_PX)
    angle, period = rng.uniform(0, np.pi), rng.uniform(6, 60)
    wave = np.sin(2 * np.pi * (np.cos(angle) * places[:, None] + np.sin(angle) * places) / period)
    return np.where((wave > 0)[..., None], _color(rng), _color(rng)).astype(np.uint8)


def _disks(rng: np.random.Generator) -> RgbImage:
    """Plain disks of any color on a plain ground: round like cells, but nothing more."""
    image = np.full((SIDE_PX, SIDE_PX, 3), _color(rng, (0.0, 0.5)), np.uint8)
    for _ in range(int(rng.integers(1, 15))):
        middle = tuple(int(place) for place in rng.integers(0, SIDE_PX, 2))
        cv2.circle(image, middle, int(rng.integers(8, 70)), _color(rng), -1, cv2.LINE_AA)
    return image


def _boxes(rng: np.random.Generator) -> RgbImage:
    image = np.full((SIDE_PX, SIDE_PX, 3), _color(rng, (0.0, 0.5)), np.uint8)
    for _ in range(int(rng.integers(2, 15))):
        corners = rng.integers(0, SIDE_PX, 4).tolist()
        cv2.rectangle(image, tuple(corners[:2]), tuple(corners[2:]), _color(rng), -1)
    return image


def _violet(rng: np.random.Generator) -> RgbImage:
    """One blue-violet tone, as of nuclear stain, with soft clouds and no cell."""
    smooth = cv2.GaussianBlur(rng.normal(size=(SIDE_PX, SIDE_PX)), (0, 0), rng.uniform(2, 12))
    tone = np.array([rng.uniform(90, 170), rng.uniform(40, 120), rng.uniform(130, 210)])
    return _to_image(tone + rng.uniform(10, 40) * (smooth / smooth.std())[..., None])


_DRAWINGS: Final[dict[str, Callable[[np.random.Generator], RgbImage]]] = {
    "white noise": _white_noise,
    "cloudy noise": _cloudy_noise,
    "salt and pepper": _salt_and_pepper,
    "rendered text": _text,
    "empty glass": _empty_glass,
    "gradient": _gradient,
    "stripes": _stripes,
    "disks": _disks,
    "boxes": _boxes,
    "violet clouds": _violet,
}
