import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from leukapp.cli import main
from leukapp.errors import BackboneWeightsError, CatalogError, TrainingError
from leukapp.evaluation.feature_map import find_feature_map
from leukapp.evaluation.held_out import read_held_out
from leukapp.evaluation.held_out_tables import read_bundle_table
from leukapp.evaluation.report import EvaluationReport
from leukapp.model import presets
from leukapp.model.bundle import open_bundle
from leukapp.model.presets import Hyperparameters, paper_recipe
from leukapp.recipes.checked_catalog import read_checked_catalog
from leukapp.recipes.evaluate import EvaluateOptions, evaluate_bundle
from leukapp.recipes.train import TrainOptions, train_bundle

pytestmark = pytest.mark.keras


def spoil(data):
    """One damaged file, one picture under two labels (once turned), one that is no image."""
    damaged = sorted((data / "AML").iterdir())[-1]
    damaged.write_bytes(damaged.read_bytes()[:300])
    (data / "ALL" / "notes.png").write_text("no image")
    original = sorted((data / "ALL").glob("ALL_*.png"))[0]
    with Image.open(original) as image:
        image.transpose(Image.Transpose.ROTATE_90).save(data / "Healthy" / "copy.png")
    return damaged, original


@pytest.fixture(scope="module")
def data(draw_data):
    folder = draw_data(11)
    spoil(folder)
    return folder


@pytest.fixture(scope="module")
def work_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("work")


@pytest.fixture(scope="module")
def trained(data, tiny_preset, work_dir, tmp_path_factory):
    out = tmp_path_factory.mktemp("trained") / "a"
    return train_bundle(TrainOptions(preset="tiny", data=data, out=out, work_dir=work_dir))


def figures_of(bundle):
    content = json.loads((bundle.folder / "report.json").read_text())
    return content["sources"]


def test_a_bundle_says_how_good_it_is(trained):
    report = EvaluationReport.from_json((trained.folder / "report.json").read_text())
    assert [(one.protocol, one.report.n_images) for one in report.sources] == [("grouped", 6)]
    table = read_bundle_table(trained.folder / "held_out.csv")
    placed = find_feature_map(trained.folder, table.sha256, 6)
    assert placed is not None
    assert np.isfinite(placed.components[:, 0]).any()
    assert "held_out_map.npz" in json.loads((trained.folder / "papers.json").read_text())["files"]
    curves = json.loads((trained.folder / "loss_curves.json").read_text())
    assert [curve["stage"] for curve in curves] == ["branch:first", "branch:second", "fusion"]
    assert all(len(curve["loss"]) == 3 for curve in curves)
    assert curves[0]["loss"][-1] < curves[0]["loss"][0]
    findings = json.loads((trained.folder / "data_findings.json").read_text())
    assert {finding["kind"] for finding in findings} >= {
        "unreadable_file",
        "duplicate_across_labels",
    }


def test_the_same_seed_gives_the_same_figures(trained, data, tmp_path):
    again = train_bundle(
        TrainOptions(preset="tiny", data=data, out=tmp_path / "b", work_dir=tmp_path / "work")
    )
    assert figures_of(again) == figures_of(trained)
    first, second = (read_held_out(bundle.folder / "held_out.csv") for bundle in (trained, again))
    np.testing.assert_array_equal(first.probabilities, second.probabilities)


def test_unfreezing_changes_the_backbones(trained, data, work_dir, tmp_path):
    lines = []
    options = TrainOptions(
        preset="tiny", data=data, out=tmp_path / "tuned", work_dir=work_dir, unfreeze_epochs=1
    )
    tuned = train_bundle(options, report=lines.append)
    assert "fusion: taken from an earlier run" in lines
    before, after = trained.read_weights().backbones, tuned.read_weights().backbones
    for old, new in zip(before, after, strict=True):
        kernels = [name for name in old if name.endswith("kernel")]
        assert any((old[name] != new[name]).any() for name in kernels)
        statistics = [name for name in old if "moving_" in name]
        assert statistics
        assert all((old[name] == new[name]).all() for name in statistics)
    assert any(line.startswith("fine-tuning epochs") for line in lines)
    told = "\n".join(lines)
    assert ", grouped: 6 images of" in told
    assert f"LEUKAPP_BUNDLE={tuned.folder} leukapp app" in lines[-3]
    assert f"leukapp evaluate --bundle {tuned.folder} --data" in lines[-1]
    curves = json.loads((tuned.folder / "loss_curves.json").read_text())
    assert curves[-1]["stage"] == "fine-tuning"
    assert len(curves[-1]["validation_loss"]) == 1


