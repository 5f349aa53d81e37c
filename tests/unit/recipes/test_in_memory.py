"""Samples read and judged without a file written: what a script or a notebook does."""

import numpy as np
import pytest
from networks import write_tiny_bundle

import leukapp
from leukapp import Diagnoser, evaluate, read_samples
from leukapp.resources import WEIGHTS_VARIABLE

pytestmark = pytest.mark.keras


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    write_tiny_bundle(folder / "tiny")
    return folder


@pytest.fixture
def folder(draw_data):
    """Two drawn images of each class."""
    return draw_data(2)


def test_a_bundle_is_judged_on_what_it_did_not_see(folder, weights, monkeypatch):
    monkeypatch.setenv(WEIGHTS_VARIABLE, str(weights))
    diagnoser = Diagnoser.from_bundle("tiny")
    listed = read_samples(folder)
    samples = listed.with_groups(["a", *listed.groups[1:]])
    assert "a" in diagnoser.bundle.training.train_groups

    evaluation = evaluate(diagnoser, samples)

    assert evaluation.n_trained_on == 1
    assert evaluation.held_out.sample_ids == tuple(s.sample_id for s in samples.samples[1:])
    assert evaluation.report.bundle_sha256 == leukapp.open_bundle("tiny").sha256
    for row, sample in zip(evaluation.held_out.probabilities, samples.samples[1:], strict=True):
        alone = diagnoser.diagnose(sample.path).probabilities
        np.testing.assert_allclose(row, alone.values, atol=1e-6)
    assert f"| {samples.samples[0].source} |" in evaluation.to_markdown()


def test_a_damaged_image_is_left_out_and_named(folder):
    (damaged, *_) = sorted(folder.rglob("*.png"))
    damaged.write_bytes(damaged.read_bytes()[:500])
    lines = []

    samples = read_samples(folder, report=lines.append)

    assert len(samples) == 5
    (finding,) = samples.findings
    assert finding.kind == "unreadable_file"
    assert damaged.name in finding.sample_ids[0]
    assert any(damaged.name in line for line in lines)
    assert len(read_samples(folder, check=False)) == 6


def test_a_bundle_that_is_not_there_is_one_sentence(folder):
    with pytest.raises(leukapp.BundleError, match="there is no bundle in 'absent'"):
        evaluate("absent", read_samples(folder, check=False))
