"""A bundle knows the classes of the data it was trained on, here ALL and Healthy."""

import io
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from leukapp.cli import main
from leukapp.data.d4 import apply_d4, paper_augmentations
from leukapp.data.splits import split_paper
from leukapp.diagnosis import Diagnoser
from leukapp.errors import CatalogError, TrainingError
from leukapp.evaluation.held_out import read_held_out
from leukapp.imaging.image_io import read_image
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


def test_a_leaking_bundle_is_judged_on_the_copies_of_its_test_part(draw_two, tiny_preset, tmp_path):
    data = draw_two(4)
    options = TrainOptions(
        preset="tiny",
        data=data,
        out=tmp_path / "out",
        work_dir=tmp_path,
        protocol="paper",
        n_epochs=2,
    )
    bundle = train_bundle(options)
    held_out = read_held_out(bundle.folder / "held_out.csv")
    labels = ["ALL"] * 4 + ["Healthy"] * 4
    split = split_paper(labels, seed=0)
    files = sorted(path.relative_to(data).as_posix() for path in data.rglob("*.png"))
    expected = {f"{files[row]}#{number}" for row, number in split.test.tolist()}
    assert set(held_out.sample_ids) == expected
    diagnoser = Diagnoser.open(bundle.folder, engine="openvino-f32")
    for row, name in enumerate(held_out.sample_ids[:3]):
        sample_id, number = name.split("#")
        element = paper_augmentations()[int(number)].element
        stream = io.BytesIO()
        Image.fromarray(apply_d4(read_image(data / sample_id), element)).save(stream, "PNG")
        answer = diagnoser.diagnose(stream.getvalue()).probabilities
        np.testing.assert_allclose(answer.values, held_out.probabilities[row], atol=1e-6)
    card = (bundle.folder / "model_card.md").read_text()
    assert "How good it is on copies of images that it was trained on" in card
    assert "where it was not trained" not in card


@pytest.mark.parametrize("missing", [("Healthy",), ("ALL", "AML")])
def test_healthy_and_one_leukemia_are_needed(missing, draw_data, tiny_preset, tmp_path):
    data = draw_data(4)
    for name in missing:
        shutil.rmtree(data / name)
    options = TrainOptions(preset="tiny", data=data, out=tmp_path / "out", work_dir=tmp_path)
    with pytest.raises(TrainingError, match="Healthy"):
        train_bundle(options)
