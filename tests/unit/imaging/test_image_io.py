import io
import os
import random
import resource
import struct
import subprocess
import sys
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from leukapp.errors import ImageError
from leukapp.imaging.image_io import (
    DAMAGED,
    NOT_AN_IMAGE,
    UNKNOWN_PIXELS,
    UNREADABLE_TIFF,
    DecodeLimits,
    decode_image,
    has_image_header,
    read_image,
)

COLORS = np.random.default_rng(11).integers(0, 256, (20, 30, 3), dtype=np.uint8)
LOSSLESS = {
    "png": ("PNG", {}),
    "bmp": ("BMP", {}),
    "webp": ("WEBP", {"lossless": True}),
    "tiff": ("TIFF", {}),
    "tiff_lzw": ("TIFF", {"compression": "tiff_lzw"}),
    "tiff_deflate": ("TIFF", {"compression": "tiff_adobe_deflate"}),
    "tiff_packbits": ("TIFF", {"compression": "packbits"}),
}
ORIENTATION, MAKE = 274, 271


def encode(pixels, file_format="PNG", **options):
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    buffer = io.BytesIO()
    image.save(buffer, format=file_format, **options)
    return buffer.getvalue()


def encode_tiff(pixels, **options):
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, pixels, **options)
    return buffer.getvalue()


def png_chunk(kind, content):
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def encode_png_16(pixels):
    """A PNG of 16 bits, uint16 (height, width) or (height, width, 3), which Pillow cannot write."""
    height, width = pixels.shape[:2]
    color_type = 2 if pixels.ndim == 3 else 0
    rows = pixels.astype(">u2").reshape(height, -1)
    body = b"".join(b"\0" + row.tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", width, height, 16, color_type, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [
            png_chunk(b"IHDR", header),
            png_chunk(b"IDAT", zlib.compress(body)),
            png_chunk(b"IEND", b""),
        ]
    )


def huge_bmp(side_px):
    header = struct.pack("<IiiHHIIiiII", 40, side_px, side_px, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + 64, 0, 0, 54) + header + bytes(64)


def huge_png(side_px):
    header = struct.pack(">IIBBBBB", side_px, side_px, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", zlib.compress(bytes(99)))
        + png_chunk(b"IEND", b"")
    )


def huge_tiff(side_px):
    entries = [(256, side_px), (257, side_px), (258, 8), (262, 1), (273, 8), (277, 1), (279, 64)]
    table = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + table + bytes(4 + 64)


def message_of(data, **options):
    with pytest.raises(ImageError) as caught:
        decode_image(data, **options)
    message = str(caught.value)
    assert message.endswith(".")
    assert "\n" not in message
    return message


@pytest.mark.parametrize("name", LOSSLESS)
def test_lossless_formats_give_the_very_pixels(name):
    file_format, options = LOSSLESS[name]
    decoded = decode_image(encode(COLORS, file_format, **options))
    assert np.array_equal(decoded, COLORS)
    assert decoded.dtype == np.uint8
    assert decoded.flags.c_contiguous
    assert not decoded.flags.writeable


def test_jpeg_keeps_a_constant_color():
    constant = np.full((20, 30, 3), (200, 120, 180), np.uint8)
    decoded = decode_image(encode(constant, "JPEG", quality=95))
    assert np.abs(decoded.astype(int) - constant).max() <= 2
    assert not decoded.flags.writeable


def test_the_content_decides_and_not_the_name(tmp_path):
    path = tmp_path / "smear.jpg"
    path.write_bytes(encode(COLORS, "PNG"))
    assert np.array_equal(read_image(path), COLORS)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_of_exif_is_applied(file_format, orientation):
    upright = np.zeros((16, 32, 3), np.uint8)
    upright[:8, :16], upright[:8, 16:], upright[8:, :16] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    # How the camera stores it, so that the tag's instruction brings it upright again.
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: np.rot90(upright, 2).transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    decoded = decode_image(encode(np.ascontiguousarray(stored), file_format, exif=exif))
    assert decoded.shape == upright.shape
    corners = np.ix_([4, 12], [8, 24])
    assert np.abs(decoded[corners].astype(int) - upright[corners]).max() <= 8


def test_an_odd_tag_beside_the_orientation_does_not_matter():
    # Orientation 6, and a GPS directory that points before the start of the block.
    entries = [(ORIENTATION, 3, 1, 6), (0x8825, 9, 1, 0xFFFFFFF0)]
    table = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    block = b"Exif\0\0II*\0" + struct.pack("<IH", 8, len(entries)) + table + bytes(4)
    upright = decode_image(encode(COLORS, "WEBP", lossless=True, exif=block))
    assert np.array_equal(upright, np.rot90(COLORS, -1))


