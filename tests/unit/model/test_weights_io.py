import numpy as np
import pytest

from leukapp.model.weights_io import model_arrays, set_model_arrays


@pytest.mark.keras
@pytest.mark.parametrize("name", ["xception", "inceptionv3"])
def test_weights_fit_a_later_build_in_the_same_process(name):
    """Keras numbers unnamed layers through the process: the second build calls them otherwise."""
    from leukapp.model.backbones import build_backbone

    first, second = (build_backbone(name, 96).model for _ in range(2))
    names = [
        {layer.name for layer in backbone.layers if layer.weights} for backbone in (first, second)
    ]
    assert names[0] != names[1]
    arrays = model_arrays(first)
    set_model_arrays(second, arrays)
    image = np.random.default_rng(0).uniform(0, 255, (1, 96, 96, 3)).astype(np.float32)
    np.testing.assert_allclose(second(image), first(image), rtol=1e-4, atol=1e-5)
    assert len(arrays) == sum(len(layer.weights) for layer in first.layers)
