"""A drift is a banner with its date on every page that answers, and changes nothing."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from fake_diagnoser import make_diagnosis
from site_record import site_record
from streamlit.testing.v1 import AppTest

from leukapp.diagnosis import BundleId
from leukapp.inference.watch_scores import WatchScores
from leukapp.json_files import to_plain
from leukapp.model.artifacts import bundle_sha256
from leukapp.model.commission_record import WatchReference
from leukapp.review.store import ReviewStore
from leukapp.ui.texts import laboratory as texts

SCALES = tuple(58 + 0.1 * i for i in range(40))


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """Folder of a commissioned bundle; only its manifest is there."""
    record = site_record(
        "Ward 7", watch=WatchReference(n_gate_points=9, distance=(), stain=(), scale=SCALES)
    )
    folder = tmp_path / "site"
    folder.mkdir()
    manifest = {"class_names": ["ALL", "AML", "Healthy"], "commission": to_plain(record)}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def record_images(bundle: Path, url: str, scales: list[float]) -> None:
    store = ReviewStore.open(url)
    for number, scale in enumerate(scales):
        answered = make_diagnosis(f"{scale}-{number}".encode())
        scores = WatchScores(distance=None, stain=None, scale=scale)
        identity = BundleId(name="site", sha256=bundle_sha256(bundle), laboratory="Ward 7")
        store.record_diagnosis(replace(answered, bundle=identity, watch_scores=scores))
    store.close()


def test_a_drift_is_said_on_every_page_that_answers(
    bundle: Path, tmp_path: Path, start_app: Callable[..., AppTest]
) -> None:
    url = f"sqlite:///{tmp_path / 'review.db'}"
    record_images(bundle, url, [58.05 + 0.13 * i for i in range(30)])
    app = start_app(bundle)
    app.switch_page("pages/laboratory.py").run()
    assert texts.WATCHED.format(n=30) in [one.value for one in app.markdown]
    assert not app.warning

    record_images(bundle, url, [80.0 + 0.2 * i for i in range(30)])

    pages = ("laboratory", "diagnose", "batch_review", "status")
    for name in pages:
        app.switch_page(f"pages/{name}.py").run()
        assert not app.exception
        said = [one.value for one in app.warning if texts.DRIFT_KINDS["scale"] in one.value]
        assert len(said) == 1, name
        assert said[0].startswith("Since 20")
        assert "Ward 7" in said[0]


def test_of_a_bundle_for_all_the_status_says_that_nothing_is_compared(
    start_app: Callable[..., AppTest],
) -> None:
    app = start_app()

    app.switch_page("pages/status.py").run()

    assert texts.NOT_WATCHED in [one.value for one in app.markdown]
