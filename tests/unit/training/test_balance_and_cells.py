import numpy as np

from leukapp.imaging.enhance import EnhancementConfig
from leukapp.imaging.synthetic import draw_synthetic_cell
from leukapp.training.cell_augmentation import augment_cell
from leukapp.training.corpus import balance_weights


def test_classes_and_sources_count_alike():
    labels = ["ALL"] * 3 + ["AML"] * 2
    sources = ["a", "a", "b", "c", "c"]
    weights = balance_weights(labels, sources)
    np.testing.assert_allclose(weights, [0.625, 0.625, 1.25, 1.25, 1.25])


def test_augmented_view_is_drawn_by_its_generator_alone():
    cell = draw_synthetic_cell("lymphocyte", seed=0, size_px=112)

    def view(seed):
        return augment_cell(
            cell,
            window_px=75.0,
            size_px=64,
            enhancement=EnhancementConfig(),
            rng=np.random.default_rng(seed),
        )

    assert view(1).shape == (64, 64, 3)
    assert view(1).dtype == np.uint8
    np.testing.assert_array_equal(view(1), view(1))
    assert not np.array_equal(view(1), view(2))
