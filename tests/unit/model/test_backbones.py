"""A backbone with weights from a file is the network that keras.applications builds itself."""

import hashlib

import numpy as np
import pytest
from networks import lively_arrays

from leukapp.errors import BackboneWeightsError
from leukapp.model.backbone_list import BACKBONES, BackboneSpec
from leukapp.model.backbones import IMAGENET_DEVIATION_RGB, load_imagenet_backbone
from leukapp.model.weights_io import model_arrays, set_model_arrays

pytestmark = pytest.mark.keras


@pytest.fixture(scope="module")
def smallest():
    """The smallest EfficientNet, which shares its constructor with B6 and B7."""
    return BackboneSpec(
        title="EfficientNetB0",
        builder="keras.applications:EfficientNetB0",
        weight_file="efficientnetb0.h5",
        rescales_twice=True,
    )


@pytest.fixture(scope="module")
def weight_file(smallest, tmp_path_factory):
    """Lively weights where Keras keeps its download of the smallest EfficientNet."""
    from keras.src.applications import efficientnet

    home = tmp_path_factory.mktemp("keras")
    file = home / "models" / smallest.weight_file
    file.parent.mkdir()
    model = smallest.build(weights=None, include_top=True)
    arrays = lively_arrays(model_arrays(model), np.random.default_rng(3))
    arrays["normalization/mean"] = np.array([0.485, 0.456, 0.406], np.float32)
    arrays["normalization/variance"] = np.array(IMAGENET_DEVIATION_RGB, np.float32)
    set_model_arrays(model, arrays)
    model.save(file)
    md5 = hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_HOME", str(home))
        # Keras reads the variable once, when it is imported.
        patch.setattr("keras.src.backend.config._KERAS_DIR", str(home))
        patch.setitem(efficientnet.WEIGHTS_HASHES, "b0", (md5, ""))
        patch.setitem(BACKBONES, "efficientnetb0", smallest)
        patch.delenv("LEUKAPP_BACKBONE_DIR", raising=False)
        yield file


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).uniform(0, 255, (1, 224, 224, 3)).astype(np.float32)


def last_activation(model, images):
    import keras

    of_layer = keras.Model(model.input, model.get_layer("top_activation").output)
    return np.asarray(of_layer(images))


def test_weights_from_a_file_see_the_input_they_were_trained_on(smallest, weight_file, images):
    downloaded = smallest.build(weights="imagenet", include_top=True)
    ours = load_imagenet_backbone("efficientnetb0", 224).model
    np.testing.assert_allclose(ours(images), last_activation(downloaded, images), atol=2e-4)


def test_the_way_of_tensorflow_2_9_is_an_option(smallest, weight_file, images):
    once = smallest.build(weights=None, include_top=True)
    once.load_weights(weight_file)
    ours = load_imagenet_backbone("efficientnetb0", 224, stem_input="tensorflow_2_9").model
    np.testing.assert_allclose(ours(images), last_activation(once, images), atol=2e-4)
    as_trained = load_imagenet_backbone("efficientnetb0", 224).model
    assert np.abs(np.asarray(as_trained(images)) - np.asarray(ours(images))).max() > 0.02


def test_a_named_folder_stands_before_the_one_of_keras(weight_file, tmp_path):
    with pytest.raises(BackboneWeightsError, match="put the ImageNet weight file efficientnetb0"):
        load_imagenet_backbone("efficientnetb0", 224, weights_dir=tmp_path)


@pytest.mark.parametrize("name", ["efficientnetb7", "xception"])
def test_the_registry_knows_what_keras_adds_for_its_own_weights(name, monkeypatch):
    import keras

    monkeypatch.setattr("keras.src.utils.file_utils.get_file", lambda *_, **__: "unread.h5")
    monkeypatch.setattr(keras.Model, "load_weights", lambda *_: None)
    model = BACKBONES[name].build(weights="imagenet", include_top=True)
    factors = [layer.scale for layer in model.layers if isinstance(layer, keras.layers.Rescaling)]
    again = [np.ravel(factor).tolist() for factor in factors if np.size(factor) == 3]
    assert len(again) == BACKBONES[name].rescales_twice
    if again:
        np.testing.assert_allclose(again[0], 1 / np.sqrt(IMAGENET_DEVIATION_RGB))
