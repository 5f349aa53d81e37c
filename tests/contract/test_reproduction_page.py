"""The page shows the figures of the JSON beside it, and none without it."""

import re

import numpy as np
import pytest

from experiments.reproduction.document import BEGIN, END, write_figures
from experiments.reproduction.report import Reproduction, flatten_recipe
from leukapp.model.bundle import open_bundle
from leukapp.model.presets import get_preset, paper_recipe
from leukapp.training.feature_cache import backbone_key


@pytest.fixture
def result(repository):
    path = repository / "docs" / "reproduction.json"
    if not path.exists():
        pytest.skip("no figures yet of the recipe as it is: run python -m experiments.reproduction")
    return Reproduction.from_json(path.read_text(encoding="utf-8"))


def test_the_page_holds_what_the_result_says(repository):
    document = (repository / "docs" / "reproduction.md").read_text(encoding="utf-8")
    result = repository / "docs" / "reproduction.json"
    figures = document.split(BEGIN)[1].split(END)[0]
    if result.exists():
        assert figures == write_figures(Reproduction.from_json(result.read_text(encoding="utf-8")))
    else:
        assert not re.search(r"\d", figures), "figures without docs/reproduction.json"


def test_the_words_around_hold_no_figure_of_ours(repository):
    """Numbers outside the marks are the recipe's and the published one, which never change."""
    document = (repository / "docs" / "reproduction.md").read_text(encoding="utf-8")
    words = document.split(BEGIN)[0] + document.split(END)[1]
    assert set(re.findall(r"\d+(?:\.\d+)?(?= ?%)", words)) <= {"99.3", "70", "10", "20"}


def test_the_figures_are_of_the_frozen_networks_that_are_shipped(repository, result):
    """A bundle with another cell backbone asks for the reproduction to be run again."""
    bundle = open_bundle(repository / "weights" / "compact")
    shipped = tuple(
        backbone_key(spec.backbone, spec.input_size_px, bundle.read_backbone(spec))
        for spec in bundle.preset.branches
    )
    assert result.trunk_keys == shipped


def test_the_figures_are_of_the_recipe_that_is_trained_now(result):
    """A field that came later has a default that changes nothing, or the next test says so."""
    now = flatten_recipe(paper_recipe(get_preset(result.preset)))
    assert {name: now.get(name) for name in result.recipe} == result.recipe


@pytest.mark.keras
def test_the_figures_are_of_the_code_that_runs_now(result):
    """Another split, enhancement, backbone or training asks for the reproduction again."""
    from experiments.reproduction.fingerprint import TOLERANCE, code_fingerprint
    from experiments.reproduction.run import prepare_recipe

    recipe = paper_recipe(get_preset(result.preset))
    now = code_fingerprint(recipe, prepare_recipe(recipe))
    np.testing.assert_allclose(now, result.fingerprint, atol=TOLERANCE)
