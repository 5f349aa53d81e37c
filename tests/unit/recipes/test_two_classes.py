"""A bundle knows the classes of the data it was trained on, here ALL and Healthy."""

import json
import shutil

import numpy as np
import pytest

from leukapp.cli import main
from leukapp.diagnosis import Diagnoser
from leukapp.errors import CatalogError, TrainingError
from leukapp.evaluation.held_out import read_held_out
from leukapp.model.bundle import open_bundle
from leukapp.recipes.evaluate import EvaluateOptions, evaluate_bundle
from leukapp.recipes.train import TrainOptions, train_bundle

pytestmark = pytest.mark.keras


@pytest.fixture(scope="module")
def draw_two(draw_data):
    def draw(n, **options):
        folder = draw_data(n, **options)
        shutil.rmtree(folder / "AML")
        return folder

    return draw


@pytest.fixture(scope="module")
def trained(draw_two, tiny_preset, tmp_path_factory):
    folder = tmp_path_factory.mktemp("two")
    options = TrainOptions(
        preset="tiny", data=draw_two(11), out=folder / "two", work_dir=folder / "work"
    )
    return train_bundle(options)


def test_the_classes_of_the_data_are_those_of_the_bundle(trained):
    assert open_bundle(trained.folder).class_names == ("ALL", "Healthy")
    held_out = read_held_out(trained.folder / "held_out.csv")
    assert held_out.class_names == ("ALL", "Healthy")
    assert held_out.probabilities.shape == (len(held_out), 2)
    assert all(branch.probabilities.shape[1] == 2 for branch in held_out.branches)
    card = (trained.folder / "model_card.md").read_text()
    assert "one of ALL (acute lymphoblastic leukemia) or Healthy" in card
    assert "AML" not in card


def test_diagnose_answers_and_explains_two_classes(trained, draw_two, capsys, tmp_path):
    image = next((draw_two(1, first_seed=50) / "ALL").iterdir())
    words = ["diagnose", image, "--bundle", trained.folder, "--json", "--heatmaps", tmp_path]
    assert main([str(word) for word in words]) == 0
    (record,) = json.loads(capsys.readouterr().out)
    assert list(record["probabilities"]) == ["ALL", "Healthy"]
    assert record["label"] in {"ALL", "Healthy", None}
    assert np.isclose(sum(record["probabilities"].values()), 1)
    assert {tuple(votes) for votes in record["branches"].values()} == {("ALL", "Healthy")}

    diagnoser = Diagnoser.open(trained.folder)
    diagnosis = diagnoser.diagnose(image)
    for name in diagnosis.class_names:
        assert diagnoser.explain(diagnosis, name).class_name == name


def test_evaluate_counts_two_classes_and_refuses_a_third(trained, draw_two, draw_data, tmp_path):
    options = EvaluateOptions(
        bundle=trained.folder, data=draw_two(3, first_seed=100), out=tmp_path / "out"
    )
    evaluate_bundle(options)
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert np.array(report["details"][0]["confusion"]).shape == (2, 2)
    three = EvaluateOptions(
        bundle=trained.folder, data=draw_data(1, first_seed=300), out=tmp_path / "three"
    )
    with pytest.raises(CatalogError, match=r"label 'AML'.* knows ALL or Healthy"):
        evaluate_bundle(three)


@pytest.mark.parametrize("missing", [("Healthy",), ("ALL", "AML")])
def test_healthy_and_one_leukemia_are_needed(missing, draw_data, tiny_preset, tmp_path):
    data = draw_data(4)
    for name in missing:
        shutil.rmtree(data / name)
    options = TrainOptions(preset="tiny", data=data, out=tmp_path / "out", work_dir=tmp_path)
    with pytest.raises(TrainingError, match="Healthy"):
        train_bundle(options)
