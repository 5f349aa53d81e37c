import dataclasses
import re

import numpy as np
import pytest

from experiments.reproduction.document import BEGIN, END, fill_document
from experiments.reproduction.report import (
    BaseModelRow,
    PartCost,
    ProtocolFigures,
    Reproduction,
    ReproductionRow,
    SetFigures,
    flatten_recipe,
)
from experiments.reproduction.tables import write_tables
from leukapp.errors import HeldOutError, LeukappError
from leukapp.evaluation.held_out import HeldOutSet
from leukapp.evaluation.metrics import evaluate_predictions
from leukapp.model.presets import get_preset, paper_recipe


def figures(protocol, n_wrong):
    """Twelve images of four groups, the first so many of them wrong."""
    true = np.arange(12) % 3
    predicted = np.where(np.arange(12) < n_wrong, (true + 1) % 3, true)
    held_out = HeldOutSet(
        sample_ids=tuple(f"image-{i}" for i in range(12)),
        groups=tuple(f"group-{i % 4}" for i in range(12)),
        groups_known=np.ones(12, np.bool_),
        sources=("three classes",) * 12,
        true_labels=true,
        probabilities=np.eye(3)[predicted] * 0.7 + 0.1,
        branches=(),
        is_called=np.ones(12, np.bool_),
        no_call_reasons=(None,) * 12,
        protocol=protocol,
        bundle_sha256="",
    )
    return ProtocolFigures(n_distinct_images=12, report=evaluate_predictions(held_out))


@pytest.fixture
def result():
    return Reproduction(
        preset="compact",
        backbones=("efficientnet_lite2", "mobilenetv3large_cells"),
        recipe=flatten_recipe(paper_recipe(get_preset("compact"))),
        tables=(2, 3, 4, 5, 8),
        seed=0,
        notes=("Drawn by a test.",),
        sets=(
            SetFigures(
                set_name="three classes",
                n_images=60,
                n_groups=20,
                images_of_label={"ALL": 20, "AML": 20, "Healthy": 20},
                n_paper_items=(672, 96, 192),
                n_grouped_images=(42, 6, 12),
                identical_fraction=0.7,
                sibling_fraction=1.0,
                background_paper=0.9,
                background_grouped=0.8,
            ),
        ),
        rows=(
            ReproductionRow(
                set_name="three classes",
                decider="ablation",
                model="first through the meta-classifier",
                published_percent=96.4,
                published_model="EfficientNetB7",
                paper=figures("paper", 1),
                grouped=figures("grouped", 6),
            ),
            ReproductionRow(
                set_name="three classes",
                decider="fusion",
                model="**fusion**",
                published_percent=99.3,
                published_model="EfficientNetB7 and MobileNetV3Large",
                paper=figures("paper", 0),
                grouped=figures("grouped", 3),
            ),
        ),
        base_models=(
            BaseModelRow(
                set_name="three classes",
                model="Xception",
                published_percent=90.5,
                missing="not trained: its file is not at hand",
                paper=None,
                grouped=None,
            ),
            BaseModelRow(
                set_name="three classes",
                model="InceptionV3",
                published_percent=92.1,
                missing=None,
                paper=figures("paper", 0),
                grouped=figures("grouped", 9),
            ),
        ),
        costs=(
            PartCost(
                model="fusion, all together",
                n_parameters=1_234_567,
                published_parameters=None,
                milliseconds=400.0,
                published_milliseconds=228.0,
            ),
        ),
        seconds=61.5,
        processor_seconds=100.0,
        n_starts=2,
        n_cores=2,
        trunk_keys=("a", "b"),
        fingerprint=(0.25, 0.5),
    )


def test_a_result_survives_its_json(result):
    again = Reproduction.from_json(result.to_json())
    assert again.to_json() == result.to_json()
    assert write_tables(again) == write_tables(result)


def test_the_tables_are_those_of_the_paper_with_its_figures_beside(result):
    told = write_tables(result)
    headings = [line for line in told.splitlines() if line.startswith("### ")]
    assert headings == [
        "### The data",
        "### Table 2: each network alone",
        "### Table 3: parameters and time",
        "### Table 4: the data sets, decided by the fusion",
        "### Table 5: class by class",
        "### Table 8: ablation",
    ]
    assert "| 99.3 (EfficientNetB7 and MobileNetV3Large) | not at hand | 100.0 " in told
    assert "| 75.0 [" in told
    assert "| three classes | Xception | 90.5 | not trained: its file is not at hand | - |" in told
    assert "| three classes | InceptionV3 | 92.1 | 100.0 [" in told
    assert "| 1,234,567 | - | 400 | 228 |" in told
    by_class = [line for line in told.splitlines() if line.startswith("| three classes | **fu")]
    assert sum("| not at hand | 1.000 / 1.000 / 1.000 (4) |" in line for line in by_class) == 3
    assert "first through the meta-classifier | 96.4 (EfficientNetB7) | 91.7 [" in told
    hashes = ", ".join(f"{name} `{key}`" for name, key in zip(result.backbones, "ab", strict=True))
    assert f"hash of their weights and input size: {hashes}." in told
    assert "1 min 02 s on 2 cores, in 2 starts, and 1 min 40 s of processor time" in told


def test_only_the_tables_asked_for_are_written(result):
    told = write_tables(dataclasses.replace(result, tables=(4,)))
    assert "Table 4" in told
    assert not {f"Table {number}:" for number in (2, 3, 5, 8)} & set(re.findall("Table .:", told))


def test_what_the_paper_does_not_state_is_said_to_be_assumed(result):
    told = write_tables(result)
    assert "Assumed, since the paper states neither:** an input of 224 pixels a side" in told
    assert "learning rate of 0.001" in told


@pytest.mark.parametrize("text", ["", "[]", '{"preset": "compact"}', '{"preset": 3}'])
def test_other_texts_are_refused(text):
    with pytest.raises(HeldOutError, match=r"run python -m experiments\.reproduction again"):
        Reproduction.from_json(text)


def test_only_what_stands_between_the_marks_changes(result):
    before = f"# Title\n\n{BEGIN}\nold 12.3\n{END}\n\nThe end.\n"
    filled = fill_document(before, result)
    assert filled.startswith(f"# Title\n\n{BEGIN}\n")
    assert filled.endswith(f"\n{END}\n\nThe end.\n")
    assert "old 12.3" not in filled
    figures = filled.split(BEGIN)[1].split(END)[0]
    assert write_tables(result) in figures
    assert "| 90.5 (base models) | Xception |" in figures
    assert fill_document(filled, result) == filled


@pytest.mark.parametrize("document", ["no marks", BEGIN, f"{BEGIN}{BEGIN}{END}"])
def test_a_document_without_its_marks_is_refused(result, document):
    with pytest.raises(LeukappError, match="must hold the mark"):
        fill_document(document, result)
