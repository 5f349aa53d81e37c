"""The file that is shown beside a verdict is the one that was judged, or none."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from review_records import make_item

from leukapp.errors import BatchSourceError, ChangedImageError, ImageError
from leukapp.resources import BATCH_VARIABLE
from leukapp.review.batch_images import BatchImages
from leukapp.review.kept_images import begin_upload, keep_upload, uploaded_sha256
from leukapp.review.records import BatchItem, ItemState

PATIENT_A, PATIENT_B = b"cells of patient A", b"cells of patient B"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The review folder with files of patient B, under names that patient A's files have, too."""
    root = tmp_path / "root"
    root.mkdir()
    for number in range(60):
        (root / f"cell-{number}.png").write_bytes(PATIENT_B)
    return root


def judged(number: int, data: bytes = PATIENT_A) -> BatchItem:
    return make_item(number, image_sha256=hashlib.sha256(data).hexdigest())


def waiting(number: int) -> BatchItem:
    return make_item(number, state=ItemState.WAITING, image_sha256=None)


def test_a_file_of_the_same_name_and_other_bytes_is_not_handed_out(root: Path) -> None:
    images = BatchImages(root=root)
    with pytest.raises(ChangedImageError, match="not the one that was judged"):
        images.read(judged(0))
    assert images.seen_sha256(judged(0)) == hashlib.sha256(PATIENT_B).hexdigest()
    assert images.read(judged(1, PATIENT_B)) == PATIENT_B
    assert images.read(waiting(2)) == PATIENT_B


def test_a_batch_does_not_go_on_in_another_folder(root: Path, tmp_path: Path) -> None:
    images = BatchImages(root=root, begun_in=tmp_path / "elsewhere")
    with pytest.raises(BatchSourceError, match="begun in another folder"):
        images.check([waiting(0)])
    BatchImages(root=root, begun_in=root).check([waiting(0)])
    BatchImages(root=root).check([waiting(0)])


def test_a_batch_does_not_go_on_where_what_it_judged_is_another_file_now(root: Path) -> None:
    images = BatchImages(root=root, begun_in=root)
    gone = replace(judged(2), source="gone.png")
    with pytest.raises(BatchSourceError, match="Image 2 of this batch is another file"):
        images.check([gone, judged(1), waiting(3)])
    images.check([gone, judged(1, PATIENT_B), waiting(3)])
    for number in range(59):
        items = [judged(i, PATIENT_B) for i in range(59)]
        items[number:] = [judged(i) for i in range(number, 59)]
        with pytest.raises(BatchSourceError, match="another file"):
            images.check([*items, waiting(59)])


def test_an_upload_that_was_exchanged_on_the_disk_is_not_handed_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encode_png: Callable[..., bytes]
) -> None:
    monkeypatch.setenv(BATCH_VARIABLE, str(tmp_path))
    upload_id, images = begin_upload("5" * 32), BatchImages(root=None)
    sources = [
        keep_upload(upload_id, i, encode_png(np.full((20, 20, 3), i, np.uint8))) for i in range(2)
    ]
    items = [
        make_item(i, source=source, image_sha256=uploaded_sha256(source))
        for i, source in enumerate(sources)
    ]
    first, second = (tmp_path / "uploads" / source.removeprefix("upload:") for source in sources)
    assert images.read(items[0])
    first.write_bytes(second.read_bytes())

    for attempt in (images.read, images.seen_sha256):
        with pytest.raises(ChangedImageError, match="not the one that was kept"):
            attempt(items[0])
    with pytest.raises(ChangedImageError):
        images.read(replace(items[1], image_sha256="ab" * 32))
    second.unlink()
    with pytest.raises(ImageError, match="upload them again"):
        images.read(items[1])
