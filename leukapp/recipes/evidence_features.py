"""Features of the images of an evidence run, under any cell backbone and finder."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from leukapp.data.catalog import Sample
from leukapp.fields.learned_finder import LearnedFinder
from leukapp.inference.finder_engine import compile_finder, open_finder
from leukapp.model.bundle import Bundle, FinderWeights
from leukapp.model.presets import BranchSpec
from leukapp.model.weights_io import Arrays, read_arrays
from leukapp.recipes.preparation import SampleSplit, build_corpus, choose_items, choose_variants
from leukapp.recipes.stage_costs import StageCosts
from leukapp.training.corpus import Corpus, ItemVariants
from leukapp.training.feature_cache import CellViews, load_features
from leukapp.training.frozen_backbones import CELL_BACKBONE, PreparedBackbone, prepare_backbone
from leukapp.training.image_modes import find_modes
from leukapp.training.progress import Progress


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeenImages:
    """Some of the images of a run with their features.

    Attributes:
        corpus: the images and their features.
        images: int64 (images of the corpus,): which of the run's images they are.
    """

    corpus: Corpus
    images: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Features:
    """Features under one set of backbones.

    Attributes:
        trained: images that may train; they are the first of the run.
        judged: where to look the features of a judged image up.
        train: items that the bundle learned from.
        validation: items that stopped its training.
    """

    trained: Corpus
    judged: tuple[SeenImages, ...]
    train: ItemVariants
    validation: ItemVariants


class EvidenceFeatures:
    """Runs the images of an evidence run through backbones, each set of these once.

    Args:
        bundle: whose preset, backbones and finder are used unless others are named.
        images: of the run; those that may train come first.
        split: of these.
        n_trainable: how many they are.
        work_dir: keeps features.
        costs: tells what each stage will take.
        report: takes a line of progress.
    """

    def __init__(  # noqa: PLR0913
        self,
        bundle: Bundle,
        images: Sequence[Sample],
        split: SampleSplit,
        *,
        n_trainable: int,
        work_dir: Path,
        costs: StageCosts,
        report: Callable[[str], None],
    ) -> None:
        self._bundle, self._images, self._split = bundle, tuple(images), split
        self._folder, self._costs, self._report = work_dir / "features", costs, report
        self._n_trained = n_trainable
        self._known: dict[Path | None, Features] = {}

    def under(self, cell_backbone: Path | None) -> Features:
        """Features of all images.

        Args:
            cell_backbone: weights that take the place of the bundle's cell backbone; None keeps it.
        """
        if cell_backbone not in self._known:
            with self._costs.stage(
                f"features of {len(self._images)} images", "features", len(self._images)
            ):
                self._known[cell_backbone] = self._run(self._backbones(cell_backbone))
        return self._known[cell_backbone]

    def cut_by(
        self, finder_head: Path, cell_backbone: Path | None, own: NDArray[np.int64]
    ) -> tuple[SeenImages, ...]:
        """Features of some images whose leukocytes another finder finds.

        Args:
            finder_head: its weights, on the bundle's backbone.
            cell_backbone: as in ``under``.
            own: int64 (n,): which images.
        """
        known = self._bundle.read_finder()
        if known is None:
            return self.under(cell_backbone).judged
        head = read_arrays(finder_head)
        finder = compile_finder(FinderWeights(backbone=known.backbone, head=head))
        with self._costs.stage(
            f"features of {len(own)} images by {finder_head.stem}", "judged features", len(own)
        ):
            return (self._as_they_are(self._backbones(cell_backbone), own, finder),)

    def _backbones(self, cell_backbone: Path | None) -> tuple[PreparedBackbone, ...]:
        bundle = self._bundle

        def arrays(spec: BranchSpec) -> Arrays:
            if cell_backbone is not None and spec.backbone == CELL_BACKBONE:
                return read_arrays(cell_backbone)
            return bundle.read_backbone(spec)

        # The bundle's own backbones: a cell backbone trained again would be another one.
        return tuple(
            prepare_backbone(spec, weights_dir=None, cell_arrays=functools.partial(arrays, spec))
            for spec in bundle.preset.branches
        )

    @functools.cached_property
    def _finder(self) -> LearnedFinder | None:
        """Compiled once for all sets of backbones: it looks through the bundle's own."""
        return open_finder(self._bundle)

    def _run(self, backbones: tuple[PreparedBackbone, ...]) -> Features:
        preset = self._bundle.preset
        corpus = build_corpus(
            self._images[: self._n_trained],
            preset,
            backbones,
            choose_variants(preset, self._finder),
            self._folder,
            self._report,
        )
        judged = [SeenImages(corpus=corpus, images=np.arange(self._n_trained))]
        others = np.arange(self._n_trained, len(self._images))
        if len(others):
            judged.append(self._as_they_are(backbones, others, self._finder))
        train, validation = choose_items(self._split, corpus)
        return Features(trained=corpus, judged=tuple(judged), train=train, validation=validation)

    def _as_they_are(
        self,
        backbones: tuple[PreparedBackbone, ...],
        own: NDArray[np.int64],
        finder: LearnedFinder | None,
    ) -> SeenImages:
        """Images that only judge: no augmented view of a cell is needed."""
        preset = self._bundle.preset
        samples = tuple(self._images[i] for i in own)
        variants = choose_variants(preset, finder)
        if isinstance(variants, CellViews):
            variants = replace(variants, n_views=0)
        items = [
            load_features(
                samples,
                backbone.frozen,
                variants=variants,
                enhancement=preset.enhancement,
                cache_dir=self._folder,
                report=Progress(f"features of {spec.name}", self._report).step,
            )
            for spec, backbone in zip(preset.branches, backbones, strict=True)
        ]
        corpus = Corpus(
            samples=samples,
            pooled=tuple(one.pooled for one in items),
            sample_indices=items[0].sample_indices,
            imagenet_tops=(),
            class_names=self._bundle.class_names,
            modes=find_modes(samples, variants, self._folder),
        )
        return SeenImages(corpus=corpus, images=own)
