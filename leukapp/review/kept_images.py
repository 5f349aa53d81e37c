"""Images that were uploaded for a batch, kept until the batch is removed; and thumbnails.

Only pixels are kept: what was uploaded is decoded and written anew as PNG, so that no metadata and
no file name reaches the disk. The hashes of the uploaded file and of the kept one are part of its
name, so that another file in its place is noticed.
"""

import hashlib
import re
import secrets
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from PIL import Image

from leukapp.errors import BatchSourceError, ChangedImageError, ImageError
from leukapp.imaging.arrays import RgbImage
from leukapp.imaging.image_io import decode_image, read_image_bytes
from leukapp.resources import batch_dir

THUMBNAIL_PX: Final = 176
THUMBNAILS: Final = "checked-thumbnails"
EARLIER_THUMBNAILS: Final = "thumbnails"
"""Of versions that did not compare the file with its hash: never shown, removed at the start."""
THUMBNAIL_QUALITY: Final = 82
PNG_EFFORT: Final = 1
"""Of zlib, 0-9: the reviewer waits for it, and the files go with the batch."""

# Uploads of earlier versions have no hash of the kept file.
_SOURCE = re.compile(
    r"upload:([0-9a-f]{16})/([0-9]{6})-([0-9a-f]{64})(?:-(?P<kept>[0-9a-f]{64}))?\.(png|txt)"
)
_UPLOAD_ID = re.compile(r"[0-9a-f]{16}")
_HASH = re.compile(r"[0-9a-f]{64}")
OWNER: Final = "store-id"
UNSETTLED: Final = "being-taken-in"
ORPHAN_SECONDS: Final = 24 * 3600.0
CHANGED: Final = (
    "The kept image of this upload is not the one that was kept, so it is not shown: upload it "
    "again, and tell whoever runs this server."
)
GONE: Final = "The images of this batch were removed from the server: upload them again."


def begin_upload(store_id: str) -> str:
    """Make a folder that only this user may read, and that says which store it belongs to.

    Args:
        store_id: of the review store whose batch it will be.

    Returns:
        The upload's id, 16 hexadecimal digits.

    Raises:
        BatchSourceError: the server's disk takes nothing.
    """
    upload_id = secrets.token_hex(8)
    folder = _upload_folder(upload_id)
    try:
        folder.mkdir(parents=True, mode=0o700)
        (folder / OWNER).write_text(store_id, encoding="ascii")
        (folder / UNSETTLED).touch()
    except OSError as error:
        raise _no_room() from error
    return upload_id


def keep_upload(upload_id: str, position: int, data: bytes) -> str:
    """Keep the pixels of one uploaded file, or the sentence that says why it has none.

    Args:
        upload_id: of ``begin_upload``.
        position: of the file in its batch, from 0.
        data: bytes of any origin.

    Returns:
        The source of the batch's item.

    Raises:
        BatchSourceError: the server's disk takes nothing.
    """
    try:
        pixels = decode_image(data)
    except ImageError as error:
        return keep_failure(upload_id, position, str(error), data=data)
    folder = _upload_folder(upload_id)
    try:
        partial = folder / f"{position:06d}.partial"
        Image.fromarray(pixels).save(partial, format="PNG", compress_level=PNG_EFFORT)
        with partial.open("rb") as kept:
            digest = hashlib.file_digest(kept, "sha256").hexdigest()
        name = _kept_name(position, data, f"-{digest}.png")
        partial.replace(folder / name)
    except OSError as error:
        raise _no_room() from error
    return f"upload:{upload_id}/{name}"


def keep_failure(upload_id: str, position: int, sentence: str, *, data: bytes = b"") -> str:
    """Keep why an uploaded file cannot be judged, so that its batch says so.

    Args:
        upload_id: of ``begin_upload``.
        position: of the file in its batch, from 0.
        sentence: the reason, one sentence.
        data: the file's bytes as far as they could be had; only their hash is kept.

    Returns:
        The source of the batch's item.

    Raises:
        BatchSourceError: the server's disk takes nothing.
    """
    name = _kept_name(position, data, ".txt")
    try:
        (_upload_folder(upload_id) / name).write_text(sentence, encoding="utf-8")
    except OSError as error:
        raise _no_room() from error
    return f"upload:{upload_id}/{name}"


def is_upload(source: str) -> bool:
    """Whether a batch's item was uploaded; else it lies under the review folder."""
    return _SOURCE.fullmatch(source) is not None


def read_upload(source: str) -> bytes:
    """Read a kept image again.

    Args:
        source: of a batch's item.

    Raises:
        ChangedImageError: another file lies in the kept one's place.
        ImageError: the uploaded file was no readable image, or is not kept any more.
    """
    match = _SOURCE.fullmatch(source)
    if match is None:
        raise ImageError(GONE)
    path = _upload_folder(match[1]) / source.rpartition("/")[2]
    if not path.is_file():
        raise ImageError(GONE)
    if path.suffix == ".txt":
        raise ImageError(path.read_text(encoding="utf-8"))
    data = read_image_bytes(path)
    if match["kept"] not in {None, hashlib.sha256(data).hexdigest()}:
        raise ChangedImageError(CHANGED)
    return data


