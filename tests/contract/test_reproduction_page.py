"""The page shows the figures of the JSON beside it, and none without it."""

import re

from leukapp.model.bundle import open_bundle
from leukapp.recipes.reproduction_document import BEGIN, END, figures_of, write_figures
from leukapp.recipes.reproduction_report import Reproduction
from leukapp.training.feature_cache import trunk_key


def test_the_page_holds_what_the_result_says(repository):
    document = (repository / "docs" / "reproduction.md").read_text(encoding="utf-8")
    result = repository / "docs" / "reproduction.json"
    figures = figures_of(document)
    if result.exists():
        assert figures == write_figures(Reproduction.from_json(result.read_text(encoding="utf-8")))
    else:
        assert not re.search(r"\d", figures), "figures without docs/reproduction.json"


def test_the_words_around_hold_no_figure_of_ours(repository):
    """Numbers outside the marks are the recipe's and the published one, which never change."""
    document = (repository / "docs" / "reproduction.md").read_text(encoding="utf-8")
    words = document.split(BEGIN)[0] + document.split(END)[1]
    assert set(re.findall(r"\d+(?:\.\d+)?(?= ?%)", words)) <= {"99.3", "70", "10", "20"}


def test_the_figures_are_of_the_frozen_networks_that_are_shipped(repository):
    """A bundle with another cell backbone asks for ``leukapp reproduce`` to be run again."""
    bundle = open_bundle(repository / "weights" / "compact")
    text = (repository / "docs" / "reproduction.json").read_text(encoding="utf-8")
    shipped = tuple(
        trunk_key(spec.backbone, spec.input_size_px, bundle.read_trunk(spec))
        for spec in bundle.preset.branches
    )
    assert Reproduction.from_json(text).trunk_keys == shipped
