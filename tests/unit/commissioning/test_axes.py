"""Directions of a correction: of what training cells vary by, in units that do not matter."""

import numpy as np
from local_cells import make_parent

from leukapp.commissioning.axes import N_AXES, axes_of_gate, axes_of_summary
from leukapp.model.training_summary import TrainingSummary


def summary_of(joined: np.ndarray) -> TrainingSummary:
    parts = (joined[:, :3].astype(np.float32), joined[:, 3:].astype(np.float32))
    return TrainingSummary(pooled=parts, labels=np.arange(len(joined)) % 3)


def test_training_cells_have_a_mean_square_length_of_one() -> None:
    rng = np.random.default_rng(0)
    joined = (rng.normal(0, 1, (400, 200)) * rng.uniform(0.1, 9, 200) + 5).astype(np.float32)
    axes = axes_of_summary(summary_of(joined))
    projected = axes.project(joined)
    assert projected.shape == (400, N_AXES)
    lengths = (projected**2).sum(axis=1)
    # 128 of 200 equal axes hold most of it.
    assert 0.6 < lengths.mean() < 1.0
    np.testing.assert_allclose(projected.mean(axis=0), 0, atol=1e-6)


def test_what_varies_together_comes_first() -> None:
    rng = np.random.default_rng(0)
    joined = rng.normal(0, 1, (300, 20))
    joined[:, :8] += 3 * rng.normal(0, 1, (300, 1))
    projected = axes_of_summary(summary_of(joined)).project(joined.astype(np.float32))
    assert projected[:, 0].var() > 5 * projected[:, 1].var()


def test_the_unit_of_a_branch_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    joined = rng.normal(0, 1, (100, 12))
    other = joined.copy()
    # The least deviation is that of all channels, so a unit matters a little for quiet ones.
    other[:, 3:] *= 2
    one, two = (
        axes_of_summary(summary_of(cells)).project(cells.astype(np.float32))
        for cells in (joined, other)
    )
    np.testing.assert_allclose(one @ one.T, two @ two.T, atol=0.1)


def test_a_bundle_without_training_cells_is_corrected_along_its_gate() -> None:
    parent = make_parent()
    axes = axes_of_gate(parent.gate)
    joined = np.random.default_rng(0).normal(0, 1, (300, len(axes.mean))).astype(np.float32)
    assert 0.5 < (axes.project(joined) ** 2).sum(axis=1).mean() < 2
