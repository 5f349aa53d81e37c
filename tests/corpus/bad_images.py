"""Files that a hostile, careless or unlucky sender might hand in as images; all drawn here."""

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import tifffile
from PIL import Image

Fate = Literal["decodes", "refused", "either"]

PLANTED_NAME: Final = "Zyxolina Planterova"
HUGE_SIDE_PX: Final = 60_000
BOMB_SIDE_PX: Final = 30_000
MUTATED_FORMATS: Final[tuple[tuple[str, str, dict[str, object]], ...]] = (
    ("jpeg", "JPEG", {"quality": 90}),
    ("jpeg_progressive", "JPEG", {"quality": 80, "progressive": True}),
    ("png", "PNG", {}),
    ("png_palette", "PNG", {"mode": "P"}),
    ("tiff", "TIFF", {}),
    ("tiff_lzw", "TIFF", {"compression": "tiff_lzw"}),
    ("tiff_deflate", "TIFF", {"compression": "tiff_adobe_deflate"}),
    ("tiff_jpeg", "TIFF", {"compression": "jpeg"}),
    ("bmp", "BMP", {}),
    ("webp", "WEBP", {"quality": 80}),
    ("webp_lossless", "WEBP", {"lossless": True}),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BadFile:
    """One file and what must become of it.

    Attributes:
        name: of the case, unique among the named ones.
        file_name: as the sender called it.
        data: bytes.
        fate: ``either`` where damage may or may not be noticed.
    """

    name: str
    file_name: str
    data: bytes
    fate: Fate


def draw_field(height: int = 40, width: int = 56, *, seed: int = 1) -> np.ndarray:
    """A colorful picture that no codec can store in a few bytes; uint8 (height, width, 3)."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def encode(pixels: np.ndarray | Image.Image, file_format: str, **options: object) -> bytes:
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    mode = options.pop("mode", None)
    buffer = io.BytesIO()
    (image.convert(str(mode)) if mode else image).save(buffer, file_format, **options)
    return buffer.getvalue()


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def build_png(
    width: int, height: int, scanlines: bytes, *extra: bytes, color_type: int = 2
) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, color_type, 0, 0, 0)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            png_chunk(b"IHDR", header),
            *extra,
            png_chunk(b"IDAT", scanlines),
            png_chunk(b"IEND", b""),
        ]
    )


def build_bmp(width: int, height: int) -> bytes:
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 118, 0, 0, 54) + header + bytes(64)


def build_tiff(width: int, height: int, *, compression: int = 1, strip: bytes = bytes(64)) -> bytes:
    entries = [
        (256, width),
        (257, height),
        (258, 8),
        (259, compression),
        (262, 1),
        (273, 8 + 2 + 12 * 8 + 4),
        (277, 1),
        (279, len(strip)),
    ]
    table = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + table + bytes(4) + strip


def build_jpeg(width: int, height: int) -> bytes:
    """A small JPEG whose header claims another size."""
    data = bytearray(encode(draw_field(), "JPEG"))
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def build_webp(width: int, height: int) -> bytes:
    """An extended WebP whose canvas claims a size; there is one small picture on it."""
    body = encode(draw_field(), "WEBP", lossless=True)[12:]
    canvas = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    chunks = b"VP8X" + struct.pack("<I", 10) + bytes(4) + canvas + body
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks


def zeros_deflated(n_bytes: int) -> bytes:
    """Many zeros in about a thousandth of their size, made without holding them."""
    packer = zlib.compressobj(9)
    parts = [packer.compress(bytes(1_000_000)) for _ in range(n_bytes // 1_000_000)]
    parts += [packer.compress(bytes(n_bytes % 1_000_000)), packer.flush()]
    return b"".join(parts)


def build_zip_bomb(n_bytes: int = 300_000_000) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("smear.png", "w") as member:
            for _ in range(n_bytes // 1_000_000):
                member.write(bytes(1_000_000))
        archive.writestr("../../outside.png", b"x")
    return buffer.getvalue()


def sound_zip(image: bytes) -> bytes:
    """A zip of images, stored and deflated, with a link and a name that leaves its folder."""
    link = zipfile.ZipInfo("link.png")
    link.external_attr = 0o120777 << 16
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("patient/one.png", image)
        archive.writestr("two.png", image, zipfile.ZIP_STORED)
        archive.writestr("../../three.png", image)
        archive.writestr(link, b"/etc/passwd")
    return buffer.getvalue()


def exif_with_names() -> Image.Exif:
    """EXIF that names a patient in every field that cameras and viewers write to."""
    exif = Image.Exif()
    for tag in (0x010E, 0x010F, 0x0110, 0x0131, 0x013B, 0x8298):
        exif[tag] = PLANTED_NAME
    exif[0x9C9D] = PLANTED_NAME.encode("utf-16-le")
    exif.get_ifd(0x8769)[0x9286] = b"ASCII\0\0\0" + PLANTED_NAME.encode()
    return exif


def files_with_names() -> Iterator[BadFile]:
    """Pictures whose metadata name a patient: EXIF, TIFF tags, XMP, ICC, PNG text, JPEG comment."""
    pixels, name = draw_field(96, 96), PLANTED_NAME.encode()
    exif = exif_with_names()
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + name + b"</x:xmpmeta>"
    icc = bytes(128) + struct.pack(">I", 0) + name
    for file_format in ("JPEG", "PNG", "TIFF", "WEBP"):
        options: dict[str, object] = {"exif": exif, "icc_profile": icc}
        if file_format in {"JPEG", "WEBP"}:
            options["xmp"] = xmp
        if file_format == "JPEG":
            options["comment"] = name
        data = encode(pixels, file_format, **options)
        yield BadFile(
            name=f"names_{file_format.lower()}",
            file_name=f"{PLANTED_NAME}.{file_format.lower()}",
            data=data,
            fate="decodes",
        )
    texts = b"".join(
        png_chunk(kind, body)
        for kind, body in (
            (b"tEXt", b"Title\0" + name),
            (b"zTXt", b"Comment\0\0" + zlib.compress(name)),
            (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp),
        )
    )
    rows = zlib.compress(b"".join(b"\0" + row.tobytes() for row in pixels))
    yield BadFile(
        name="names_png_text",
        file_name=f"{PLANTED_NAME}.png",
        data=build_png(96, 96, rows, texts),
        fate="decodes",
    )


def named_files() -> Iterator[BadFile]:
    """The cases that have a name: each kind of trouble once, the heavy ones included."""
    good = draw_field()
    png = encode(good, "PNG")
    sixteen = (good.astype(np.uint16) << 8) | 7

    def tiff(array: np.ndarray, **options: object) -> bytes:
        buffer = io.BytesIO()
        tifffile.imwrite(buffer, array, **options)  # type: ignore[arg-type]
        return buffer.getvalue()

    pages = [Image.fromarray(draw_field(seed=seed)) for seed in (2, 3)]
    side = HUGE_SIDE_PX
    text_bomb = png_chunk(b"zTXt", b"Comment\0\0" + zeros_deflated(200_000_000))
    icc_bomb = png_chunk(b"iCCP", b"icc\0\0" + zeros_deflated(200_000_000))
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    html = b"<!DOCTYPE html><script>alert(1)</script>"
    rows = zlib.compress(b"".join(b"\0" + row.tobytes() for row in good))
    cases: list[tuple[str, str, bytes, Fate]] = [
        ("no_bytes", "empty.png", b"", "refused"),
        ("zeros", "zeros.png", bytes(4096), "refused"),
        ("ones", "ones.jpg", b"\xff" * 4096, "refused"),
        ("svg_named_jpg", "smear.jpg", svg, "refused"),
        ("html_named_jpg", "smear.jpg", html, "refused"),
        ("zip_named_png", "smear.png", build_zip_bomb(1_000_000), "refused"),
        ("zip_bomb", "smear.zip", build_zip_bomb(), "refused"),
        ("gif", "animation.gif", encode(good, "GIF"), "refused"),
        (
            "animated_gif",
            "a.gif",
            encode(good, "GIF", save_all=True, append_images=pages),
            "refused",
        ),
        (
            "animated_png",
            "a.png",
            encode(good, "PNG", save_all=True, append_images=pages),
            "refused",
        ),
        (
            "animated_webp",
            "a.webp",
            encode(good, "WEBP", save_all=True, append_images=pages),
            "refused",
        ),
        (
            "pages_tiff",
            "p.tif",
            encode(good, "TIFF", save_all=True, append_images=pages),
            "refused",
        ),
        ("png_0x0", "p.png", build_png(0, 0, zlib.compress(b"")), "refused"),
        ("bmp_0x0", "p.bmp", build_bmp(0, 0), "refused"),
        ("bmp_negative", "p.bmp", build_bmp(-4, -(2**31)), "refused"),
        ("tiff_0x0", "p.tif", build_tiff(0, 0), "refused"),
        ("jpeg_0x0", "p.jpg", build_jpeg(0, 0), "refused"),
        *[
            (
                f"{kind.lower()}_1x1",
                f"p.{kind.lower()}",
                encode(good[:1, :1].copy(), kind),
                "refused",
            )
            for kind in ("PNG", "JPEG", "TIFF", "BMP", "WEBP")
        ],
        ("png_huge", "h.png", build_png(side, side, zlib.compress(bytes(99))), "refused"),
        ("bmp_huge", "h.bmp", build_bmp(side, side), "refused"),
        ("tiff_huge", "h.tif", build_tiff(side, side), "refused"),
        ("jpeg_huge", "h.jpg", build_jpeg(side, side), "refused"),
        ("webp_huge", "h.webp", build_webp(side, side), "refused"),
        ("webp_16k", "h.webp", build_webp(16_383, 16_383), "refused"),
        ("png_line", "h.png", build_png(2**31 - 1, 16, zlib.compress(bytes(99))), "refused"),
        (
            "png_bomb",
            "bomb.png",
            build_png(
                BOMB_SIDE_PX,
                BOMB_SIDE_PX,
                zeros_deflated(BOMB_SIDE_PX * BOMB_SIDE_PX),
                color_type=0,
            ),
            "refused",
        ),
        ("png_overlong", "bomb.png", build_png(56, 40, zeros_deflated(300_000_000)), "either"),
        ("png_text_bomb", "bomb.png", build_png(56, 40, rows, text_bomb), "either"),
        ("png_icc_bomb", "bomb.png", build_png(56, 40, rows, icc_bomb), "either"),
        (
            "tiff_bomb",
            "bomb.tif",
            build_tiff(side, side, compression=8, strip=zeros_deflated(10**9)),
            "refused",
        ),
        (
            "tiff_overlong",
            "bomb.tif",
            build_tiff(64, 64, compression=8, strip=zeros_deflated(300_000_000)),
            "either",
        ),
        ("cmyk_jpeg", "c.jpg", encode(good, "JPEG", mode="CMYK"), "decodes"),
        ("cmyk_tiff", "c.tif", encode(good, "TIFF", mode="CMYK"), "decodes"),
        ("grey", "g.png", encode(good, "PNG", mode="L"), "decodes"),
        ("one_bit", "g.png", encode(good, "PNG", mode="1"), "decodes"),
        ("palette", "g.png", encode(good, "PNG", mode="P"), "decodes"),
        ("alpha", "g.png", encode(good, "PNG", mode="RGBA"), "decodes"),
        ("lab_tiff", "g.tif", encode(Image.new("LAB", (40, 40)), "TIFF"), "refused"),
        ("sixteen_bits", "s.tif", tiff(sixteen, photometric="rgb"), "decodes"),
        ("float_tiff", "f.tif", tiff(good[..., 0].astype(np.float32)), "refused"),
        ("double_tiff", "f.tif", tiff(good[..., 0].astype(np.float64)), "refused"),
        ("complex_tiff", "f.tif", tiff(good[..., 0].astype(np.complex64)), "refused"),
        ("volume_tiff", "f.tif", tiff(np.zeros((5, 40, 40), np.uint8)), "refused"),
        ("png_named_tif", "wrong.tif", png, "decodes"),
        ("no_extension", "smear", png, "decodes"),
        ("unicode_name", "血液 тест \u202egnp.é😀.png", png, "decodes"),
        ("long_name", "x" * 4000 + ".png", png, "decodes"),
        ("markup_name", "<img src=x onerror=alert(1)>.png", png, "decodes"),
        ("path_name", "../../etc/passwd\0.png", png, "decodes"),
        ("bytes_behind", "behind.png", png + svg, "decodes"),
        ("html_behind_jpeg", "behind.jpg", encode(good, "JPEG") + html, "decodes"),
        ("magic_only_png", "m.png", b"\x89PNG\r\n\x1a\n", "refused"),
        ("magic_only_jpeg", "m.jpg", b"\xff\xd8\xff", "refused"),
        ("magic_only_tiff", "m.tif", b"II*\0", "refused"),
        ("magic_only_bmp", "m.bmp", b"BM", "refused"),
        ("magic_only_webp", "m.webp", b"RIFF\0\0\0\0WEBP", "refused"),
        ("tiff_loop", "l.tif", _looped_tiff(), "either"),
    ]
    for name, file_name, data, fate in cases:
        yield BadFile(name=name, file_name=file_name, data=data, fate=fate)
    yield from files_with_names()


def mutated_files(n: int, *, seed: int = 20) -> Iterator[BadFile]:
    """``n`` files cut short or with bits, bytes or blocks changed, the same at every call."""
    chooser = random.Random(seed)  # noqa: S311
    originals = [
        (name, encode(draw_field(seed=5), file_format, **dict(options)))
        for name, file_format, options in MUTATED_FORMATS
    ]
    for number in range(n):
        kind, original = originals[number % len(originals)]
        yield BadFile(
            name=f"{kind}_{number}",
            file_name=f"{number}.{kind.split('_')[0]}",
            data=mutate(original, chooser),
            fate="either",
        )


def mutate(data: bytes, chooser: random.Random) -> bytes:
    """Damage some bytes, near the front half of the time, where headers are."""
    changed = bytearray(data)
    near = min(len(changed), 200)
    way = chooser.randrange(6)
    position = chooser.randrange(near if chooser.random() < 0.5 else len(changed))
    length = chooser.choice((1, 2, 4, 16, 64))
    if way == 0:
        del changed[position:]
    elif way == 1:
        for _ in range(chooser.choice((1, 2, 8, 32))):
            at = chooser.randrange(near if chooser.random() < 0.5 else len(changed))
            changed[at] ^= 1 << chooser.randrange(8)
    elif way == 2:
        changed[position : position + length] = chooser.randbytes(length)
    elif way == 3:
        del changed[position : position + length]
    elif way == 4:
        changed[position:position] = chooser.randbytes(length)
    else:
        value = chooser.choice((0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFF))
        changed[position : position + 4] = struct.pack(chooser.choice("<>") + "I", value)
    return bytes(changed)


def _looped_tiff() -> bytes:
    """Its second directory is its first."""
    data = bytearray(build_tiff(16, 16, strip=bytes(256)))
    at = 8 + 2 + 12 * 8
    data[at : at + 4] = struct.pack("<I", 8)
    return bytes(data)
