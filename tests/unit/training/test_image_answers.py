"""Answers for images of a corpus: which cells count, and which images may be called."""

from dataclasses import replace

import numpy as np
import pytest

from leukapp.inference.decision import DecisionRule
from leukapp.model.bundle import GateReference
from leukapp.model.dense import DenseLayer
from leukapp.model.fusion import BranchHead, Heads
from leukapp.model.manifest import Thresholds
from leukapp.training.corpus import Corpus, answer_images

N_CLASSES = 3
ALL_CELL, AML_CELL, HEALTHY_CELL = 3 * np.eye(N_CLASSES)
LIMITS = Thresholds(
    temperature=1.0,
    min_confidence=0.0,
    max_feature_distance=0.5,
    false_reject_fraction=0.0,
    needs_agreement=True,
    field_sharpness=1.0,
)


def linear(kernel):
    return DenseLayer(
        kernel=np.asarray(kernel, np.float32),
        bias=np.zeros(N_CLASSES, np.float32),
        activation="linear",
    )


def network():
    """Two branches whose features are their logits, fused to the mean."""
    branch = BranchHead(imagenet_top=(), embed=(), classify=(linear(np.eye(N_CLASSES)),))
    fusion = (linear(np.vstack([np.eye(N_CLASSES)] * 2) / 2),)
    return Heads(branches=(branch, branch), fusion=fusion)


def gate_around(*cells):
    points = np.array([np.concatenate([cell, cell]) for cell in cells])
    n_features = points.shape[1]
    return GateReference(
        mean=np.zeros(n_features, np.float32),
        components=np.eye(n_features, dtype=np.float32),
        points=(points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32),
    )


def corpus(images, second_branch=None):
    """Images, each a list of cells; the second branch sees the same unless told."""
    other = second_branch or images

    def features(of_images):
        cells = [cell for image in of_images for cell in image]
        return np.array(cells, np.float32)[:, None]

    return Corpus(
        samples=tuple(range(len(images))),
        pooled=(features(images), features(other)),
        sample_indices=np.repeat(np.arange(len(images)), [len(image) for image in images]),
        imagenet_tops=(),
    )


def answer(images, *, near=(HEALTHY_CELL,), second_branch=None, limits=LIMITS):
    heads, indices = network(), np.arange(len(images))
    rule = DecisionRule(gate=gate_around(*near), thresholds=limits, class_names=heads.class_names)
    return answer_images(heads, rule, corpus(images, second_branch), indices)


def test_one_cell_is_as_sure_as_its_share():
    found = answer([[HEALTHY_CELL]])
    share = np.exp(3) / (np.exp(3) + 2)
    np.testing.assert_allclose(found.probabilities[0, 2], share, rtol=1e-5)
    assert found.least_confidence[0] == pytest.approx(share)


def test_an_image_without_a_leukocyte_has_no_answer_and_no_call():
    found = answer([[HEALTHY_CELL], []])
    assert np.isnan(found.probabilities[1]).all()
    assert found.called_from(0.0).tolist() == [True, False]


def test_cells_beyond_the_gate_do_not_count():
    alone, mixed = answer([[HEALTHY_CELL], [HEALTHY_CELL, ALL_CELL]]).probabilities
    np.testing.assert_allclose(alone, mixed)


def test_an_image_of_cells_beyond_the_gate_is_answered_but_not_called():
    found = answer([[ALL_CELL]])
    assert found.probabilities[0].argmax() == 0
    assert not found.called_from(0.0)[0]


def test_branches_that_name_two_classes_make_no_call_where_agreement_is_needed():
    divided = {
        "images": [[1.5 * AML_CELL]],
        "second_branch": [[HEALTHY_CELL]],
        "near": (AML_CELL + HEALTHY_CELL, AML_CELL, HEALTHY_CELL),
        "limits": replace(LIMITS, max_feature_distance=2.0),
    }
    assert not answer(**divided).called_from(0.0)[0]
    divided["limits"] = replace(divided["limits"], needs_agreement=False)
    assert answer(**divided).called_from(0.0)[0]


def test_a_call_needs_the_limit():
    found = answer([[HEALTHY_CELL]])
    assert found.called_from(0.9)[0]
    assert not found.called_from(0.95)[0]
