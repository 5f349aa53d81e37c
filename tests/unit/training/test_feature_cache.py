import numpy as np
import pytest
from PIL import Image

from leukapp.data.catalog import Sample
from leukapp.data.d4 import distinct_d4
from leukapp.fields.crops import cut_cells
from leukapp.imaging.enhance import EnhancementConfig
from leukapp.imaging.image_io import read_image
from leukapp.imaging.resize import prepare_inputs
from leukapp.imaging.synthetic import draw_synthetic_cell
from leukapp.training.feature_cache import (
    CellViews,
    D4Variants,
    FrozenBackbone,
    backbone_key,
    load_features,
)


@pytest.fixture
def samples(tmp_path):
    made = []
    for seed in range(3):
        path = tmp_path / f"{seed}.png"
        Image.fromarray(draw_synthetic_cell("neutrophil", seed=seed, size_px=64)).save(path)
        made.append(
            Sample(path=path, label="ALL", group=str(seed), source="s", sample_id=path.name)
        )
    return made


class CountingBackbone:
    """Hands on a corner of its input and counts the batches."""

    def __init__(self, fail_at=None):
        self.n_batches = 0
        self.fail_at = fail_at

    def __call__(self, batch):
        self.n_batches += 1
        if self.n_batches == self.fail_at:
            raise KeyboardInterrupt
        return batch[:, :4, :4] / 255

    def frozen(self, key="k"):
        return FrozenBackbone(key=key, input_size_px=32, forward=self)


def load(samples, backbone, folder, key="k", **options):
    return load_features(
        samples,
        backbone.frozen(key),
        enhancement=EnhancementConfig(),
        cache_dir=folder,
        **options,
    )


def test_second_run_needs_no_backbone(samples, tmp_path):
    backbone = CountingBackbone()
    first = load(samples, backbone, tmp_path / "cache")
    assert first.pooled.shape == (3, 8, 3)
    assert first.sample_indices.tolist() == [0, 1, 2]
    assert backbone.n_batches == 3
    second = load(samples, backbone, tmp_path / "cache")
    np.testing.assert_array_equal(second.pooled, first.pooled)
    assert backbone.n_batches == 3


def test_killed_run_goes_on(samples, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        load(samples, CountingBackbone(fail_at=3), tmp_path / "cache")
    backbone = CountingBackbone()
    load(samples, backbone, tmp_path / "cache")
    assert backbone.n_batches == 1


def test_other_weights_or_views_are_computed_anew(samples, tmp_path):
    backbone = CountingBackbone()
    load(samples, backbone, tmp_path / "cache")
    load(samples, backbone, tmp_path / "cache", key="other")
    assert backbone.n_batches == 6
    views = load(samples, backbone, tmp_path / "cache", variants=CellViews(n_views=2, n_turns=1))
    assert backbone.n_batches == 9
    assert views.pooled.shape == (3, 3, 3)


def test_whole_images_in_more_turns_are_computed_anew(samples, tmp_path):
    once, turned = (
        load(
            samples,
            CountingBackbone(),
            tmp_path / "cache",
            variants=D4Variants(n_turns=n_turns),
        ).pooled
        for n_turns in (1, 4)
    )
    np.testing.assert_array_equal(turned[:, 1:], once[:, 1:])
    # The first four variants are the quarter turns themselves.
    np.testing.assert_allclose(turned[:, 0], once[:, :4].mean(axis=1), atol=1e-3)


def test_a_crop_as_it_is_has_the_mean_of_its_turns_and_a_view_has_not(samples, tmp_path):
    once, turned = (
        load(
            samples,
            CountingBackbone(),
            tmp_path / "cache",
            variants=CellViews(n_views=2, n_turns=n_turns),
        ).pooled
        for n_turns in (1, 4)
    )
    np.testing.assert_array_equal(turned[:, 1:], once[:, 1:])
    crop = cut_cells(read_image(samples[0].path)).crops[0].image
    seen = prepare_inputs(crop, EnhancementConfig(), (32,)).inputs[0].astype(np.float32) / 255
    corners = [np.rot90(seen, turn)[:4, :4].mean(axis=(0, 1)) for turn in range(4)]
    np.testing.assert_allclose(turned[0, 0], np.mean(corners, axis=0), atol=1e-3)
    np.testing.assert_allclose(once[0, 0], corners[0], atol=1e-3)


def test_image_without_a_leukocyte_has_no_item(samples, tmp_path):
    Image.new("RGB", (64, 64), (235, 235, 235)).save(samples[1].path)
    backbone = CountingBackbone()
    for _ in range(2):
        views = load(
            samples, backbone, tmp_path / "cache", variants=CellViews(n_views=1, n_turns=1)
        )
        assert views.sample_indices.tolist() == [0, 2]
        assert len(views.pooled) == 2
    assert backbone.n_batches == 2


def test_features_are_those_of_the_turned_image(samples, tmp_path):
    features = load(samples, CountingBackbone(), tmp_path / "cache").pooled
    with Image.open(samples[0].path) as opened:
        turned = distinct_d4(np.asarray(opened))[3]
    prepared = prepare_inputs(turned, EnhancementConfig(), (32,)).inputs[0]
    expected = prepared[:4, :4].astype(np.float32).mean(axis=(0, 1)) / 255
    np.testing.assert_allclose(features[0, 3], expected, atol=1e-3)


def test_key_depends_on_weights():
    arrays = {"a": np.zeros(3, np.float32)}
    assert backbone_key("x", 32, arrays) != backbone_key("x", 64, arrays)
    assert backbone_key("x", 32, arrays) != backbone_key("x", 32, {"a": np.ones(3, np.float32)})
