"""The cell backbone: what is known of a cell, how often it is drawn, and that a training runs."""

import os
from functools import partialmethod
from pathlib import Path

import numpy as np
import pytest

from experiments.backbones.archives import read_cells
from experiments.backbones.cell_types import CELL_TYPES, OF_HEALTH, possible_types
from experiments.backbones.training import (
    DOUBT,
    CellStage,
    LabelledCells,
    loss_of_possible_types,
    share_possible,
    train_cell_backbone,
)
from leukapp.imaging.enhance import EnhancementConfig
from leukapp.imaging.synthetic import draw_synthetic_cell
from leukapp.labels import OTHER_LEUKEMIA


def names(possible):
    return {name for name, is_possible in zip(CELL_TYPES, possible, strict=True) if is_possible}


def test_a_named_cell_is_of_its_type_and_another_of_those_of_its_class():
    assert names(possible_types("Blast, no lineage spec", "AML")) == {"blast"}
    assert names(possible_types("neutrophil", "AML")) == {"neutrophil"}
    assert names(possible_types("field", "Healthy")) == OF_HEALTH
    assert names(possible_types("", "ALL")) == {"lymphoblast"}
    assert not possible_types("", OTHER_LEUKEMIA).any()


@pytest.mark.real_data
def test_every_cell_type_of_the_archives_is_known():
    named = os.environ.get("LEUKAPP_DATA_DIR")
    root = Path(named) if named else Path(__file__).resolve().parents[4] / "shared" / "data"
    if not (root / "cells.csv").is_file():
        pytest.skip("the real images are not on this machine")
    assert all(possible_types(cell.cell_type, "").any() for cell in read_cells(root))


def test_loss_is_small_where_the_network_names_any_possible_type():
    logits = np.full((2, len(CELL_TYPES)), -20.0, np.float32)
    logits[:, CELL_TYPES.index("monocyte")] = 0
    possible = np.stack([possible_types("field", "Healthy"), possible_types("", "ALL")])
    loss = np.asarray(loss_of_possible_types(possible, logits))
    np.testing.assert_allclose(loss, [0, -np.log(DOUBT)], atol=1e-4)
    share = np.asarray(share_possible(possible, logits))
    assert share.tolist() == [1, 0]


def some_cells(n=12):
    kinds = ("lymphocyte", "blast", "neutrophil")
    return LabelledCells(
        images=[draw_synthetic_cell("lymphocyte", seed=i, size_px=80 + i) for i in range(n)],
        windows_px=np.full(n, 75.0),
        possible=np.stack([possible_types(kinds[i % 3], "Healthy") for i in range(n)]),
        laboratories=["a"] * (n - 1) + ["b"],
    )


def test_what_is_rare_is_drawn_more_often():
    shares = some_cells().draw_probabilities()
    assert shares.sum() == pytest.approx(1)
    # The last is the one neutrophil of its laboratory; three are of the other one.
    assert shares[-1] == pytest.approx(shares[2] * np.sqrt(3))


@pytest.fixture
def without_graph(monkeypatch):
    """Two steps run sooner one operation after the other than their graph is made."""
    import keras

    prepare = keras.Model.compile
    eagerly = partialmethod(prepare, run_eagerly=True, jit_compile=False)
    monkeypatch.setattr(keras.Model, "compile", eagerly)


def test_a_training_gives_the_weights_of_a_backbone_and_keeps_a_stage_that_ended(
    tmp_path, without_graph
):
    stage = CellStage(size_px=32, n_epochs=1, learning_rate=1e-3, batch_size=4, cells_an_epoch=8)

    def train():
        return train_cell_backbone(
            some_cells(),
            enhancement=EnhancementConfig(),
            seed=0,
            work_dir=tmp_path,
            stages=(stage,),
            report=lines.append,
        )

    lines = []
    arrays = train()
    assert not any(name.startswith("cell_type") for name in arrays)
    assert all(np.isfinite(values).all() for values in arrays.values())
    again = train()
    assert lines[-1] == "cells at 32 px: taken from an earlier run"
    assert all(np.array_equal(again[name], values) for name, values in arrays.items())
