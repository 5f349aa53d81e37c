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
    discard_upload,
    forget_thumbnail,
    is_upload,
    keep_failure,
    keep_thumbnail,
    keep_upload,
    read_upload,
    settle_upload,
    thumbnail_path,
    uploaded_sha256,
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(resources.BATCH_VARIABLE, str(tmp_path / "kept"))
    return tmp_path / "kept"


def test_pixels_survive_and_metadata_does_not(folder: Path) -> None:
    upload_id = begin_upload("5" * 32)
    spellings = [PLANTED_NAME.encode(code) for code in ("utf-8", "utf-16-le", "utf-16-be")]
    for position, file in enumerate(files_with_names()):
        source = keep_upload(upload_id, position, file.data)

        assert np.array_equal(decode_image(read_upload(source)), decode_image(file.data))
        assert uploaded_sha256(source) == hashlib.sha256(file.data).hexdigest()
        assert not any(name in read_upload(source) for name in spellings)
    assert not any(PLANTED_NAME in path.name for path in folder.rglob("*"))
    assert not list(folder.rglob("*.partial"))


def test_an_unreadable_file_keeps_its_sentence() -> None:
    upload_id = begin_upload("5" * 32)
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
    first, second = begin_upload("5" * 32), begin_upload("5" * 32)
    sources = [keep_upload(first, 0, png), keep_upload(first, 1, png), keep_upload(second, 0, png)]
    discard_upload(first)
    discard_upload(first)
    with pytest.raises(ValueError, match="16 hexadecimal"):
        discard_upload("..")

    for source in sources[:2]:
        with pytest.raises(ImageError):
            read_upload(source)
    assert read_upload(sources[2])
    assert is_upload(sources[2])
    assert len(list(folder.rglob("*.png"))) == 1


def test_only_an_upload_that_this_store_never_finished_is_removed_after_a_day(
    folder: Path, encode_png: Callable[..., bytes]
) -> None:
    png = encode_png(np.full((32, 32, 3), 90, np.uint8))
    mine, other = "5" * 32, "6" * 32
    orphan, fresh, known, settled, of_other, unnamed = (
        begin_upload(store) for store in (mine, mine, mine, mine, other, mine)
    )
    sources = {
        upload_id: keep_upload(upload_id, 0, png)
        for upload_id in (orphan, fresh, known, settled, of_other, unnamed)
    }
    settle_upload(sources[settled])
    settle_upload("slides/cell.png")
    (folder / "uploads" / unnamed / "store-id").unlink()
    (folder / "uploads" / "not-an-upload").mkdir()
    for path in folder.rglob("*"):
        if fresh not in str(path):
            os.utime(path, (0, 0))
    discard_orphans(mine, lambda upload_id: upload_id == known)
    # A batch that knows its upload settles it, so that a store without the batch lets it be, too.
    discard_orphans(mine, lambda _upload_id: False)

    assert {path.name for path in (folder / "uploads").iterdir()} == {
        fresh, known, settled, of_other, unnamed, "not-an-upload",
    }  # fmt: skip
    assert read_upload(sources[of_other])


def test_what_a_killed_server_wrote_of_a_thumbnail_is_removed_after_a_day(folder: Path) -> None:
    keep_thumbnail("ab" * 32, np.full((40, 40, 3), 120, np.uint8))
    path = thumbnail_path("ab" * 32)
    old, new = path.with_name("x.partial"), path.with_name("y.partial")
    for partial in (old, new):
        partial.write_bytes(b"half")
    os.utime(old, (0, 0))
    discard_orphans("5" * 32, lambda _upload_id: False)
    assert sorted(path.parent.iterdir()) == sorted([path, new])


def test_a_disk_that_takes_nothing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv(resources.BATCH_VARIABLE, str(tmp_path / "file"))

    with pytest.raises(BatchSourceError, match="cannot keep"):
        begin_upload("5" * 32)
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
