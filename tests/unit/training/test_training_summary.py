"""Cells that a training leaves in its bundle for a laboratory's fit: drawn, written, read back."""

from pathlib import Path

import numpy as np

from leukapp.data.catalog import Sample
from leukapp.model.bundle import SUMMARY_FILE, Bundle
from leukapp.model.presets import BranchSpec, Preset
from leukapp.model.training_summary import CELLS_A_CLASS, choose_summary_cells
from leukapp.model.weights_io import write_arrays
from leukapp.training.corpus import Corpus, summarize_training


def make_corpus():
    """Two images of two cells each, and one that no leukocyte was found in."""
    rng = np.random.default_rng(0)
    return Corpus(
        samples=tuple(
            Sample(path=Path(name), label=label, group=name, source="here", sample_id=name)
            for name, label in (("a", "ALL"), ("b", "Healthy"), ("c", "Healthy"))
        ),
        pooled=tuple(rng.normal(0, 1, (4, 3, n)).astype(np.float32) for n in (5, 2)),
        sample_indices=np.array([0, 0, 1, 1]),
        imagenet_tops=((), ()),
        class_names=("ALL", "Healthy"),
    )


def test_a_summary_holds_cells_of_the_training_images_as_they_are():
    corpus = make_corpus()

    summary = summarize_training(corpus, (1, 2), seed=0)

    assert summary.labels.tolist() == [1, 1]
    np.testing.assert_array_equal(summary.pooled[0], corpus.pooled[0][2:, 0])
    np.testing.assert_array_equal(summary.pooled[1], corpus.pooled[1][2:, 0])


def test_classes_and_sources_have_equal_shares():
    labels = np.repeat([0, 1], [1000, 40])
    sources = np.array(["large"] * 900 + ["small"] * 140)

    chosen = choose_summary_cells(labels, sources, seed=0)

    assert np.bincount(labels[chosen]).tolist() == [CELLS_A_CLASS, 40]
    assert (sources[chosen][labels[chosen] == 0] == "small").sum() == CELLS_A_CLASS // 2


def test_a_bundle_reads_its_summary_back(tmp_path):
    summary = summarize_training(make_corpus(), (0, 1), seed=0)
    preset = Preset(
        name="p", branches=(BranchSpec(name="x", backbone="b"), BranchSpec(name="y", backbone="b"))
    )
    arrays = {"x": summary.pooled[0], "y": summary.pooled[1], "labels": summary.labels * 1.0}
    write_arrays(tmp_path / SUMMARY_FILE, arrays)
    bundle = Bundle(
        folder=tmp_path,
        sha256="0" * 64,
        preset=preset,
        class_names=("ALL", "Healthy"),
        thresholds=None,
        training=None,
        files=(SUMMARY_FILE,),
    )

    read = bundle.training_summary

    assert read.labels.tolist() == [0, 0, 1, 1]
    np.testing.assert_allclose(read.pooled[0], summary.pooled[0], atol=1e-2)
