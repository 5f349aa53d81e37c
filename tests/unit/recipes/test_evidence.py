"""The evidence of a table of laboratories that nobody has heard of; block means for backbones."""

import csv
import json
from types import SimpleNamespace

import numpy as np
import pytest

from leukapp.data.readers import read_catalog
from leukapp.errors import CatalogError
from leukapp.evaluation.held_out import read_held_out
from leukapp.inference.fit_decision import fit_gate
from leukapp.labels import CLASS_NAMES
from leukapp.model.dense import DenseLayer
from leukapp.model.fusion import BranchHead, Heads
from leukapp.model.manifest import CallLimits, Thresholds
from leukapp.model.presets import BranchSpec, Preset
from leukapp.recipes import evidence, evidence_features, evidence_networks
from leukapp.recipes.evidence_networks import EvidenceOptions
from leukapp.recipes.fitting import fit_limits
from leukapp.training.feature_cache import FrozenBackbone
from leukapp.training.frozen_backbones import PreparedBackbone

SOURCES = ("north_1", "north_2", "north_3", "south", "east")
NEVER_TRAINED = {"north_3", "east"}
SIZE_PX = 32
PRESET = Preset(
    name="blocks",
    branches=tuple(
        BranchSpec(name=name, backbone="efficientnet_lite2", input_size_px=SIZE_PX)
        for name in ("first", "second")
    ),
)


def write_table(folder):
    """Of each class three images a source; east has another leukemia in AML's place."""
    rows = []
    for label in CLASS_NAMES:
        for index, path in enumerate(sorted((folder / label).iterdir())):
            source = SOURCES[index // 3]
            role = "external" if source in NEVER_TRAINED else "train"
            known = "other_leukemia" if source == "east" and label == "AML" else label
            laboratory = source.partition("_")[0]
            rows.append(
                (f"{label}/{path.name}", known, f"{label}{index}", source, laboratory, role, "")
            )
    with (folder / "samples.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("path", "label", "group", "source", "lab", "role", "cell_label"))
        writer.writerows(rows)


def block_backbone(spec, **_weights):
    def forward(batch):
        return batch.reshape(len(batch), 4, 8, 4, 8, 3).mean(axis=(2, 4)) / 255

    frozen = FrozenBackbone(key=spec.name, input_size_px=SIZE_PX, forward=forward)
    return PreparedBackbone(arrays={}, imagenet_top=(), frozen=frozen)


def some_heads():
    rng = np.random.default_rng(0)

    def dense(n_inputs, n_outputs):
        kernel = rng.normal(0, 1, (n_inputs, n_outputs)).astype(np.float32)
        return DenseLayer(kernel=kernel, bias=np.zeros(n_outputs, np.float32), activation="linear")

    branch = BranchHead(imagenet_top=(), embed=(dense(3, 4),), classify=(dense(4, 3),))
    return Heads(branches=(branch, branch), fusion=(dense(8, 3),), late_fusion=0.0)


@pytest.fixture
def bundle(tmp_path):
    limits = CallLimits(healthy=0.5, leukemia=0.5, types={"ALL": 0.5, "AML": 0.5})
    return SimpleNamespace(
        preset=PRESET,
        class_names=CLASS_NAMES,
        heads=some_heads(),
        gate=fit_gate(np.random.default_rng(0).normal(0, 1, (9, 6)).astype(np.float32), seed=0),
        thresholds=Thresholds(
            temperature=1.0,
            min_confidence=0.0,
            max_feature_distance=2.0,
            false_reject_fraction=0.0,
            limits=limits,
        ),
        training=SimpleNamespace(seed=0, protocol="grouped", catalog_sha256=""),
        sha256="ab" * 32,
        read_finder=lambda: None,
    )


def test_every_source_and_laboratory_is_judged_by_a_network_that_never_saw_it(
    draw_data, bundle, tmp_path, monkeypatch
):
    data = draw_data(15, size_px=64)
    write_table(data)
    bundle.training.catalog_sha256 = read_catalog(data).sha256()
    for part, name in enumerate(("train_groups", "validation_groups", "test_groups")):
        groups = {f"north:{label}{index}" for label in CLASS_NAMES for index in range(part, 9, 3)}
        groups |= {f"south:{label}{index}" for label in CLASS_NAMES for index in range(part, 12, 3)}
        setattr(bundle.training, name, tuple(groups))
    learned = []

    def fit(_preset, corpus, train, validation, *, seed, calling, **_settings):
        images = np.concatenate([train, validation])[:, 0]
        learned.append({corpus.samples[i].source for i in corpus.sample_indices[images]})
        fitted = fit_limits(some_heads(), (), corpus, train, validation, seed=seed)
        assert calling is bundle.thresholds
        return fitted

    monkeypatch.setattr(evidence, "open_bundle", lambda _folder: bundle)
    monkeypatch.setattr(evidence_features, "prepare_backbone", block_backbone)
    monkeypatch.setattr(evidence_networks, "fit_network", fit)
    monkeypatch.setattr(evidence_networks, "N_FOLDS", 2)
    lines = []
    found = evidence.gather_evidence(
        EvidenceOptions(data=data, bundle=tmp_path, work_dir=tmp_path / "work", folds=("south",)),
        report=lines.append,
    )
    # Without north, without each of its sources that train, without south, two folds of south.
    assert learned[:4] == [
        {"south"},
        {"north_2", "south"},
        {"north_1", "south"},
        {"north_1", "north_2"},
    ]
    assert learned[4:] == [{"north_1", "north_2", "south"}] * 2
    judged = {(row.kind, row.name): row for row in found.rows}
    assert {row.name: row.n_images for row in found.rows if row.kind == "held-out groups"} == {
        "north_1": 3,
        "north_2": 3,
        "south": 3,
    }
    assert {key: row.n_images for key, row in judged.items() if key[0] != "held-out groups"} == {
        ("source never seen", "north_3"): 9,
        ("source never seen", "east"): 6,
        ("other leukemia", "east"): 3,
        ("laboratory left out", "north_1"): 9,
        ("laboratory left out", "north_2"): 9,
        ("laboratory left out", "north_3"): 9,
        ("source left out", "north_1"): 9,
        ("source left out", "north_2"): 9,
        ("laboratory left out", "south"): 9,
        ("folds over groups", "south"): 9,
    }
    assert judged["other leukemia", "east"].accuracy is None
    assert judged["laboratory left out", "south"].laboratory == "south"
    assert judged["laboratory left out", "south"].background is not None
    folder = tmp_path / "evidence"
    assert json.loads((folder / "evidence.json").read_text())["bundle_sha256"] == bundle.sha256
    assert (folder / "evidence.md").read_text() == found.to_markdown()
    table = read_held_out(folder / "south_laboratory_left_out.csv")
    assert (len(table), set(table.sources)) == (9, {"south"})
    bundle.training.protocol = "paper"
    with pytest.raises(CatalogError, match="protocol that leaks"):
        evidence.gather_evidence(EvidenceOptions(data=data, bundle=tmp_path))
    assert any(line.startswith("training: south, laboratory left out: at most") for line in lines)