def test_nothing_but_pixels_comes_out():
    exif = Image.Exif()
    exif[MAKE] = "Patient 4711"
    with_metadata = encode(COLORS, "PNG", exif=exif, dpi=(300, 300))
    assert b"Patient 4711" in with_metadata
    decoded = decode_image(with_metadata)
    assert type(decoded) is np.ndarray
    assert np.array_equal(decoded, decode_image(encode(COLORS)))


@pytest.mark.parametrize("mode", ["L", "1"])
def test_grey_is_repeated(mode):
    grey = Image.fromarray(COLORS[:, :, 0]).convert(mode)
    decoded = decode_image(encode(grey))
    expected = np.asarray(grey.convert("L"))
    assert all(np.array_equal(decoded[:, :, channel], expected) for channel in range(3))


def test_what_is_transparent_becomes_white():
    layer = np.zeros((16, 16, 4), np.uint8)
    layer[:, :8] = (10, 20, 30, 255)
    layer[:, 8:12] = (0, 100, 200, 0)
    layer[:, 12:] = (0, 0, 0, 51)
    decoded = decode_image(encode(layer))
    assert decoded[0, 0].tolist() == [10, 20, 30]
    assert decoded[0, 8].tolist() == [255, 255, 255]
    # A fifth of black over white: 255 * 0.8 = 204.
    assert decoded[0, 12].tolist() == [204, 204, 204]


def test_grey_with_alpha():
    layer = np.zeros((16, 16, 2), np.uint8)
    layer[:, :8] = (90, 255)
    decoded = decode_image(encode(Image.fromarray(layer, "LA")))
    assert decoded[0, 0].tolist() == [90] * 3
    assert decoded[0, 8].tolist() == [255] * 3


def test_palette_with_and_without_transparency():
    indices = np.zeros((16, 16), np.uint8)
    indices[:, 8:] = 1
    image = Image.fromarray(indices, "P")
    image.putpalette([1, 2, 3, 40, 50, 60])
    assert decode_image(encode(image))[0, 0].tolist() == [1, 2, 3]
    decoded = decode_image(encode(image, transparency=0))
    assert decoded[0, 0].tolist() == [255, 255, 255]
    assert decoded[0, 8].tolist() == [40, 50, 60]


def test_cmyk():
    # No ink is white, full black ink is black, half of cyan leaves half of the red.
    inks = np.zeros((16, 48, 4), np.uint8)
    inks[:, 16:32, 3] = 255
    inks[:, 32:, 0] = 128
    decoded = decode_image(encode(Image.fromarray(inks, "CMYK"), "TIFF"))
    assert decoded[8, [8, 24, 40]].tolist() == [[255] * 3, [0] * 3, [127, 255, 255]]
    as_jpeg = decode_image(encode(Image.fromarray(inks, "CMYK"), "JPEG", quality=95))
    assert np.abs(as_jpeg[8, [8, 24, 40]].astype(int) - decoded[8, [8, 24, 40]]).max() <= 3


SIXTEEN_BITS = np.random.default_rng(12).integers(0, 65536, (20, 30, 3), dtype=np.uint16)
UPPER_BYTES = (SIXTEEN_BITS >> 8).astype(np.uint8)


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_of_16_bits_in_a_tiff_the_upper_byte_is_kept(compression, byteorder):
    options = {"compression": compression, "byteorder": byteorder}
    data = encode_tiff(SIXTEEN_BITS, photometric="rgb", **options)
    assert np.array_equal(decode_image(data), UPPER_BYTES)
    data = encode_tiff(SIXTEEN_BITS[:, :, 0], photometric="minisblack", **options)
    assert np.array_equal(decode_image(data)[:, :, 2], UPPER_BYTES[:, :, 0])


def test_of_16_bits_in_a_png_the_upper_byte_is_kept():
    assert np.array_equal(decode_image(encode_png_16(SIXTEEN_BITS)), UPPER_BYTES)
    grey = decode_image(encode_png_16(SIXTEEN_BITS[:, :, 1]))
    assert np.array_equal(grey[:, :, 0], UPPER_BYTES[:, :, 1])


def test_planes_of_16_bits_are_right_or_refused():
    planes = np.moveaxis(SIXTEEN_BITS, -1, 0)
    options = {"photometric": "rgb", "planarconfig": "separate"}
    compressed = encode_tiff(planes, compression="zlib", **options)
    assert np.array_equal(decode_image(compressed), UPPER_BYTES)
    assert message_of(encode_tiff(planes, **options)) == UNKNOWN_PIXELS
    planes_of_8_bits = encode_tiff(np.moveaxis(COLORS, -1, 0), **options)
    assert np.array_equal(decode_image(planes_of_8_bits), COLORS)


