"""Bytes of unknown origin to pixels, or to one clear sentence.

Pillow decodes: it raises on truncated data, where OpenCV fills the rest with grey and goes on. Its
reader classes are called one by one: ``Image.open`` would also compare with a process-wide limit of
pixels, and warn.
"""

import io
import logging
import struct
import warnings
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from leukapp.errors import ImageError
from leukapp.imaging.arrays import RgbImage

READERS: Final[tuple[tuple[bytes, Callable[[io.BytesIO], ImageFile]], ...]] = (
    (b"\xff\xd8\xff", JpegImageFile),
    (b"\x89PNG\r\n\x1a\n", PngImageFile),
    (b"II*\x00", TiffImageFile),
    (b"MM\x00*", TiffImageFile),
    (b"II+\x00", TiffImageFile),
    (b"MM\x00+", TiffImageFile),
    (b"BM", BmpImageFile),
    (b"RIFF", WebPImageFile),
)
GREY_16_BIT_MODES: Final = frozenset({"I;16", "I;16L", "I;16B", "I;16N"})
EIGHT_BIT_MODES: Final = frozenset(
    {"1", "L", "LA", "La", "P", "PA", "RGB", "RGBX", "RGBA", "RGBa", "CMYK", "YCbCr"}
)
BITS_PER_SAMPLE, COMPRESSION, PHOTOMETRIC, ORIENTATION = 258, 259, 262, 274
PLANAR_CONFIGURATION, SAMPLE_FORMAT = 284, 339
STRIP_ROWS: Final = 256
UPRIGHT_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# Pillow's parsers let their own slips through on damaged files beside the documented OSError and
# SyntaxError; RuntimeError, EOFError and AttributeError come from its C decoders and page walking.
DECODER_ERRORS: Final = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    ArithmeticError,
    EOFError,
    MemoryError,
    RuntimeError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)