def kept_size(source: str) -> int:
    """Give how many bytes of the disk a kept file takes.

    Args:
        source: of ``keep_upload`` or ``keep_failure``.
    """
    match = _SOURCE.fullmatch(source)
    if match is None:
        raise ValueError(f"not the source of a kept file: {source!r}")
    return (_upload_folder(match[1]) / source.rpartition("/")[2]).stat().st_size


def uploaded_sha256(source: str) -> str | None:
    """Give the hash of the file as it was uploaded, hexadecimal, or None for no upload."""
    match = _SOURCE.fullmatch(source)
    return match[3] if match else None


def settle_upload(source: str) -> None:
    """Assign an upload to a batch; from now on only the batch's removal deletes it.

    Args:
        source: of any item of the batch; one that was not uploaded changes nothing.
    """
    match = _SOURCE.fullmatch(source)
    if match:
        (_upload_folder(match[1]) / UNSETTLED).unlink(missing_ok=True)


def discard_upload(upload_id: str) -> None:
    """Remove every kept image of an upload.

    Args:
        upload_id: of ``begin_upload``.

    Raises:
        OSError: they cannot be removed.
        ValueError: this is no such id.
    """
    if not _UPLOAD_ID.fullmatch(upload_id):
        raise ValueError(f"an upload is named by 16 hexadecimal digits, got {upload_id!r}")
    with suppress(FileNotFoundError):
        shutil.rmtree(_upload_folder(upload_id))


def discard_orphans(store_id: str, is_known: Callable[[str], bool]) -> None:
    """Remove the uploads that a server was killed in the middle of.

    Only uploads that this store began, and that never became a batch, are removed, and after a day:
    images of another store, or of batches that a restored copy does not know, stay.

    Args:
        store_id: of the store.
        is_known: whether a batch of the store has an upload's images, by the upload's id.
    """
    shutil.rmtree(batch_dir() / EARLIER_THUMBNAILS, ignore_errors=True)
    uploads = batch_dir() / "uploads"
    for folder in uploads.iterdir() if uploads.is_dir() else ():
        if not _UPLOAD_ID.fullmatch(folder.name) or not _is_old(folder / UNSETTLED):
            continue
        if _owner_of(folder) != store_id:
            continue
        if is_known(folder.name):
            (folder / UNSETTLED).unlink(missing_ok=True)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    for partial in (batch_dir() / THUMBNAILS).glob("*/*.partial"):
        if _is_old(partial):
            partial.unlink(missing_ok=True)


def _is_old(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > ORPHAN_SECONDS
    except OSError:
        return False


def _owner_of(folder: Path) -> str | None:
    try:
        return (folder / OWNER).read_text(encoding="ascii")
    except (OSError, ValueError):
        return None


def keep_thumbnail(image_sha256: str, image: RgbImage) -> None:
    """Store a thumbnail of an image, once; where the disk is full, go on without it.

    Args:
        image_sha256: of the image's file, hexadecimal.
        image: sRGB pixels, uint8 (height, width, 3).
    """
    path = thumbnail_path(image_sha256)
    if path.is_file():
        return
    small = Image.fromarray(shrink(image))
    partial = path.with_name(f"{path.stem}-{secrets.token_hex(4)}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        small.save(partial, format="JPEG", quality=THUMBNAIL_QUALITY)
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)


def shrink(image: RgbImage) -> RgbImage:
    """Give a copy of at most ``THUMBNAIL_PX`` on its longer side; a small image as it is.

    Args:
        image: sRGB pixels, uint8 (height, width, 3).
    """
    if max(image.shape[:2]) <= THUMBNAIL_PX:
        return image
    height, width = image.shape[:2]
    factor = THUMBNAIL_PX / max(height, width)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    # Not Pillow, which would copy the whole image first, at four bytes a pixel.
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def thumbnail_path(image_sha256: str) -> Path:
    """Where the small copy of an image lies once it is kept.

    Args:
        image_sha256: of the image's file, hexadecimal.

    Raises:
        ValueError: this is no such hash.
    """
    if not _HASH.fullmatch(image_sha256):
        raise ValueError(f"a thumbnail is named by a SHA-256, got {image_sha256!r}")
    return batch_dir() / THUMBNAILS / image_sha256[:2] / f"{image_sha256}.jpg"


def forget_thumbnail(image_sha256: str) -> None:
    """Remove the small copy of an image; where another batch needs it, it is made again."""
    thumbnail_path(image_sha256).unlink(missing_ok=True)


def _upload_folder(upload_id: str) -> Path:
    return batch_dir() / "uploads" / upload_id


def _kept_name(position: int, data: bytes, suffix: str) -> str:
    return f"{position:06d}-{hashlib.sha256(data).hexdigest()}{suffix}"


def _no_room() -> BatchSourceError:
    return BatchSourceError(
        "The server cannot keep these images: its disk is full or may not be written to; "
        "ask whoever runs it."
    )
