"""Small networks with lively random weights, for tests that need no trained bundle."""

import functools
import shutil
import tempfile
from pathlib import Path

import numpy as np

from leukapp.inference.fit_decision import fit_gate
from leukapp.model.bundle import Bundle, open_bundle, write_bundle
from leukapp.model.dense import DenseLayer, DenseStack
from leukapp.model.fusion import (
    BranchHead,
    Heads,
    NetworkWeights,
    initial_fusion,
    initial_head,
)
from leukapp.model.manifest import Thresholds, TrainingRecord
from leukapp.model.presets import BranchSpec, Preset
from leukapp.model.weights_io import Arrays

SIZE_PX = 64
TINY_PRESET = Preset(
    name="tiny",
    late_fusion=0.5,
    branches=(
        BranchSpec(
            name="first", backbone="efficientnet_lite2", input_size_px=SIZE_PX, hands_on="pooled"
        ),
        BranchSpec(
            name="second",
            backbone="mobilenetv3large",
            input_size_px=SIZE_PX,
            hands_on="imagenet_probabilities",
        ),
    ),
)


def lively_arrays(arrays: Arrays, rng: np.random.Generator) -> Arrays:
    """Random values under which activations neither die nor explode."""
    lively: Arrays = {}
    for name, values in sorted(arrays.items()):
        if name.endswith("gamma"):
            lively[name] = rng.uniform(0.8, 1.2, values.shape).astype(np.float32)
        elif name.endswith("variance"):
            lively[name] = np.ones_like(values)
        elif values.ndim == 0:
            lively[name] = values
        elif name.endswith(("beta", "mean", "bias")):
            lively[name] = rng.normal(0, 0.1, values.shape).astype(np.float32)
        else:
            n_inputs = max(1, int(np.prod(values.shape[:-1])))
            if "depthwise" in name or values.shape[-1] == 1:
                n_inputs = int(np.prod(values.shape[:2]))
            scale = np.sqrt(2 / n_inputs)
            lively[name] = rng.normal(0, scale, values.shape).astype(np.float32)
    return lively


def lively_stack(stack: DenseStack, rng: np.random.Generator) -> DenseStack:
    """Dense layers of the same shapes with random values."""
    return tuple(
        DenseLayer(
            kernel=rng.normal(0, np.sqrt(2 / layer.kernel.shape[0]), layer.kernel.shape).astype(
                np.float32
            ),
            bias=rng.normal(0, 0.1, layer.bias.shape).astype(np.float32),
            activation=layer.activation,
        )
        for layer in stack
    )


def lively_weights(preset: Preset, seed: int = 0) -> NetworkWeights:
    """Weights of a whole network, random but seeded."""
    from leukapp.model.backbones import build_backbone
    from leukapp.model.weights_io import model_arrays

    rng = np.random.default_rng(seed)
    backbones, heads = [], []
    for spec in preset.branches:
        backbone = build_backbone(spec.backbone, spec.input_size_px)
        backbones.append(lively_arrays(model_arrays(backbone.model), rng))
        head = initial_head(spec, backbone.model.output.shape[-1], backbone.imagenet_top)
        heads.append(
            BranchHead(
                imagenet_top=lively_stack(head.imagenet_top, rng),
                embed=lively_stack(head.embed, rng),
                classify=lively_stack(head.classify, rng),
            )
        )
    fusion = lively_stack(initial_fusion(len(heads)), rng)
    together = Heads(branches=tuple(heads), fusion=fusion, late_fusion=preset.late_fusion)
    return NetworkWeights(backbones=tuple(backbones), heads=together)


def write_tiny_bundle(folder: Path, *, preset: Preset = TINY_PRESET, seed: int = 0) -> Bundle:
    """A whole bundle with random weights and open limits: every image is called."""
    return open_bundle(shutil.copytree(_written_once(preset, seed).name, folder))


@functools.cache
def _written_once(preset: Preset, seed: int) -> "tempfile.TemporaryDirectory[str]":
    """A bundle to copy, until the process ends: building its networks takes seconds."""
    folder = tempfile.TemporaryDirectory(prefix="leukapp-tiny-")
    _write_tiny_bundle(Path(folder.name), preset, seed)
    return folder


def _write_tiny_bundle(folder: Path, preset: Preset, seed: int) -> None:
    weights = lively_weights(preset, seed)
    n_features = sum(
        (head.imagenet_top or head.embed)[0].kernel.shape[0] for head in weights.heads.branches
    )
    rng = np.random.default_rng(seed)
    write_bundle(
        folder,
        preset=preset,
        weights=weights,
        gate=fit_gate(rng.normal(0, 1, (20, n_features)).astype(np.float32), seed=0),
        thresholds=Thresholds(
            temperature=1.0,
            min_confidence=0.0,
            max_feature_distance=2.0,
            false_reject_fraction=0.0,
        ),
        training=TrainingRecord(
            protocol="grouped",
            seed=seed,
            catalog_sha256="0" * 64,
            sources={"synthetic": {"ALL": 1}},
            train_groups=("a",),
            validation_groups=("b",),
            test_groups=("c",),
            created_utc="2026-01-01T00:00:00+00:00",
            library_versions={},
        ),
    )
