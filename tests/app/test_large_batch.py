"""Two thousand images: the worklist loads the ones on the screen and no other."""

from collections.abc import Callable
from pathlib import Path

import pytest
from fake_diagnoser import FakeDiagnoser
from seeded_batch import seed_large_batch
from streamlit.testing.v1 import AppTest

from leukapp.review import kept_images
from leukapp.review.batch_images import BatchImages
from leukapp.review.records import BatchItem
from leukapp.ui.review import thumbnails
from leukapp.ui.review.batch_address import Density
from leukapp.ui.texts import batch as texts

N_IMAGES = 2000
IMAGES_A_PAGE = thumbnails.LAYOUTS[Density.COMFORTABLE].images_a_page


def test_two_thousand_images_load_one_page_of_thumbnails_and_one_image(
    start_app: Callable[..., AppTest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[str] = []
    opened: list[int] = []
    where = kept_images.thumbnail_path

    def note_thumbnail(digest: str) -> Path:
        looked_at.append(digest)
        return where(digest)

    def note_image(_: BatchImages, item: BatchItem) -> bytes:
        opened.append(item.id)
        return (tmp_path / "batches" / "drawing").read_bytes()

    app = start_app()
    run = seed_large_batch(
        f"sqlite:///{tmp_path / 'review.db'}", N_IMAGES, bundle_sha256=FakeDiagnoser.bundle.sha256
    )
    (tmp_path / "batches" / "drawing").write_bytes(where(f"{0:064x}").read_bytes())
    monkeypatch.setattr(thumbnails, "thumbnail_path", note_thumbnail)
    monkeypatch.setattr(BatchImages, "read", note_image)
    app.switch_page("pages/batch_review.py")
    app.query_params["batch"] = str(run.id)
    app.run()
    app.segmented_control(key="batch-section").set_value(texts.WORKLIST).run()

    assert not app.exception
    assert len(app.image) == IMAGES_A_PAGE
    assert len(set(looked_at)) == IMAGES_A_PAGE
    assert opened == []

    app.button(key="batch-begin").click().run()
    app.button(key="batch-step-chevron_right").click().run()
    assert not app.exception
    assert len(app.image) == 1
    assert len(set(opened)) == 2
