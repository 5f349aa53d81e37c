"""The files in an uploaded zip, one by one and within bounds; their names are never paths."""

import io
import lzma
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from leukapp.errors import BatchSourceError
from leukapp.imaging.image_io import DEFAULT_LIMITS
from leukapp.review.server_folder import MAX_FILES

ZIP_STARTS: Final = (b"PK\x03\x04", b"PK\x05\x06")
MAX_TOTAL_BYTES: Final = 8_000_000_000
CHUNK_BYTES: Final = 1 << 20
DAMAGED_ZIP: Final = "This zip is damaged or incomplete: make it again, or upload the files in it."
DAMAGED_MEMBER: Final = "This file is damaged in its zip: make the zip again."
TOO_LARGE: Final = (
    f"This file in the zip is larger than {DEFAULT_LIMITS.max_bytes // 1_000_000} MB: save the "
    "image smaller."
)
TOO_MUCH: Final = (
    f"The zip holds more than {MAX_TOTAL_BYTES // 1_000_000_000} GB when it is unpacked: divide it."
)
ENCRYPTED: Final = "This file in the zip has a password: make the zip without one."
NO_NAME: Final = "file without a name"
LINK: Final = "This is a link in the zip, not a file: put the file itself into the zip."

# What zipfile and its decompressors raise on hostile or damaged archives.
ZIP_ERRORS: Final = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    lzma.LZMAError,
    OSError,
    EOFError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    OverflowError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ZippedFile:
    """One file of a zip.

    Attributes:
        name: as the zip calls it; to be shown, never to be opened.
        data: its bytes, empty where there is an error.
        error: why it cannot be had, one sentence, or None.
    """

    name: str
    data: bytes
    error: str | None


def is_zip(data: bytes) -> bool:
    """Whether bytes begin like a zip."""
    return data.startswith(ZIP_STARTS)


def read_zip(data: bytes) -> Iterator[ZippedFile]:
    """Give the files of a zip in its order, one in memory at a time.

    Folders, hidden files and what macOS adds are left out; a zip in the zip is not opened.

    Args:
        data: of any origin.

    Yields:
        Each file, with its bytes or the reason why it has none.

    Raises:
        BatchSourceError: this is no whole zip, or it holds more than ``MAX_FILES`` files.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except ZIP_ERRORS as error:
        raise BatchSourceError(DAMAGED_ZIP) from error
    members = [member for member in archive.infolist() if not _is_left_out(member.filename)]
    if len(members) > MAX_FILES:
        raise BatchSourceError(f"This zip holds more than {MAX_FILES} files: divide it.")
    left = MAX_TOTAL_BYTES
    for member in members:
        content, reason = _read_member(archive, member, left)
        left -= len(content)
        yield ZippedFile(
            name=member.filename or NO_NAME, data=b"" if reason else content, error=reason
        )


def _is_left_out(name: str) -> bool:
    """Folders, hidden files and what macOS adds; a name may be empty where someone meddled."""
    parts = name.replace("\\", "/").split("/")
    return name.endswith("/") or parts[0] == "__MACOSX" or parts[-1].startswith(".")


def _read_member(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, left: int
) -> tuple[bytes, str | None]:
    """Bytes of a member, counted as they come: what its header says of its size may be a lie."""
    if stat.S_ISLNK(member.external_attr >> 16):
        return b"", LINK
    if member.flag_bits & 1:
        return b"", ENCRYPTED
    limit = min(DEFAULT_LIMITS.max_bytes, left)
    content = bytearray()
    try:
        with archive.open(member) as stream:
            while chunk := stream.read(CHUNK_BYTES):
                content += chunk
                if len(content) > limit:
                    is_last = limit < DEFAULT_LIMITS.max_bytes
                    return bytes(content), TOO_MUCH if is_last else TOO_LARGE
    except ZIP_ERRORS:
        return bytes(content), DAMAGED_MEMBER
    return bytes(content), None
