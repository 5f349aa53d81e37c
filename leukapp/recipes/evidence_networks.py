"""Networks of one recipe that did not train on what they judge, and what they say of it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from leukapp.data.catalog import Catalog, Sample
from leukapp.data.splits import grouped_folds
from leukapp.errors import CatalogError
from leukapp.evaluation.background import background_balanced_accuracy, edge_features
from leukapp.imaging.image_io import read_image
from leukapp.imaging.quality import QualityReport, assess_quality
from leukapp.inference.decision import Decision, DecisionRule, ItemScores
from leukapp.inference.fit_decision import widen_max_distance
from leukapp.inference.fit_limits import JudgedAnswers, choose_limits, choose_mode_limits
from leukapp.inference.probabilities import ClassProbabilities
from leukapp.labels import HEALTHY, OTHER_LEUKEMIA, ImageMode
from leukapp.model.bundle import Bundle
from leukapp.model.dense import FloatArray
from leukapp.model.fusion import Heads, predict_logits
from leukapp.model.manifest import Thresholds, TrainingRecord
from leukapp.recipes.evidence_features import EvidenceFeatures, Features
from leukapp.recipes.evidence_rows import Kind
from leukapp.recipes.fitting import fit_network
from leukapp.recipes.left_out import without_images
from leukapp.recipes.preparation import (
    SampleSplit,
)
from leukapp.recipes.stage_costs import StageCosts
from leukapp.resources import training_dir
from leukapp.training.corpus import ItemVariants

N_FOLDS: Final = 5
TRAINED_AGAIN: Final = frozenset({"laboratory left out", "source left out", "folds over groups"})
"""Kinds of rows whose network is not the bundle's."""

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceOptions:
    """What ``leukapp evidence`` was asked for.

    Attributes:
        data: folder or table of the samples that the bundle was trained on.
        bundle: folder of the bundle; its preset, seed and calibration are taken.
        work_dir: keeps features and finished stages, those of the training too; None is the cache.
        folds: sources or laboratories that are judged in folds over their groups as well.
        backbones: of a laboratory, weights of a cell backbone that saw none of it, for its rows;
            the bundle's own stands in for all others.
        finders: of a laboratory, weights of a finder's head that saw none of it, for its rows.
    """

    data: Path
    bundle: Path
    work_dir: Path | None = None
    folds: tuple[str, ...] = ()
    backbones: Mapping[str, Path] = field(default_factory=dict)
    finders: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Looks:
    """What is known of an image without a network: features of its edge, and its quality."""

    edges: FloatArray
    quality: QualityReport


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JudgedPart:
    """Images of one part of the data, with what a network that did not train on them says."""

    kind: Kind
    name: str
    samples: tuple[Sample, ...]
    modes: tuple[ImageMode | None, ...]
    scores: tuple[ItemScores | None, ...]
    rule: DecisionRule
    trained: tuple[Sample, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Network:
    """Heads and rule, the features that they go with, and which images they learned from."""

    heads: Heads
    rule: DecisionRule
    features: Features
    trained: NDArray[np.int64]


class EvidenceJudge:
    """Networks that did not train on what they judge, and what they say.

    Args:
        options: what is asked for.
        bundle: opened.
        catalog: that it was trained on.
        report: takes a line of progress.
    """

    def __init__(
        self, options: EvidenceOptions, bundle: Bundle, catalog: Catalog, report: Report
    ) -> None:
        self._options, self._bundle, self._report = options, bundle, report
        self._work_dir = options.work_dir or training_dir()
        self._costs = StageCosts(self._work_dir / "stage_costs.json", report)
        trainable = [sample for sample in catalog.samples if sample.role == "train"]
        self._split = _split_of(bundle.training, trainable)
        self._n_trained = len(trainable)
        self._images = (
            *trainable,
            *(s for s in catalog.samples if s.role == "external" and s.label in bundle.class_names),
            *catalog.others,
        )
        self._looks = self._look_at(self._images)
        self._features = EvidenceFeatures(
            bundle,
            self._images,
            self._split,
            n_trainable=self._n_trained,
            work_dir=self._work_dir,
            costs=self._costs,
            report=report,
        )
        self.notes: list[str] = []

    def of_bundle(self) -> Iterator[JudgedPart]:
        """The bundle on the groups it was tested by, and on each source that it never saw."""
        network = _Network(
            heads=self._bundle.heads,
            rule=DecisionRule.of(self._bundle),
            features=self._features.under(None),
            trained=np.array(self._split.train, np.int64),
        )
        parts: dict[tuple[Kind, str], list[int]] = {}
        for index in self._split.test:
            parts.setdefault(("held-out groups", self._images[index].source), []).append(index)
        for index in range(self._n_trained, len(self._images)):
            sample = self._images[index]
            kind: Kind = "source never seen" if is_class(sample) else "other leukemia"
            parts.setdefault((kind, sample.source), []).append(index)
        for (kind, source), own in parts.items():
            yield self._judge(kind, source, network, np.array(own, np.int64))

    def left_out(self) -> Iterator[JudgedPart]:
        """Each laboratory by a network that never saw it, and each of several sources of one."""
        sources_of: dict[str, set[str]] = {}
        for sample in self._images[: self._n_trained]:
            sources_of.setdefault(sample.laboratory, set()).add(sample.source)
        if len(sources_of) < 2:
            self.notes.append("All images to train on are of one laboratory: none was left out.")
            return
        for laboratory, sources in sorted(sources_of.items()):
            of_laboratory = [sample.laboratory == laboratory for sample in self._images]
            yield from self._without("laboratory left out", laboratory, laboratory, of_laboratory)
            for source in sorted(sources) if len(sources) > 1 else ():
                of_source = [sample.source == source for sample in self._images]
                yield from self._without("source left out", source, laboratory, of_source)

    def in_folds(self) -> Iterator[JudgedPart]:
        """Named sources or laboratories, each group by a network that trained on the others."""
        for name in self._options.folds:
            trainable = self._images[: self._n_trained]
            own = np.flatnonzero([name in {s.source, s.laboratory} for s in trainable])
            if not len(own):
                raise CatalogError(f"there is no source or laboratory {name!r} to train on")
            folds = grouped_folds(
                [trainable[i].label for i in own],
                [trainable[i].group for i in own],
                n_folds=N_FOLDS,
                seed=self._bundle.training.seed,
            )
            backbone = self._options.backbones.get(trainable[own[0]].laboratory)
            features = self._features.under(backbone)
            is_own = np.isin(np.arange(self._n_trained), own)
            parts = []
            for number, fold in enumerate(folds, start=1):
                judged = own[np.asarray(fold.test, np.int64)]
                # The other sources stop the training: no group of so small a part is lost to it.
                kept = features.trained.variants_of(
                    np.setdiff1d(own, judged).tolist(), features.trained.n_variants
                )
                train = without_images(is_own, features.trained, features.train)
                network = self._fit(
                    features,
                    np.concatenate([train, kept]),
                    without_images(is_own, features.trained, features.validation),
                    f"{name}, fold {number} of {N_FOLDS}",
                )
                if network is not None:
                    parts.append(self._judge("folds over groups", name, network, judged))
            yield from parts

    def decide(self, part: JudgedPart, judged: Sequence[JudgedPart]) -> tuple[Decision, ...]:
        """Answer for a part, with limits that were chosen without its laboratory.

        Args:
            part: images with scores.
            judged: all parts; those of laboratories left out choose the limits.
        """
        rule = part.rule
        if rule.thresholds.limits is not None and part.kind in TRAINED_AGAIN:
            laboratories = {sample.laboratory for sample in part.samples}
            others = [
                one
                for one in judged
                if one.kind == "laboratory left out"
                and one.samples[0].laboratory not in laboratories
            ]
            if others:
                reach = widen_max_distance(
                    rule.thresholds.max_feature_distance, [_nearest(one) for one in others]
                )
                within = replace(rule.thresholds, max_feature_distance=reach)
                rule = replace(rule, thresholds=self._with_limits_of(others, within))
        return self._decide_by(rule, part)

    def background(self, parts: Sequence[JudgedPart]) -> float | None:
        """Balanced accuracy of the edge of images alone, learned where their networks learned.

        Args:
            parts: of one row.

        Returns:
            0-1, the mean over the parts by their images; None for another leukemia.
        """
        values = [self._background_of(part) for part in parts if is_class(part.samples[0])]
        weights = [len(part.samples) for part in parts]
        return float(np.average(values, weights=weights)) if values else None

    def _background_of(self, part: JudgedPart) -> float:
        edges = [
            np.stack([self._looks[sample.sample_id].edges for sample in samples])
            for samples in (part.trained, part.samples)
        ]
        labels = [
            np.array([self._bundle.class_names.index(sample.label) for sample in samples], np.int64)
            for samples in (part.trained, part.samples)
        ]
        return background_balanced_accuracy(edges[0], labels[0], edges[1], labels[1])

    def _without(
        self, kind: Kind, name: str, laboratory: str, is_left_out: Sequence[bool]
    ) -> Iterator[JudgedPart]:
        backbone = self._options.backbones.get(laboratory)
        features = self._features.under(backbone)
        is_own = np.array(is_left_out, np.bool_)
        is_gone = is_own[: self._n_trained]
        network = self._fit(
            features,
            without_images(is_gone, features.trained, features.train),
            without_images(is_gone, features.trained, features.validation),
            f"{name}, {kind}",
        )
        if network is None:
            return
        head = self._options.finders.get(laboratory)
        if head is not None:
            cut_again = self._features.cut_by(head, backbone, np.flatnonzero(is_own))
            network = replace(network, features=replace(features, judged=cut_again))
        # A laboratory's sources are judged one by one: nothing is pooled.
        parts: dict[str, list[int]] = {}
        for index in np.flatnonzero(is_own).tolist():
            sample = self._images[index]
            suffix = "" if is_class(sample) else ", another leukemia"
            parts.setdefault(f"{sample.source}{suffix}", []).append(index)
        for part, own in parts.items():
            yield self._judge(kind, part, network, np.array(own, np.int64))

    def _fit(
        self, features: Features, train: ItemVariants, validation: ItemVariants, what: str
    ) -> _Network | None:
        """Heads and gate of other training items; None where they could not tell leukemia."""
        corpus, names = features.trained, self._bundle.class_names
        images = np.unique(corpus.sample_indices[train[:, 0]])
        classes = {names[i] for i in corpus.class_indices[images].tolist()}
        if HEALTHY not in classes or len(classes) < 2 or not len(validation):
            self.notes.append(
                f"{what}: not judged, for the other images have not both healthy and leukemia."
            )
            return None
        with self._costs.stage(f"training: {what}", "trained view", len(train)):
            fitted = fit_network(
                self._bundle.preset,
                corpus,
                train,
                validation,
                seed=self._bundle.training.seed,
                checkpoint_dir=self._work_dir / "stages",
                report=self._report,
                calling=self._bundle.thresholds,
            )
        return _Network(heads=fitted.heads, rule=fitted.rule, features=features, trained=images)

    def _judge(
        self, kind: Kind, name: str, network: _Network, own: NDArray[np.int64]
    ) -> JudgedPart:
        scores: dict[int, ItemScores] = {}
        modes: dict[int, ImageMode | None] = {}
        for seen in network.features.judged:
            modes |= {int(i): seen.corpus.mode_of(row) for row, i in enumerate(seen.images)}
            of_item = seen.images[seen.corpus.sample_indices]
            items = np.flatnonzero(np.isin(of_item, own))
            if len(items):
                pooled = tuple(features[items, 0] for features in seen.corpus.pooled)
                logits = predict_logits(network.heads, pooled)
                of_all = network.rule.score(logits, seen.corpus.joined[items])
                of_image = of_item[items]
                scores |= {i: of_all.take(of_image == i) for i in np.unique(of_image).tolist()}
        return JudgedPart(
            kind=kind,
            name=name,
            samples=tuple(self._images[i] for i in own),
            modes=tuple(modes.get(i) for i in own.tolist()),
            scores=tuple(scores.get(i) for i in own.tolist()),
            rule=network.rule,
            trained=tuple(self._images[i] for i in network.trained),
        )

    def _decide_by(self, rule: DecisionRule, part: JudgedPart) -> tuple[Decision, ...]:
        return tuple(
            rule.decide(scores, self._looks[sample.sample_id].quality, mode=mode)
            for sample, scores, mode in zip(part.samples, part.scores, part.modes, strict=True)
        )

    def _with_limits_of(self, parts: Sequence[JudgedPart], rule: Thresholds) -> Thresholds:
        """Limits that the answers of networks for laboratories that they never saw choose.

        Args:
            parts: of these laboratories.
            rule: whose distance limit they are answered under.
        """
        decisions = [
            d
            for part in parts
            for d in self._decide_by(_reaching(part.rule, rule.max_feature_distance), part)
        ]
        samples = [sample for part in parts for sample in part.samples]
        names = self._bundle.class_names
        n_branches = len(self._bundle.preset.branches)
        voices = range(n_branches if self._bundle.thresholds.needs_agreement else 0)
        answers = JudgedAnswers(
            class_names=names,
            probabilities=as_rows((d.probabilities for d in decisions), len(names), np.nan),
            branches=tuple(
                as_rows(
                    (d.branches[voice] if d.branches else None for d in decisions),
                    len(names),
                    np.nan,
                )
                for voice in voices
            ),
            is_near=np.array(
                [
                    d.is_near.any() and self._looks[s.sample_id].quality.blocking is None
                    for s, d in zip(samples, decisions, strict=True)
                ],
                np.bool_,
            ),
            truths=tuple(sample.label for sample in samples),
            laboratories=tuple(sample.laboratory for sample in samples),
        )
        modes = [mode for part in parts for mode in part.modes if mode is not None]
        return replace(
            rule,
            limits=choose_limits(answers).limits,
            mode_limits=choose_mode_limits(answers, modes)
            if rule.mode_limits and len(modes) == len(samples)
            else {},
        )

    def _look_at(self, images: Sequence[Sample]) -> dict[str, _Looks]:
        def look(sample: Sample) -> _Looks:
            image = read_image(sample.path)
            return _Looks(edges=edge_features(image), quality=assess_quality(image))

        with (
            self._costs.stage(f"edge and quality of {len(images)} images", "look", len(images)),
            ThreadPoolExecutor(max_workers=2) as readers,
        ):
            looks = readers.map(look, images)
            return {s.sample_id: seen for s, seen in zip(images, looks, strict=True)}


def _nearest(part: JudgedPart) -> NDArray[np.float64]:
    """How far the nearest leukocyte of each image is, where one was found."""
    return np.array(
        [
            scores.distances.min()
            for scores in part.scores
            if scores is not None and len(scores.distances)
        ],
        np.float64,
    )


def _reaching(rule: DecisionRule, distance: float) -> DecisionRule:
    thresholds = replace(rule.thresholds, max_feature_distance=distance)
    return replace(rule, thresholds=thresholds)


def _split_of(training: TrainingRecord, samples: Sequence[Sample]) -> SampleSplit:
    """The split that a bundle was trained with, from its record: no image is compared again."""
    if training.protocol != "grouped":
        raise CatalogError(
            "the bundle was trained under the protocol that leaks; name one of the protocol grouped"
        )
    train, validation, test = (
        tuple(index for index, sample in enumerate(samples) if sample.group in groups)
        for groups in map(
            frozenset, (training.train_groups, training.validation_groups, training.test_groups)
        )
    )
    return SampleSplit(train=train, validation=validation, test=test, augmented=None)


def as_rows(
    values: Iterable[ClassProbabilities | None], n_classes: int, nothing: float
) -> NDArray[np.float64]:
    """Probabilities as float64 (images, classes).

    Args:
        values: of each image; None where no leukocyte was found.
        n_classes: classes.
        nothing: stands for each probability where there is none.
    """
    return np.array([(nothing,) * n_classes if one is None else one.values for one in values])


def is_class(sample: Sample) -> bool:
    """Whether the true class is one that a network can tell."""
    return sample.label != OTHER_LEUKEMIA
