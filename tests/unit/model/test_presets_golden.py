"""The paper's parameter counts (DESIGN section 1)."""

import pytest

from leukapp.errors import LeukappError
from leukapp.imaging.enhance import EnhancementConfig
from leukapp.model.presets import (
    PAPER_BASE_MODELS,
    PRESETS,
    Hyperparameters,
    get_preset,
    paper_recipe,
)
from leukapp.recipes.describe import describe_preset

STAGE1_TOTALS = {
    "efficientnetb7": 67_686_786,
    "mobilenetv3large": 6_535_531,
    "xception": 23_938_579,
    "nasnetlarge": 89_977_917,
    "inceptionv3": 24_879_883,
    "resnet50v2": 26_641_899,
    "resnet101v2": 45_703_659,
    "efficientnetb6": 44_293_242,
}


def test_every_base_model_has_a_golden_number():
    assert STAGE1_TOTALS.keys() == PAPER_BASE_MODELS.keys()


@pytest.mark.keras
@pytest.mark.parametrize("name", STAGE1_TOTALS)
def test_base_model_counts(name):
    (branch,) = describe_preset(name).branches
    assert branch.stage1_parameters == STAGE1_TOTALS[name]
    assert branch.trainable_in_stage1 == 1_028_099


@pytest.mark.keras
def test_paper_fusion_counts():
    paper = describe_preset("paper")
    assert [branch.parameters_in_fusion for branch in paper.branches] == [67_683_711, 6_532_456]
    assert paper.meta_classifier_parameters == 2_150_143
    assert paper.total_parameters == 67_683_711 + 6_532_456 + 2_150_143
    assert paper.to_text().endswith(
        "Assumed, since the paper states neither: an input of 224 pixels a side and a learning "
        "rate of 0.001."
    )


def test_paper_hyperparameters():
    paper = get_preset("paper")
    assert (paper.hyperparameters.batch_size, paper.hyperparameters.n_epochs) == (32, 100)
    assert (paper.hyperparameters.patience, paper.hyperparameters.dropout) == (50, 0.3)
    assert {branch.input_size_px for branch in paper.branches} == {224}
    assert {branch.hands_on for branch in paper.branches} == {"imagenet_probabilities"}


@pytest.mark.parametrize("name", PRESETS)
def test_the_recipe_replaces_everything_but_the_backbones(name):
    recipe = paper_recipe(get_preset(name))
    assert (recipe.input_mode, recipe.n_turns, recipe.late_fusion) == ("whole", 1, 0.0)
    assert recipe.enhancement == EnhancementConfig()
    assert recipe.hyperparameters == Hyperparameters()
    backbones = [spec.backbone for spec in recipe.branches]
    assert backbones == [spec.backbone for spec in get_preset(name).branches]
    assert all(
        spec.hands_on == "imagenet_probabilities" or spec.backbone == "mobilenetv3large_cells"
        for spec in recipe.branches
    )


def test_the_preset_of_the_paper_is_its_recipe():
    assert paper_recipe(get_preset("paper")) == get_preset("paper")
    assert paper_recipe(get_preset("paper"), n_epochs=3).hyperparameters.n_epochs == 3
    with pytest.raises(LeukappError, match="at least 1, got 0"):
        paper_recipe(get_preset("paper"), n_epochs=0)


def test_unknown_preset_names_the_known_ones():
    with pytest.raises(LeukappError, match="choose one of paper, compact"):
        get_preset("papier")
