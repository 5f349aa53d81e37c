"""From drawn cells to a site bundle: it opens, says for whom it answers, and holds no name."""

import json
import shutil

import numpy as np
import pytest
from networks import SIZE_PX, write_tiny_bundle
from PIL import Image

from leukapp.cli import main
from leukapp.commissioning.commission import CommissionOptions, check_images
from leukapp.commissioning.outcomes import read_outcomes
from leukapp.commissioning.site_bundle import SITE_REPORT_FILE, read_site_report
from leukapp.data.readers.detect import read_catalog
from leukapp.diagnosis import Diagnoser
from leukapp.errors import BundleError, CatalogError, HeldOutError
from leukapp.evaluation.held_out_tables import read_bundle_table
from leukapp.imaging.synthetic import draw_synthetic_cell
from leukapp.model.bundle import open_bundle
from leukapp.model.presets import BranchSpec, Preset
from leukapp.recipes.unseen import choose_unseen

pytestmark = pytest.mark.keras

PRESET = Preset(
    name="pooled",
    late_fusion=0.5,
    branches=tuple(
        BranchSpec(name=name, backbone=name, input_size_px=SIZE_PX)
        for name in ("efficientnet_lite2", "mobilenetv3large")
    ),
)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("site")
    write_tiny_bundle(root / "weights" / "parent", preset=PRESET)
    for label, kind in (("ALL", "lymphoblast"), ("Healthy", "neutrophil")):
        (root / "images" / label).mkdir(parents=True)
        for seed in range(9):
            image = draw_synthetic_cell(kind, seed=seed, size_px=128)
            Image.fromarray(image).save(root / "images" / label / f"Smith_{label}_{seed}.png")
    return root


@pytest.fixture(scope="module")
def site(folders):
    status = main(
        [
            *("commission", "--data", str(folders / "images"), "--laboratory", "Ward 7"),
            *("--bundle", str(folders / "weights" / "parent")),
            *("--out", str(folders / "site"), "--work-dir", str(folders / "work")),
            *("--images", str(folders / "images.csv")),
        ]
    )
    assert status == 0
    return folders / "site"


def test_the_bundle_says_for_whom_and_on_what(site, folders):
    bundle = open_bundle(site)

    assert bundle.commission.told().startswith("Commissioned for Ward 7 on 20")
    assert bundle.commission.classes == {"ALL": 9, "Healthy": 9}
    assert bundle.commission.parent_sha256 == open_bundle(folders / "weights" / "parent").sha256
    assert bundle.thresholds.limits is not None
    assert read_bundle_table(site / "held_out.csv").held_out.source_names == ("Ward 7",)


def test_the_report_is_read_again_unless_it_was_changed(site, folders, tmp_path):
    report = read_site_report(site)

    assert report.record == open_bundle(site).commission
    assert [point.share for point in report.curve] == [0.25, 0.5, 0.75, 1]
    assert read_site_report(folders / "weights" / "parent") is None
    changed = shutil.copytree(site, tmp_path / "changed") / SITE_REPORT_FILE
    changed.write_bytes(changed.read_bytes().replace(b"Ward 7", b"Ward 8"))
    with pytest.raises(HeldOutError, match="was changed after"):
        read_site_report(changed.parent)


def test_no_name_of_an_image_or_patient_is_in_it(site):
    for path in site.iterdir():
        assert b"Smith" not in path.read_bytes(), path.name


def test_the_list_of_images_has_their_names_and_lies_outside(site, folders):
    outcomes = read_outcomes(folders / "images.csv")

    assert len(outcomes) == 18
    assert all("Smith" in one.image for one in outcomes)
    after = read_bundle_table(site / "held_out.csv").held_out.answers
    assert sorted(map(str, after)) == sorted(str(one.after) for one in outcomes)


def test_an_image_of_the_commissioning_measures_again_what_the_bundle_keeps_of_it(site, folders):
    diagnoser = Diagnoser.open(site)

    answered = diagnoser.diagnose(folders / "images" / "ALL" / "Smith_ALL_0.png")

    watch, scores = diagnoser.bundle.commission.watch, answered.watch_scores
    assert len(watch.distance) == len(watch.stain) > 0
    assert list(watch.distance) == sorted(watch.distance)
    assert min(abs(np.array(watch.distance) - scores.distance)) < 1e-4
    assert min(abs(np.array(watch.stain) - scores.stain)) < 1e-6


def test_images_of_patients_that_it_was_fitted_on_are_no_evidence(site, folders):
    catalog = read_catalog(folders / "images")

    with pytest.raises(CatalogError, match="was trained on every image"):
        choose_unseen(open_bundle(site), catalog)


def test_a_killed_run_goes_on_with_the_images_that_are_left(site, folders, monkeypatch):
    kept = sorted((folders / "work" / "commissioning").rglob("*.npz"))
    assert len(kept) == 18
    for path in kept[:5]:
        path.unlink()
    kept[5].write_bytes(kept[5].read_bytes()[:200])
    asked = []
    diagnose_many = Diagnoser.diagnose_many

    def counting(self, images):
        def counted():
            for path in images:
                asked.append(path)
                yield path

        return diagnose_many(self, counted())

    monkeypatch.setattr(Diagnoser, "diagnose_many", counting)
    options = CommissionOptions(
        data=folders / "images",
        out=folders / "second",
        laboratory="Ward 7",
        bundle=folders / "weights" / "parent",
        work_dir=folders / "work",
    )

    readiness = check_images(options, Diagnoser.open(options.bundle))

    assert len(asked) == 6
    assert len(readiness.samples) == 18


def test_neither_a_bundle_nor_a_commissioned_parent_is_replaced(site, folders, capsys):
    arguments = ["commission", "--data", str(folders / "images"), "--laboratory", "Ward 7"]

    assert main([*arguments, "--out", str(site)]) == 2
    assert "is not empty" in capsys.readouterr().err
    assert main([*arguments, "--bundle", str(site), "--out", str(folders / "other")]) == 2
    assert "commission its parent" in capsys.readouterr().err


def test_a_site_bundle_whose_parent_was_replaced_is_refused(site, folders, monkeypatch):
    monkeypatch.setenv("LEUKAPP_BUNDLES_DIR", str(folders / "weights"))
    open_bundle(site)
    manifest = folders / "weights" / "parent" / "manifest.json"
    kept = manifest.read_bytes()
    manifest.write_text(json.dumps(json.loads(kept), indent=2))

    with pytest.raises(BundleError, match="was replaced since: commission the new one"):
        open_bundle(site)
    manifest.write_bytes(kept)
