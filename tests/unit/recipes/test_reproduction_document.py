import numpy as np
import pytest

from leukapp.errors import HeldOutError, LeukappError
from leukapp.evaluation.held_out import HeldOutSet
from leukapp.evaluation.metrics import evaluate_predictions
from leukapp.recipes.reproduction_document import BEGIN, END, figures_of, fill_document
from leukapp.recipes.reproduction_report import (
    ProtocolFigures,
    Reproduction,
    ReproductionRow,
    SetFigures,
    StepTime,
)


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
        seed=0,
        n_epochs=100,
        patience=50,
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
                model="**fusion**",
                published_percent=99.3,
                published_model="EfficientNetB7 and MobileNetV3Large",
                paper=figures("paper", 0),
                grouped=figures("grouped", 3),
            ),
        ),
        step_times=(StepTime(model="fusion", milliseconds=400.0, published_milliseconds=228.0),),
        seconds=61.5,
        is_from_scratch=True,
        n_cores=2,
        trunk_keys=("a", "b"),
    )


def test_a_result_survives_its_json(result):
    again = Reproduction.from_json(result.to_json())
    assert again.to_json() == result.to_json()
    assert again.to_markdown() == result.to_markdown()
    assert "| 99.3 (EfficientNetB7 and MobileNetV3Large) | 100.0 " in again.to_markdown()
    assert "| 75.0 [" in again.to_markdown()
    hashes = ", ".join(f"{name} `{key}`" for name, key in zip(again.backbones, "ab", strict=True))
    assert f"hash of their weights and input size: {hashes}." in again.to_markdown()


@pytest.mark.parametrize("text", ["", "[]", '{"preset": "compact"}', '{"preset": 3}'])
def test_other_texts_are_refused(text):
    with pytest.raises(HeldOutError, match="run leukapp reproduce again"):
        Reproduction.from_json(text)


def test_only_what_stands_between_the_marks_changes(result):
    before = f"# Title\n\n{BEGIN}\nold 12.3\n{END}\n\nThe end.\n"
    filled = fill_document(before, result)
    assert filled.startswith(f"# Title\n\n{BEGIN}\n")
    assert filled.endswith(f"\n{END}\n\nThe end.\n")
    assert "old 12.3" not in filled
    assert result.to_markdown() in figures_of(filled)
    assert "| 90.5 (base models) | Xception |" in figures_of(filled)
    assert fill_document(filled, result) == filled


@pytest.mark.parametrize("document", ["no marks", BEGIN, f"{BEGIN}{BEGIN}{END}"])
def test_a_document_without_its_marks_is_refused(result, document):
    with pytest.raises(LeukappError, match="must hold the mark"):
        fill_document(document, result)
