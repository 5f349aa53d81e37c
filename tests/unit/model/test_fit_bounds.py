"""A fit that ends on a bound is said to, in the manifest and in the model card."""

import json
from dataclasses import replace

import pytest
from networks import write_tiny_bundle

from leukapp.model.bundle import open_bundle
from leukapp.model.fit_bounds import bound_notes, fits_on_bounds
from leukapp.model.manifest import Thresholds
from leukapp.recipes.bundle_artifacts import model_card

FREE = Thresholds(
    temperature=1.4,
    min_confidence=0.84,
    max_feature_distance=1.0,
    false_reject_fraction=0.02,
    field_sharpness=0.7,
    needs_agreement=True,
)


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({}, ()),
        ({"field_sharpness": 0.0200027}, ("field_sharpness",)),
        ({"field_sharpness": 3.9999}, ("field_sharpness",)),
        ({"temperature": 1.0}, ("temperature",)),
        ({"temperature": 1.0, "field_sharpness": 0.02}, ("temperature", "field_sharpness")),
        ({"temperature": 20.0}, ("temperature",)),
    ],
)
def test_a_fit_within_its_bounds_is_not_named(changes, names):
    thresholds = replace(FREE, **changes)
    assert fits_on_bounds(thresholds) == names
    assert len(bound_notes(thresholds)) == len(names)


@pytest.mark.keras
def test_manifest_and_card_say_it(tmp_path):
    bundle = write_tiny_bundle(tmp_path / "tiny")
    assert bundle.thresholds.temperature == 1.0
    manifest = json.loads((bundle.folder / "manifest.json").read_text())
    assert manifest["fits_on_bounds"] == ["temperature"]
    (note,) = bound_notes(open_bundle(bundle.folder).thresholds)
    assert note in model_card(bundle, "")
    assert "fitted on the validation" not in model_card(bundle, "")


def test_the_shipped_card_says_where_its_fits_ended(repository):
    bundle = open_bundle(repository / "weights" / "compact")
    card = (bundle.folder / "model_card.md").read_text()
    for note in bound_notes(bundle.thresholds):
        assert note in card
