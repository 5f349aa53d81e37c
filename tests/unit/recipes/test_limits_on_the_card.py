"""The model card says from when a bundle of two steps makes a call."""

from dataclasses import replace
from pathlib import Path

from leukapp.model.bundle import open_bundle
from leukapp.model.manifest import CallLimits
from leukapp.recipes.bundle_artifacts import model_card


def test_each_limit_stands_on_the_card(repository: Path) -> None:
    bundle = open_bundle(repository / "weights" / "compact")
    limits = CallLimits(healthy=0.95, leukemia=0.9, types={"ALL": None, "AML": 0.975})
    in_steps = replace(bundle, thresholds=replace(bundle.thresholds, limits=limits))

    card = " ".join(model_card(in_steps, "").split())
    assert "neither Healthy (from 0.95) nor leukemia (from 0.9) is probable enough" in card
    assert "(ALL never, AML from 0.975)" in card
    assert "do not all name one class" not in card
    of_one_limit = replace(
        bundle, thresholds=replace(bundle.thresholds, limits=None, mode_limits={})
    )
    assert "do not all name one class" in " ".join(model_card(of_one_limit, "").split())


def test_limits_of_a_mode_stand_beside_those_of_all(repository: Path) -> None:
    bundle = open_bundle(repository / "weights" / "compact")
    limits = CallLimits(healthy=0.95, leukemia=0.9, types={"ALL": None, "AML": 0.975})
    of_cells = replace(limits, healthy=0.8, leukemia=None)
    thresholds = replace(bundle.thresholds, limits=limits, mode_limits={"cell": of_cells})

    card = " ".join(model_card(replace(bundle, thresholds=thresholds), "").split())
    assert (
        "For a single cell instead: Healthy from 0.8, leukemia never, ALL never, AML from" in card
    )