def test_16_bits_with_zero_as_white_are_refused():
    data = encode_tiff(SIXTEEN_BITS[:, :, 0], photometric="miniswhite")
    assert message_of(data) == UNKNOWN_PIXELS


@pytest.mark.parametrize("dtype", [np.float32, np.int8, np.int16, np.int32, np.uint32])
def test_other_numbers_in_a_tiff_are_refused(dtype):
    grey = np.zeros((20, 30), dtype)
    message = message_of(encode_tiff(grey, photometric="minisblack"))
    assert message in {UNKNOWN_PIXELS, UNREADABLE_TIFF}
    assert "8 bits for each color" in message


def test_floating_point_colors_are_refused():
    data = encode_tiff(np.zeros((20, 30, 3), np.float32), photometric="rgb")
    assert message_of(data) == UNREADABLE_TIFF


def test_several_pages_are_refused():
    pages = [Image.fromarray(COLORS)] * 2
    expected = "The file holds 3 pages; save the one to be judged as its own file."
    assert message_of(encode(COLORS, "TIFF", save_all=True, append_images=pages)) == expected
    frames = [Image.fromarray(np.roll(COLORS, shift, axis=1)) for shift in (3, 6)]
    for file_format in ("WEBP", "PNG"):
        data = encode(COLORS, file_format, save_all=True, append_images=frames)
        assert message_of(data) == expected


def test_a_preview_behind_a_jpeg_does_not_count():
    preview = Image.fromarray(COLORS[:10, :10])
    data = encode(COLORS, "MPO", save_all=True, append_images=[preview])
    with Image.open(io.BytesIO(data)) as image:
        assert image.n_frames == 2
    assert decode_image(data).shape == COLORS.shape


@pytest.mark.parametrize("name", [*LOSSLESS, "jpeg", "jpeg_progressive"])
def test_a_file_cut_anywhere_is_refused(name):
    file_format, options = LOSSLESS.get(name, ("JPEG", {"progressive": name == "jpeg_progressive"}))
    data = encode(COLORS, file_format, **options)
    for n_bytes in range(1, len(data) - 4, 41):
        assert message_of(data[:n_bytes]) in {DAMAGED, NOT_AN_IMAGE, UNREADABLE_TIFF}


@pytest.mark.parametrize("name", [*LOSSLESS, "jpeg", "jpeg_progressive"])
def test_flipped_bits_never_give_another_exception(name):
    file_format, options = LOSSLESS.get(name, ("JPEG", {"progressive": name == "jpeg_progressive"}))
    data = encode(COLORS, file_format, **options)
    chooser = random.Random(name)  # noqa: S311
    n_refused = 0
    for _ in range(60):
        flipped = bytearray(data)
        for _ in range(chooser.choice((1, 8))):
            position = chooser.randrange(len(data) if chooser.random() < 0.5 else 120)
            flipped[position] ^= 1 << chooser.randrange(8)
        try:
            decoded = decode_image(bytes(flipped), limits=DecodeLimits(max_pixels=1_000_000))
        except ImageError:
            n_refused += 1
        else:
            assert decoded.dtype == np.uint8
            assert decoded.ndim == 3
    assert n_refused > 0


