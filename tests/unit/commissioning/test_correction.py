"""The correction that is built into layers is the one that was fitted."""

from dataclasses import replace

import numpy as np
import pytest
from local_cells import CHANNELS, make_images, make_parent

from leukapp.commissioning.correction import Correction, corrected_heads
from leukapp.errors import TrainingError
from leukapp.model.fusion import predict_logits


@pytest.fixture
def correction():
    rng = np.random.default_rng(1)
    return Correction(
        scale=1.0, kernel=rng.normal(0, 1, (sum(CHANNELS), 3)), bias=rng.normal(0, 1, 3)
    )


def test_corrected_layers_answer_what_the_correction_adds(correction):
    heads, images = make_parent().heads, make_images([0, 1, 2, 2])

    built = predict_logits(corrected_heads(heads, correction), images.pooled).fused

    shipped = predict_logits(heads, images.pooled).fused
    np.testing.assert_allclose(built, correction.apply(shipped, images.joined), atol=1e-4)


def test_a_bundle_without_votes_of_its_branches_is_refused(correction):
    heads = replace(make_parent().heads, late_fusion=0.0)

    with pytest.raises(TrainingError, match="meta-classifier alone"):
        corrected_heads(heads, correction)
