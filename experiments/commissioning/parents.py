"""Bundles that never saw a laboratory, and the laboratory's images as their networks see them."""

import functools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from experiments.commissioning.draws import UnseenLaboratory
from leukapp.commissioning.fitting import Parent
from leukapp.commissioning.local_images import LocalImages
from leukapp.data.catalog import Sample
from leukapp.data.readers.detect import read_catalog
from leukapp.inference.finder_engine import open_finder
from leukapp.model.bundle import Bundle
from leukapp.model.presets import BranchSpec
from leukapp.model.weights_io import Arrays
from leukapp.recipes.fitting import fit_network
from leukapp.recipes.left_out import without_images
from leukapp.recipes.preparation import build_corpus, choose_variants
from leukapp.training.corpus import Corpus, summarize_training
from leukapp.training.frozen_backbones import prepare_backbone

Report = Callable[[str], None]


def unseen_laboratories(
    names: Sequence[str], bundle: Bundle, data: Path, work_dir: Path, report: Report
) -> Iterator[UnseenLaboratory]:
    """Train heads without each laboratory, or take the finished stages of an earlier training.

    Args:
        names: of the laboratories.
        bundle: whose recipe, split, backbones and limits are taken.
        data: table that it was trained on.
        work_dir: of its training.
        report: takes a line of progress.
    """
    corpus = _read_corpus(bundle, data, work_dir, report)
    laboratories = np.array([sample.laboratory for sample in corpus.samples])
    groups = np.array([sample.group for sample in corpus.samples])
    training = bundle.training
    part_of = {
        name: np.flatnonzero(np.isin(groups, part)).tolist()
        for name, part in (
            ("train", training.train_groups),
            ("validation", training.validation_groups),
        )
    }
    train = corpus.variants_of(part_of["train"], corpus.n_variants)
    validation = corpus.variants_of(part_of["validation"], 1)
    for name in names:
        is_own = laboratories == name
        report(f"parent without {name}")
        fitted = fit_network(
            bundle.preset,
            corpus,
            without_images(is_own, corpus, train),
            without_images(is_own, corpus, validation),
            seed=training.seed,
            report=report,
            checkpoint_dir=work_dir / "stages",
            calling=bundle.thresholds,
        )
        others = [i for i in part_of["train"] if not is_own[i]]
        yield UnseenLaboratory(
            name=name,
            parent=Parent(
                heads=fitted.heads,
                gate=fitted.gate,
                thresholds=fitted.thresholds,
                summary=summarize_training(corpus, others, seed=training.seed),
            ),
            images=_images_of(corpus, np.flatnonzero(is_own)),
        )


def _read_corpus(bundle: Bundle, data: Path, work_dir: Path, report: Report) -> Corpus:
    samples = tuple(s for s in read_catalog(data).samples if s.role == "train")

    def cell_arrays(spec: BranchSpec) -> Arrays:
        return bundle.read_backbone(spec)

    backbones = tuple(
        prepare_backbone(spec, weights_dir=None, cell_arrays=functools.partial(cell_arrays, spec))
        for spec in bundle.preset.branches
    )
    variants = choose_variants(bundle.preset, open_finder(bundle))
    return build_corpus(samples, bundle.preset, backbones, variants, work_dir / "features", report)


def _images_of(corpus: Corpus, chosen: NDArray[np.int64]) -> LocalImages:
    items = corpus.items_of(chosen)
    samples: list[Sample] = [corpus.samples[i] for i in chosen]
    return LocalImages(
        class_names=corpus.class_names,
        pooled=tuple(features[items, 0] for features in corpus.pooled),
        of_image=np.searchsorted(chosen, corpus.sample_indices[items]).astype(np.int64),
        labels=corpus.class_indices[chosen],
        groups=np.array([sample.group for sample in samples], np.str_),
        is_blocked=np.zeros(len(samples), np.bool_),
    )