def test_a_flipped_bit_among_the_pixels_of_a_png_is_noticed():
    data = bytearray(encode(COLORS))
    data[len(data) // 2] ^= 16
    assert message_of(bytes(data)) == DAMAGED


@pytest.mark.parametrize(
    "data",
    [
        b"\0" * 500,
        b"not an image",
        b'<svg xmlns="http://www.w3.org/2000/svg" width="99" height="99"></svg>',
        b"<!DOCTYPE html><html><body>404</body></html>",
        b"%PDF-1.7\n",
        b"RIFF\x24\x00\x00\x00WAVEfmt ",
        encode(COLORS, "GIF"),
        encode(COLORS, "PPM"),
        encode(COLORS, "ICO"),
    ],
    ids=["zeros", "text", "svg", "html", "pdf", "wave", "gif", "ppm", "ico"],
)
def test_other_content_is_refused_whatever_its_name(data, tmp_path):
    path = tmp_path / "smear.jpg"
    path.write_bytes(data)
    with pytest.raises(ImageError) as caught:
        read_image(path)
    assert str(caught.value) == NOT_AN_IMAGE
    assert not has_image_header(data)


def test_no_bytes():
    assert message_of(b"") == "The file is empty: export or copy the image again."
    assert not has_image_header(b"")


@pytest.mark.parametrize(("height", "width"), [(1, 1), (15, 400), (400, 15)])
def test_too_few_pixels_are_refused(height, width):
    message = message_of(encode(np.zeros((height, width, 3), np.uint8)))
    assert message.startswith(f"The image has {width} x {height} pixels, too few")
    assert decode_image(encode(np.zeros((16, 16, 3), np.uint8))).shape == (16, 16, 3)


@pytest.mark.parametrize("build", [huge_bmp, huge_png, huge_tiff])
def test_a_huge_header_is_refused_without_memory(build):
    data = build(60_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    message = message_of(data)
    assert message.startswith("The image has 60000 x 60000 pixels and the limit is 100 million")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000
    assert has_image_header(data)


def test_the_limit_of_pixels_is_inclusive():
    data = encode(COLORS)
    assert decode_image(data, limits=DecodeLimits(max_pixels=600)).shape == (20, 30, 3)
    assert "30 x 20 pixels" in message_of(data, limits=DecodeLimits(max_pixels=599))


def test_a_large_file_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "large.png"
    with path.open("wb") as file:
        file.truncate(200_000_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ImageError, match=r"200\.0 MB and the limit is 100 MB"):
        read_image(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000
    limits = DecodeLimits(max_bytes=99)
    assert "limit is 9.9e-05 MB" in message_of(bytes(100), limits=limits)


def test_paths_that_are_no_files(tmp_path):
    with pytest.raises(ImageError, match="cannot be opened"):
        read_image(tmp_path / "missing.png")
    with pytest.raises(ImageError, match="not a file"):
        read_image(tmp_path)


def test_no_warning_and_no_output(capfd):
    # An EXIF block cut short, at which Pillow warns.
    exif = Image.Exif()
    exif[MAKE] = "x" * 40
    block = exif.tobytes()
    data = encode(COLORS, "JPEG", exif=block[:-30])
    odd_tiff = bytearray(encode(COLORS, "TIFF"))
    odd_tiff[odd_tiff.index(struct.pack("<HH", 277, 3)) + 8] = 200
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert decode_image(data).shape == COLORS.shape
        assert message_of(bytes(odd_tiff)) == UNREADABLE_TIFF
    assert capfd.readouterr() == ("", "")


def test_silent_outside_of_a_test_too():
    program = (
        "import struct, sys\n"
        "from leukapp.imaging.image_io import has_image_header\n"
        "data = bytearray(sys.stdin.buffer.read())\n"
        "data[data.index(struct.pack('<HH', 277, 3)) + 8] = 200\n"
        "sys.exit(has_image_header(bytes(data)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=encode(COLORS, "TIFF"),
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_many_threads_at_once():
    images = [np.roll(COLORS, shift, axis=0) for shift in range(8)]
    files = [
        encode(image, *LOSSLESS[name][:1], **LOSSLESS[name][1])
        for image in images
        for name in LOSSLESS
    ]
    expected = [image for image in images for _ in LOSSLESS]
    with ThreadPoolExecutor(8) as pool:
        decoded = list(pool.map(decode_image, files * 2))
    assert all(map(np.array_equal, decoded, expected * 2))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "RGB", "CMYK", "I;16"])
def test_a_tall_picture_has_no_seams(mode: str) -> None:
    rows = np.linspace(0, 255, 700).astype(np.uint8)[:, None].repeat(20, axis=1)
    colors = np.stack([rows, rows[::-1], rows, 255 - rows], axis=-1)
    if mode == "I;16":
        whole = Image.fromarray(rows.astype(np.uint16) << 8)
    else:
        whole = Image.fromarray(colors, "CMYK" if mode == "CMYK" else "RGBA")
        whole = whole if mode in {"RGBA", "CMYK"} else whole.convert(mode)
    clear = {"transparency": int(np.asarray(whole)[350, 0])} if mode == "P" else {}

    def encode(image: Image.Image) -> bytes:
        buffer = io.BytesIO()
        image.save(buffer, "TIFF" if mode == "CMYK" else "PNG", **clear)
        return buffer.getvalue()

    parts = [encode(whole.crop((0, top, 20, top + 100))) for top in range(0, 700, 100)]
    assert np.array_equal(
        decode_image(encode(whole)), np.concatenate([decode_image(part) for part in parts])
    )


def test_a_large_transparent_picture_is_not_copied_again_and_again(tmp_path: Path) -> None:
    """Resident memory of a process of its own: decoded once and converted once, no more."""
    width, height = 6000, 4000
    Image.new("RGBA", (width, height), (9, 8, 7, 100)).save(tmp_path / "large.png")
    program = (
        "import sys; from pathlib import Path; from leukapp.imaging.image_io import decode_image\n"
        "def peak():\n"
        " return int(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])\n"
        "data = Path(sys.argv[1]).read_bytes(); before = peak(); decode_image(data)\n"
        "print(1024 * (peak() - before))"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "large.png")]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    decoded, converted = 4 * width * height, 3 * width * height
    assert int(done.stdout) < 1.3 * (decoded + converted)
