"""Uploads of a batch: pixels survive, nothing else does, and nothing outside is reached."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from corpus.bad_images import PLANTED_NAME, files_with_names
from PIL import Image

from leukapp import resources
from leukapp.errors import BatchSourceError, ImageError
from leukapp.imaging.image_io import decode_image
from leukapp.review.kept_images import (
    begin_upload,
    discard_orphans,
    forget_thumbnail,
    forget_upload,
    is_upload,
    keep_failure,
    keep_thumbnail,
    keep_upload,
    read_upload,
    thumbnail_path,
    uploaded_sha256,
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(resources.BATCH_VARIABLE, str(tmp_path / "kept"))
    return tmp_path / "kept"


def test_pixels_survive_and_metadata_does_not(folder: Path) -> None:
    upload_id = begin_upload()
    spellings = [PLANTED_NAME.encode(code) for code in ("utf-8", "utf-16-le", "utf-16-be")]
    for position, file in enumerate(files_with_names()):
        source = keep_upload(upload_id, position, file.data)

        assert np.array_equal(decode_image(read_upload(source)), decode_image(file.data))
        assert uploaded_sha256(source) == hashlib.sha256(file.data).hexdigest()
        assert not any(name in read_upload(source) for name in spellings)
    assert not any(PLANTED_NAME in path.name for path in folder.rglob("*"))
    assert not list(folder.rglob("*.partial"))


def test_an_unreadable_file_keeps_its_sentence() -> None:
    upload_id = begin_upload()
    broken = keep_upload(upload_id, 0, b"no image at all, but long enough to be one")
    failed = keep_failure(upload_id, 1, "The archive is damaged here: make it again.")

    with pytest.raises(ImageError, match="not a JPEG"):
        read_upload(broken)
    with pytest.raises(ImageError, match="archive is damaged"):
        read_upload(failed)


@pytest.mark.parametrize(
    "source",
    ["", "cell.png", "upload:../x", f"upload:{'0' * 16}/000000-{'a' * 64}.png/../../x",
     f"upload:{'0' * 16}/000000-{'a' * 64}.png"],
)  # fmt: skip
def test_a_source_that_is_not_kept_says_so(source: str) -> None:
    with pytest.raises(ImageError, match="upload them again"):
        read_upload(source)


def test_forgetting_removes_every_image_of_the_upload_alone(
    folder: Path, encode_png: Callable[..., bytes]
) -> None:
    png = encode_png(np.full((32, 32, 3), 90, np.uint8))
    first, second = begin_upload(), begin_upload()
    sources = [keep_upload(first, 0, png), keep_upload(first, 1, png), keep_upload(second, 0, png)]
    forget_upload("not-an-upload.png")
    forget_upload(sources[0])

    for source in sources[:2]:
        with pytest.raises(ImageError):
            read_upload(source)
    assert read_upload(sources[2])
    assert is_upload(sources[2])
    assert len(list(folder.rglob("*.png"))) == 1


def test_uploads_that_no_batch_knows_are_removed_after_a_day(
    folder: Path, encode_png: Callable[..., bytes]
) -> None:
    png = encode_png(np.full((32, 32, 3), 90, np.uint8))
    known, orphan, fresh = begin_upload(), begin_upload(), begin_upload()
    sources = [keep_upload(upload_id, 0, png) for upload_id in (known, orphan, fresh)]
    other = folder / "uploads" / "not-an-upload"
    other.mkdir()
    for old in (known, orphan, "not-an-upload"):
        os.utime(folder / "uploads" / old, (0, 0))
    discard_orphans([sources[0], "slides/cell.png"])

    assert read_upload(sources[0])
    assert read_upload(sources[2])
    assert other.is_dir()
    assert not (folder / "uploads" / orphan).exists()


def test_a_disk_that_takes_nothing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv(resources.BATCH_VARIABLE, str(tmp_path / "file"))

    with pytest.raises(BatchSourceError, match="cannot keep"):
        begin_upload()
    with pytest.raises(BatchSourceError, match="cannot keep"):
        keep_failure("0" * 16, 0, "x")


def test_a_thumbnail_is_small_made_once_and_forgotten() -> None:
    digest = "ab" * 32
    keep_thumbnail(digest, np.full((400, 800, 3), 120, np.uint8))
    path = thumbnail_path(digest)
    with Image.open(path) as small:
        assert small.size == (176, 88)
    made = path.stat().st_mtime_ns
    keep_thumbnail(digest, np.zeros((400, 800, 3), np.uint8))
    assert path.stat().st_mtime_ns == made

    forget_thumbnail(digest)
    assert not path.exists()
    with pytest.raises(ValueError, match="SHA-256"):
        thumbnail_path("../../etc/passwd")
