import os
from pathlib import Path

import numpy as np
import pytest
from networks import lively_arrays
from PIL import Image

from leukapp.imaging.synthetic import draw_synthetic_cell
from leukapp.model import presets
from leukapp.model.presets import BranchSpec, Hyperparameters, Preset

KINDS = {"ALL": "lymphoblast", "AML": "myeloblast", "Healthy": "neutrophil"}


@pytest.fixture(scope="session")
def write_keras_weights(tmp_path_factory):
    """Writes .h5 files as keras.applications names them, with lively seeded weights."""
    from leukapp.model.backbone_list import BACKBONES
    from leukapp.model.weights_io import model_arrays, set_model_arrays

    folder = tmp_path_factory.mktemp("keras-weights")

    def write(*names):
        for name in names:
            spec = BACKBONES[name]
            model = spec.build(weights=None, include_top=True)
            arrays = lively_arrays(model_arrays(model), np.random.default_rng(0))
            # Fifty residual blocks would raise activations a thousandfold with full gain.
            tame = {n: a * 0.95 if n.endswith("gamma") else a for n, a in arrays.items()}
            set_model_arrays(model, tame)
            model.save(folder / spec.weight_file)
        return folder

    return write


@pytest.fixture(scope="session")
def draw_data(tmp_path_factory):
    """Draws a folder for each class with synthetic cells, n of each."""

    def draw(n, *, first_seed=0, size_px=96):
        root = tmp_path_factory.mktemp("data")
        for label, kind in KINDS.items():
            (root / label).mkdir()
            for seed in range(first_seed, first_seed + n):
                image = draw_synthetic_cell(kind, seed=seed, size_px=size_px)
                Image.fromarray(image).save(root / label / f"{label}_{seed}.png")
        return root

    return draw


@pytest.fixture(scope="session")
def tiny_preset(write_keras_weights):
    """A fused preset at 64 px, named ``tiny`` for a session; its .h5 file lies where it is sought.

    One branch hands on pooled features, the other ImageNet probabilities.
    """
    branches = (
        BranchSpec(name="first", backbone="efficientnet_lite2", input_size_px=64),
        BranchSpec(
            name="second",
            backbone="mobilenetv3large",
            input_size_px=64,
            hands_on="imagenet_probabilities",
        ),
    )
    preset = Preset(
        name="tiny", branches=branches, hyperparameters=Hyperparameters(n_epochs=3, patience=3)
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(presets.PRESETS, "tiny", preset)
        patch.setenv("LEUKAPP_BACKBONE_DIR", str(write_keras_weights("mobilenetv3large")))
        yield preset


@pytest.fixture(scope="session")
def data_root(repository):
    folder = Path(os.environ.get("LEUKAPP_DATA_DIR", repository.parent / "shared" / "data"))
    if not (folder / "samples.csv").is_file():
        pytest.skip("the real smear images are not here; set LEUKAPP_DATA_DIR to their folder")
    return folder