NOT_AN_IMAGE: Final = (
    "This is not a JPEG, PNG, TIFF, BMP or WebP image: save it as one of these and try again."
)
DAMAGED: Final = "The image file is damaged or incomplete: export or copy it again."
UNREADABLE_TIFF: Final = (
    "This TIFF is damaged or of a kind that cannot be read (such as floating-point values): "
    "save it again with 8 bits for each color."
)
UNKNOWN_PIXELS: Final = (
    "The pixels of this image are not plain 8-bit or 16-bit colors: "
    "save it again as RGB with 8 bits for each color."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodeLimits:
    """Bounds of what is decoded at all.

    Attributes:
        max_bytes: of the file.
        max_pixels: width times height, read from the header before any pixel is decoded.
        min_side_px: of the shorter side.
    """

    max_bytes: int = 100_000_000
    max_pixels: int = 100_000_000
    min_side_px: int = 16


DEFAULT_LIMITS: Final = DecodeLimits()


def decode_image(data: bytes, *, limits: DecodeLimits = DEFAULT_LIMITS) -> RgbImage:
    """Decode an image by its content, whatever its name was.

    The orientation of EXIF is applied and all metadata dropped. Grey and palette images become RGB;
    transparent parts become white, the color of glass without cells; of 16 bits the upper 8 are
    kept. Of a JPEG only the main picture counts, not previews that a camera added behind it.

    Args:
        data: bytes of any origin.
        limits: bounds of size.

    Returns:
        sRGB pixels, uint8 (height, width, 3), 0-255, contiguous and read-only.

    Raises:
        ImageError: the bytes are not a single, whole image of a known format within the limits.
    """
    if not data:
        raise ImageError("The file is empty: export or copy the image again.")
    _check_file_size(len(data), limits)
    _silence_pillow()
    with _open_image(data) as opened:
        _check_header(opened, limits)
        try:
            if isinstance(opened, PngImageFile):
                # Only this looks at the checksums of a PNG's pixels.
                PngImageFile(io.BytesIO(data)).verify()
            return _to_rgb(opened)
        except DECODER_ERRORS as error:
            raise ImageError(DAMAGED) from error


def read_image_bytes(path: Path, *, limits: DecodeLimits = DEFAULT_LIMITS) -> bytes:
    """Read a file that may be an image, unless it is too large to be one.

    Args:
        path: any path.
        limits: bounds of size.

    Returns:
        The bytes of the file.

    Raises:
        ImageError: the file is missing, not a file, too large or not readable.
    """
    try:
        if path.exists() and not path.is_file():
            raise ImageError("This is not a file: name an image file.")
        _check_file_size(path.stat().st_size, limits)
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise ImageError(
            "The file cannot be opened: check that it is there and may be read."
        ) from error


def read_image(path: Path, *, limits: DecodeLimits = DEFAULT_LIMITS) -> RgbImage:
    """Read and decode an image file; see :func:`decode_image`.

    Args:
        path: an image file; its suffix does not matter.
        limits: bounds of size, checked before the file is read.

    Returns:
        sRGB pixels, uint8 (height, width, 3), 0-255, contiguous and read-only.
    """
    return decode_image(read_image_bytes(path, limits=limits), limits=limits)


def has_image_header(data: bytes) -> bool:
    """Whether the bytes begin like an image file; pixels are not decoded."""
    _silence_pillow()
    try:
        with _open_image(data):
            return True
    except ImageError:
        return False


def decoded_bytes(data: bytes, *, limits: DecodeLimits = DEFAULT_LIMITS) -> int:
    """Give the memory that an image takes once it is decoded, from its header alone.

    Args:
        data: bytes of any origin.
        limits: bounds of size.

    Returns:
        Bytes of its pixels as RGB.

    Raises:
        ImageError: the header is not that of an image that would be decoded.
    """
    _silence_pillow()
    with _open_image(data) as opened:
        _check_header(opened, limits)
        width, height = opened.size
    return 3 * width * height


def _silence_pillow() -> None:
    """Ignore Pillow's remarks on odd metadata, in every thread."""
    # Not catch_warnings: it swaps a process-wide list, and threads would restore each other's.
    first = warnings.filters[0] if warnings.filters else None
    if first is None or getattr(first[3], "pattern", "") != r"PIL\.":
        warnings.filterwarnings("ignore", module=r"PIL\.")
    # Without a handler of its own, Pillow's log would go to stderr.
    pillow_log = logging.getLogger("PIL")
    if not pillow_log.handlers:
        pillow_log.addHandler(logging.NullHandler())


def _check_file_size(n_bytes: int, limits: DecodeLimits) -> None:
    if n_bytes > limits.max_bytes:
        raise ImageError(
            f"The file has {n_bytes / 1e6:.1f} MB and the limit is "
            f"{limits.max_bytes / 1e6:g} MB: save it smaller."
        )


def _open_image(data: bytes) -> ImageFile:
    """Parse the header with the reader that the first bytes ask for."""
    reader = next((reader for magic, reader in READERS if data.startswith(magic)), None)
    if reader is None or (reader is WebPImageFile and data[8:12] != b"WEBP"):
        raise ImageError(NOT_AN_IMAGE)
    try:
        return reader(io.BytesIO(data))
    except DECODER_ERRORS as error:
        raise ImageError(UNREADABLE_TIFF if reader is TiffImageFile else DAMAGED) from error


def _check_header(opened: ImageFile, limits: DecodeLimits) -> None:
    width, height = opened.size
    if width * height > limits.max_pixels:
        raise ImageError(
            f"The image has {width} x {height} pixels and the limit is "
            f"{limits.max_pixels / 1e6:g} million: save it smaller or cut out a field."
        )
    if min(width, height) < limits.min_side_px:
        raise ImageError(
            f"The image has {width} x {height} pixels, too few to show a cell: "
            f"at least {limits.min_side_px} are needed on each side."
        )
    try:
        n_pages = int(getattr(opened, "n_frames", 1))
    except DECODER_ERRORS as error:
        raise ImageError(DAMAGED) from error
    if n_pages > 1:
        raise ImageError(
            f"The file holds {n_pages} pages; save the one to be judged as its own file."
        )
    if opened.mode not in EIGHT_BIT_MODES | GREY_16_BIT_MODES:
        raise ImageError(UNKNOWN_PIXELS)
    if isinstance(opened, TiffImageFile) and _is_misread(opened):
        raise ImageError(UNKNOWN_PIXELS)


def _is_misread(opened: TiffImageFile) -> bool:
    """Whether Pillow is known to give wrong pixels for this TIFF without an error."""
    if set(opened.tag_v2.get(SAMPLE_FORMAT, (1,))) != {1}:
        # Signed values would be taken for unsigned ones.
        return True
    bits = set(opened.tag_v2.get(BITS_PER_SAMPLE, (1,)))
    if opened.mode in GREY_16_BIT_MODES:
        # 12 bits would come out dark, and 16 bits with 0 as white inverted.
        return bits != {16} or opened.tag_v2.get(PHOTOMETRIC) == 0
    is_planar = opened.tag_v2.get(PLANAR_CONFIGURATION) == 2
    # Uncompressed planes of 16 bits are read as if they had 8.
    return is_planar and max(bits) > 8 and opened.tag_v2.get(COMPRESSION, 1) == 1


def _turn_upright(opened: Image.Image) -> Image.Image:
    # ImageOps.exif_transpose would also write the other tags anew, and fail where one is odd.
    opened.load()
    turn = UPRIGHT_TURNS.get(opened.getexif().get(ORIENTATION, 1))
    return opened if turn is None else opened.transpose(turn)


def _to_rgb(opened: Image.Image) -> RgbImage:
    """Convert strip by strip: whole, a large picture would lie in memory five times over."""
    upright = _turn_upright(opened)
    width, height = upright.size
    pixels = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, STRIP_ROWS):
        bottom = min(height, top + STRIP_ROWS)
        pixels[top:bottom] = _strip_to_rgb(upright.crop((0, top, width, bottom)))
    pixels.flags.writeable = False
    return pixels


def _strip_to_rgb(strip: Image.Image) -> NDArray[np.uint8]:
    if strip.mode in GREY_16_BIT_MODES:
        grey = (np.asarray(strip) >> 8).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    if strip.has_transparency_data:
        layer = strip.convert("RGBA")
        strip = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    return np.asarray(strip if strip.mode == "RGB" else strip.convert("RGB"), dtype=np.uint8)
