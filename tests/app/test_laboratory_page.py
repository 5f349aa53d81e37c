"""Page "Your laboratory": what is asked, what is kept of a zip, and how a bundle is accepted."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from networks import write_tiny_bundle
from seeded_review import seed_review
from site_record import site_record
from streamlit.testing.v1 import AppTest

from leukapp.commissioning.outcomes import ImageOutcome, read_outcomes, write_outcomes
from leukapp.commissioning.report import CurvePoint
from leukapp.data.readers.detect import read_catalog
from leukapp.errors import AccessError, BundleError, LeukappError, StoreError
from leukapp.evaluation.intervals import Estimate
from leukapp.json_files import write_json
from leukapp.model.bundle import Bundle
from leukapp.resources import BUNDLE_VARIABLE, SITES_VARIABLE, laboratory_dir
from leukapp.review.batch_images import BatchImages
from leukapp.review.records import DecisionKind
from leukapp.review.store import ReviewStore
from leukapp.ui.card.bundle_choice import CardOrigin
from leukapp.ui.default_bundle import read_default_bundle
from leukapp.ui.laboratory import accepting, panels
from leukapp.ui.laboratory.bringing import signed_images
from leukapp.ui.laboratory.curve_figure import build_learning_curve, curve_table
from leukapp.ui.laboratory.images import keep_decisions, keep_zip, read_names
from leukapp.ui.laboratory.jobs import (
    BUNDLE_DIR,
    JOB_FILE,
    OUTCOMES_FILE,
    Job,
    KeptJob,
    kept_jobs,
)
from leukapp.ui.reader import Reader
from leukapp.ui.texts import laboratory as texts
from leukapp.ui.wording import escape_markdown

JOB = Job(data="d", laboratory="Ward 7", parent="compact", risk=0.02, confidence=0.95)


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SITES_VARIABLE, str(tmp_path / "sites"))
    monkeypatch.setenv("LEUKAPP_SETTINGS", str(tmp_path / "settings.json"))


def make_zip(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, b"pixels")
    return buffer.getvalue()


def test_folders_of_a_zip_are_classes_and_patients_and_no_name_becomes_a_path(
    tmp_path: Path,
) -> None:
    data = make_zip("lab/ALL/Smith/1.png", "lab/Healthy/../../2.png", "readme.txt")

    table = keep_zip(data, tmp_path / "images")

    samples = read_catalog(table).samples
    assert [sample.label for sample in samples] == ["ALL", "Healthy"]
    assert [sample.groups_known for sample in samples] == [True, True]
    assert samples[0].group == "here:Smith"
    assert sorted(path.name for path in table.parent.iterdir()) == ["00001", "00002", "samples.csv"]
    # The report calls them as the laboratory does.
    assert read_names(table.parent)[samples[0].sample_id] == "lab/ALL/Smith/1.png"


def test_a_zip_without_a_class_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(LeukappError, match="No image of the zip lies in a folder"):
        keep_zip(make_zip("1.png"), tmp_path / "images")


def test_of_signed_decisions_the_cases_are_the_patients(tmp_path: Path) -> None:
    store = ReviewStore.open(f"sqlite:///{tmp_path / 'review.db'}")
    run = seed_review(store, tmp_path / "root", 4)
    items = store.items(run.id)
    for item in items[:3]:
        assert item.image_sha256 is not None
        store.record_decision(
            image_sha256=item.image_sha256,
            image_name=item.name,
            bundle_sha256=run.bundle_sha256,
            kind=DecisionKind.OVERRIDE,
            label="ALL",
            reason="",
            initials="AB",
            run_id=run.id,
            item_id=item.id,
        )
    case = store.cases.put(None, [item.id for item in items[:2]])

    signed = signed_images(store, run.id)
    table = keep_decisions(BatchImages.of(run, tmp_path / "root"), signed, tmp_path / "images")

    samples = read_catalog(table).samples
    assert [sample.groups_known for sample in samples] == [True, True, False]
    assert [sample.group for sample in samples[:2]] == [f"here:case {case.id}"] * 2
    store.close()


def test_the_page_asks_and_shows_what_was_interrupted(start_app: Callable[..., AppTest]) -> None:
    folder = laboratory_dir() / "one"
    folder.mkdir(parents=True)
    write_json(folder / JOB_FILE, JOB)

    app = start_app().switch_page("pages/laboratory.py").run()

    assert not app.exception
    assert app.button(key="lab-start").disabled
    assert app.warning[0].value == texts.INTERRUPTED.format(laboratory="Ward 7")
    app.button(key="lab-discard-one").click().run()
    assert not app.exception
    assert kept_jobs() == ()


@pytest.fixture
def finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KeptJob:
    monkeypatch.setenv(BUNDLE_VARIABLE, str(write_tiny_bundle(tmp_path / "parent").folder))
    folder = laboratory_dir() / "one"
    folder.mkdir(parents=True)
    write_json(folder / JOB_FILE, JOB)
    write_tiny_bundle(folder / BUNDLE_DIR, seed=1)
    outcome = ImageOutcome(image="00001", patient="here:p", truth="ALL", before=None, after="ALL")
    write_outcomes(folder / OUTCOMES_FILE, [outcome])
    return kept_jobs()[0]


def sign_in(monkeypatch: pytest.MonkeyPatch, *roles: str) -> None:
    reader = Reader(email="a@b.c", roles=frozenset(roles))
    monkeypatch.setattr(accepting, "reader_now", lambda: reader)


@pytest.mark.keras
def test_an_admin_accepts_and_takes_back_and_the_trail_tells_it(
    finished: KeptJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ReviewStore.open(f"sqlite:///{tmp_path / 'review.db'}")
    sign_in(monkeypatch, "researcher")
    with pytest.raises(AccessError, match="Only an admin"):
        accepting.accept(finished, store)
    sign_in(monkeypatch, "admin")

    place = accepting.accept(finished, store)

    assert read_default_bundle() == place
    assert not finished.folder.exists()
    assert [one.patient for one in read_outcomes(accepting.outcomes_file(place))] == ["p"]
    with pytest.raises(LeukappError, match="Somebody else"):
        accepting.accept(finished, store)
    accepting.take_back(store)
    assert read_default_bundle() == tmp_path / "parent"
    report = store.verify()
    assert (report.n_rows, report.faults) == (2, ())
    store.close()


@pytest.mark.keras
def test_of_two_admins_at_once_one_accepts_and_the_trail_tells_of_one(
    finished: KeptJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ReviewStore.open(f"sqlite:///{tmp_path / 'review.db'}")
    sign_in(monkeypatch, "admin")
    opened = accepting.open_bundle

    def while_the_other_accepts(folder: Path) -> Bundle:
        bundle = opened(folder)
        monkeypatch.setattr(accepting, "open_bundle", opened)
        accepting.accept(finished, store)
        return bundle

    monkeypatch.setattr(accepting, "open_bundle", while_the_other_accepts)

    with pytest.raises(LeukappError, match="Somebody else"):
        accepting.accept(finished, store)

    assert store.verify().n_rows == 1
    assert read_default_bundle() is not None
    store.close()


@pytest.mark.keras
def test_what_cannot_be_written_into_the_trail_is_not_accepted(
    finished: KeptJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ReviewStore.open(f"sqlite:///{tmp_path / 'review.db'}")
    sign_in(monkeypatch, "admin")

    def fail(*_args: object, **_kwargs: object) -> None:
        raise StoreError("The disk is full.")

    monkeypatch.setattr(store, "record_bundle_change", fail)

    with pytest.raises(StoreError):
        accepting.accept(finished, store)

    assert kept_jobs()[0].bundle is not None
    assert read_default_bundle() is None
    store.close()


def test_a_bundle_whose_parent_was_replaced_is_refused_and_the_new_parent_is_fitted(
    tmp_path: Path, start_app: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = "was replaced since: commission the new one"

    def refuse(folder: str) -> None:
        raise BundleError(refusal)

    for name in ("parent", "mine"):
        (tmp_path / "weights" / name).mkdir(parents=True)
    record = site_record("Ward 7", parent_name="parent", ridge=None, summary_share=None)
    manifest = {"class_names": ["ALL", "Healthy"]}
    write_json(tmp_path / "weights" / "parent" / "manifest.json", manifest)
    write_json(tmp_path / "weights" / "mine" / "manifest.json", {**manifest, "commission": record})
    monkeypatch.setenv("LEUKAPP_WEIGHTS_DIR", str(tmp_path / "weights"))
    monkeypatch.setattr(panels, "open_diagnoser", refuse)

    app = start_app(tmp_path / "weights" / "mine").switch_page("pages/laboratory.py").run()

    assert not app.exception
    assert escape_markdown(refusal) in app.error[0].value
    assert not app.success
    assert texts.FITS.format(parent="parent") in [one.value for one in app.caption]


@pytest.mark.parametrize("dark", [False, True])
def test_the_learning_curve_shows_calls_and_wrong_ones_with_their_intervals(dark: bool) -> None:
    curve = [
        CurvePoint(
            share=share,
            n_images=40 * share,
            coverage=Estimate(value=share, low=share - 0.25, high=1.0),
            wrong=Estimate(value=0.0, low=None, high=None),
        )
        for share in (0.5, 1.0)
    ]
    origin = CardOrigin(title="Ward 7", source="day", protocol="apart", bundle_sha256="")

    calls, wrong = build_learning_curve(curve, origin, dark=dark).data

    assert (list(calls.x), list(calls.y)) == ([20, 40], [0.5, 1])
    assert (list(calls.error_y.arrayminus), list(calls.error_y.array)) == ([0.25, 0.25], [0.5, 0])
    assert list(calls.customdata) == ["50.0% (25.0% to 100.0%)", "100.0% (75.0% to 100.0%)"]
    assert list(wrong.customdata) == ["0.0%", "0.0%"]
    # Neither of the two is told by its color alone.
    assert (calls.line.dash, calls.marker.symbol) != (wrong.line.dash, wrong.marker.symbol)
    assert curve_table(curve)["images_fitted_on"].tolist() == [20, 40]
