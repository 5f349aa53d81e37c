"""Healthy against leukemia with every cell painted over: what the surroundings alone tell."""

import functools
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from sklearn.metrics import balanced_accuracy_score

from leukapp.data.catalog import Sample
from leukapp.evaluation.held_out import read_held_out
from leukapp.inference.decision import DecisionRule
from leukapp.inference.finder_engine import open_finder
from leukapp.labels import HEALTHY
from leukapp.model.artifacts import HELD_OUT_FILE
from leukapp.model.bundle import Bundle
from leukapp.model.fusion import predict_logits
from leukapp.training.feature_cache import BlankedCells, load_features
from leukapp.training.frozen_backbones import prepare_backbone
from leukapp.training.progress import Progress


def judge_painted_over(
    bundle: Bundle, samples: Sequence[Sample], cache_dir: Path, report: Callable[[str], None]
) -> str:
    """Balanced accuracy on the bundle's held-out images, as a Markdown table; chance is 0.5.

    Args:
        bundle: that is judged.
        samples: of the data it was trained on.
        cache_dir: of features.
        report: takes a line of progress.
    """
    held_out = set(read_held_out(bundle.folder / HELD_OUT_FILE).sample_ids)
    tested = [sample for sample in samples if sample.sample_id in held_out]
    lines = ["| source | as they are | with every cell painted over |", "|---|---|---|"]
    says = [_says_healthy(bundle, tested, blank, cache_dir, report) for blank in (False, True)]
    for source in sorted({sample.source for sample in tested}):
        own = [i for i, s in enumerate(tested) if s.source == source and i in says[0]]
        truth = [tested[i].label == HEALTHY for i in own]
        if len(set(truth)) == 2:
            seen, blanked = (
                balanced_accuracy_score(truth, [answers[i] for i in own]) for answers in says
            )
            lines.append(f"| {source} | {seen:.3f} | {blanked:.3f} |")
    return "\n".join(lines) + "\n"


def _says_healthy(
    bundle: Bundle,
    samples: Sequence[Sample],
    is_blank: bool,
    cache_dir: Path,
    report: Callable[[str], None],
) -> dict[int, bool]:
    """For each image with a leukocyte whether Healthy is the most probable class."""
    variants = BlankedCells(
        is_blank=is_blank, n_turns=bundle.preset.n_turns, finder=open_finder(bundle)
    )
    features = [
        load_features(
            samples,
            prepare_backbone(
                spec, weights_dir=None, cell_arrays=functools.partial(bundle.read_backbone, spec)
            ).frozen,
            variants=variants,
            enhancement=bundle.preset.enhancement,
            cache_dir=cache_dir,
            report=Progress(f"cells {'painted over' if is_blank else 'seen'}", report).step,
        )
        for spec in bundle.preset.branches
    ]
    pooled = tuple(one.pooled[:, 0] for one in features)
    rule, of_image = DecisionRule.of(bundle), features[0].sample_indices
    scores = rule.score(predict_logits(bundle.heads, pooled), np.concatenate(pooled, axis=1))
    says = {}
    for index in np.unique(of_image).tolist():
        probabilities = rule.decide(scores.take(of_image == index)).probabilities
        if probabilities is not None:
            says[index] = probabilities.top_class == HEALTHY
    return says