def test_the_protocol_of_the_paper_trains_its_recipe(
    tiny_preset, data, work_dir, tmp_path, monkeypatch
):
    """Whatever else the preset has, nothing but its backbones is left."""
    tuned = replace(
        tiny_preset,
        late_fusion=2 / 3,
        n_turns=4,
        hyperparameters=Hyperparameters(batch_size=256, standardize=True, balance_sources=True),
    )
    monkeypatch.setitem(presets.PRESETS, "tuned", tuned)
    options = TrainOptions(
        preset="tuned",
        data=data,
        out=tmp_path / "paper",
        work_dir=work_dir,
        protocol="paper",
        n_epochs=1,
    )
    bundle = train_bundle(options)
    assert bundle.preset == paper_recipe(tuned, n_epochs=1)
    assert bundle.heads.late_fusion == 0
    assert {len(head.imagenet_top[-1].bias) for head in bundle.heads.branches} == {1000}
    card = (bundle.folder / "model_card.md").read_text()
    assert "Assumed, since the paper states neither: an input of 64 pixels a side" in card


def test_evaluate_writes_everything(trained, draw_data, tmp_path, capsys):
    data = draw_data(3, first_seed=100)
    other = shutil.copytree(trained.folder, tmp_path / "other")
    words = ["evaluate", "--bundle", trained.folder, "--data", data, "--out", tmp_path / "out"]
    status = main([str(word) for word in [*words, "--compare", other]])
    printed = capsys.readouterr().out
    assert status == 0
    assert "This bundle minus it" in printed
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    EvaluationReport.from_json((tmp_path / "out" / "report.json").read_text())
    (figures,) = report["sources"]
    assert {"weighted_f1", "macro_f1", "macro_auroc", "per_class"} <= figures["report"].keys()
    (details,) = report["details"]
    assert np.array(details["confusion"]).sum() == 9
    assert np.allclose(np.array(details["confusion_of_true"]).sum(axis=1), 1)
    assert [curve["class_name"] for curve in details["roc"]] == ["ALL", "AML", "Healthy"]
    assert [curve["class_name"] for curve in details["pr"]] == ["ALL", "AML", "Healthy"]
    assert details["roc"][0]["false_positive_rate"][-1] == 1
    assert [row["branch"] for row in details["ablation"]] == [None, "first", "second"]
    assert report["step"]["images"] == 32
    assert report["step"]["milliseconds"] > 0
    (compared,) = report["other_bundles"]
    assert compared["name"] == "other"
    assert compared["compared"]["difference"]["value"] == 0
    held_out = read_held_out(tmp_path / "out" / "held_out.csv")
    assert held_out.bundle_sha256 == trained.sha256
    assert [branch.name for branch in held_out.branches] == ["first", "second"]
    assert (tmp_path / "out" / "held_out_other.csv").is_file()


def test_bad_files_are_named_and_left_out(trained, draw_data, tmp_path):
    data = draw_data(4, first_seed=200)
    damaged, original = spoil(data)
    lines = []
    printed = evaluate_bundle(
        EvaluateOptions(bundle=trained.folder, data=data, out=tmp_path), report=lines.append
    )
    report = json.loads((tmp_path / "report.json").read_text())
    kinds = {finding["kind"]: finding["sample_ids"] for finding in report["data_findings"]}
    assert kinds["duplicate_across_labels"] == [f"ALL/{original.name}", "Healthy/copy.png"]
    named = [f["sample_ids"][0] for f in report["data_findings"] if f["kind"] == "unreadable_file"]
    assert sorted(named) == ["ALL/notes.png", f"AML/{damaged.name}"]
    assert report["sources"][0]["report"]["n_images"] == 10
    told = "\n".join(lines)
    assert f"left out: AML/{damaged.name}: " in told
    assert "The same image is labelled ALL and Healthy." in told
    assert "The data check left 4 images out" in printed
    kept = read_checked_catalog(data)
    assert kept.n_left_out == 4
    assert len(kept.catalog) == 10


