import numpy as np

from leukapp.inference.fit_decision import fit_gate
from leukapp.inference.gate import feature_distances
from leukapp.model.bundle import GateReference


def test_distance_by_hand():
    points = np.array([[1, 0]] * 5, np.float32)
    reference = GateReference(
        mean=np.zeros(2, np.float32), components=np.eye(2, dtype=np.float32), points=points
    )
    asked = np.array([[3, 0], [0, 2], [-1, 0]], np.float32)
    np.testing.assert_allclose(feature_distances(reference, asked), [0, np.sqrt(2), 2], atol=1e-6)


def test_training_like_is_nearer_than_other():
    rng = np.random.default_rng(0)
    axes = rng.normal(size=(3, 40)).astype(np.float32)
    training = (np.abs(rng.normal(size=(300, 3))) @ axes).astype(np.float32)
    reference = fit_gate(training, seed=0)
    alike = (np.abs(rng.normal(size=(50, 3))) @ axes).astype(np.float32)
    other = (-np.abs(rng.normal(size=(50, 3))) @ axes * 5).astype(np.float32)
    assert np.median(feature_distances(reference, alike)) < 0.7
    assert np.median(feature_distances(reference, other)) > np.median(
        feature_distances(reference, alike)
    )