def test_an_unknown_label_in_a_table_is_named(draw_data, tmp_path):
    data = draw_data(1)
    rows = [f"{label}/{label}_0.png,{label},g,s" for label in ("ALL", "AML")]
    table = data / "table.csv"
    table.write_text("\n".join(["path,label,group,source", *rows, "Healthy/Healthy_0.png,CML,g,s"]))
    checked = read_checked_catalog(table)
    assert any(finding.kind == "unknown_label" for finding in checked.findings)
    assert len(checked.catalog) == 2


def test_nothing_usable(tmp_path):
    (tmp_path / "ALL").mkdir()
    (tmp_path / "ALL" / "a.png").write_text("no image")
    with pytest.raises(CatalogError, match="no image of the data can be used"):
        read_checked_catalog(tmp_path)


def test_everything_was_trained_on(trained, data, tmp_path):
    seen = {*trained.training.train_groups, *trained.training.validation_groups}
    # Groups carry the folder's name, so the copy keeps it.
    copy = shutil.copytree(data, tmp_path / data.name)
    for path in copy.rglob("*.png"):
        if not any(path.name in group for group in seen):
            path.unlink()
    with pytest.raises(CatalogError, match="was trained on every image of this data or"):
        evaluate_bundle(EvaluateOptions(bundle=trained.folder, data=copy, out=tmp_path))


def test_copies_of_training_images_are_told_under_any_name(trained, data, draw_data, tmp_path):
    """Another folder, other file names, another format and a turn: every group name is new."""
    assert trained.training_images is not None
    for number, path in enumerate(sorted(data.rglob("*.png"))):
        folder = tmp_path / "mine" / path.parent.name
        folder.mkdir(parents=True, exist_ok=True)
        if path.stat().st_size < 400 or path.name in {"notes.png", "copy.png"}:
            continue
        with Image.open(path) as image:
            turned = image.convert("RGB").transpose(Image.Transpose.ROTATE_90)
            turned.save(folder / f"cell{number}.jpg", quality=70)
    printed = evaluate_bundle(
        EvaluateOptions(bundle=trained.folder, data=tmp_path / "mine", out=tmp_path / "out")
    )
    n_given = len(list((tmp_path / "mine").rglob("*.jpg")))
    held_out = read_held_out(tmp_path / "out" / "held_out.csv")
    n_trained = len(trained.training_images)
    assert f"{n_trained} images were left out as copies" in printed
    assert len(held_out) == n_given - n_trained
    assert "holds no hashes" not in printed


def test_a_bundle_without_hashes_says_that_groups_alone_were_compared(trained, draw_data, tmp_path):
    folder = shutil.copytree(trained.folder, tmp_path / "old")
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["files"]["training_images.json"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert open_bundle(folder).training_images is None
    data = draw_data(1, first_seed=400)
    printed = evaluate_bundle(EvaluateOptions(bundle=folder, data=data, out=tmp_path / "out"))
    assert "holds no hashes of its training images" in printed


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"unfreeze_epochs": -1}, "--unfreeze must be"), ({"n_epochs": 0}, "--epochs must be")],
)
def test_options_out_of_range(data, tiny_preset, tmp_path, changes, message):
    with pytest.raises(TrainingError, match=message):
        train_bundle(TrainOptions(preset="tiny", data=data, out=tmp_path, **changes))


def test_a_file_of_other_weights_is_one_sentence(data, write_keras_weights, tmp_path):
    written = write_keras_weights("mobilenetv3large")
    wrong = tmp_path / "xception_weights_tf_dim_ordering_tf_kernels.h5"
    shutil.copy(written / "weights_mobilenet_v3_large_224_1.0_float.h5", wrong)
    options = TrainOptions(
        preset="xception", data=data, out=tmp_path / "b", backbone_weights=tmp_path
    )
    with pytest.raises(BackboneWeightsError, match=f"{wrong.name} does not hold the ImageNet"):
        train_bundle(options)
    wrong.write_bytes(b"no such file")
    with pytest.raises(BackboneWeightsError, match=f"{wrong.name} does not hold the ImageNet"):
        train_bundle(options)


def test_a_missing_weight_file_is_one_sentence(data, tmp_path):
    with pytest.raises(
        BackboneWeightsError,
        match=r"put the ImageNet weight file efficientnetb7.h5 of keras.applications into",
    ):
        train_bundle(
            TrainOptions(preset="paper", data=data, out=tmp_path, backbone_weights=tmp_path)
        )


def test_the_bundle_opens_again(trained):
    assert open_bundle(trained.folder).sha256 == trained.sha256
