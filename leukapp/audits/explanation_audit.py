"""Do the heatmaps say anything about the decision: measured on held-out images, source by source.

Source: Petsiuk et al., RISE, BMVC 2018 (deletion and insertion); Adebayo et al., Sanity checks for
saliency maps, NeurIPS 2018 (shuffled weights).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from leukapp.audits.explained_image import (
    CURVE_FRACTIONS,
    ImageMeasures,
    Numbers,
    measure_image,
    pairs_of_maps,
)
from leukapp.audits.explained_network import ExplainedNetwork, RandomizedBundle
from leukapp.data.catalog import Catalog, Sample
from leukapp.errors import CatalogError
from leukapp.evaluation.intervals import Estimate, bootstrap_weighted
from leukapp.imaging.image_io import read_image
from leukapp.inference.gradcam import FUSED


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplanationRow:
    """One kind of map on the images of one source; means with 95% intervals over groups.

    Attributes:
        source: its name.
        heatmap: branch name, or ``fused``.
        n_images: images.
        n_groups: groups among them.
        deletion_gain: area between the random curve and the deletion curve; above 0 is better
            than chance.
        insertion_gain: area between the insertion curve and the random one.
        deletion_auc: area under the class probability while the hottest parts are hidden first.
        insertion_auc: while the hottest parts come back first.
        random_auc: while parts are hidden at random.
        shuffled_heads_correlation: with the map of shuffled dense layers; near 0 is right.
        shuffled_network_correlation: with the map of a wholly shuffled network; near 0 is right.
        turned_correlation: with the maps of turned images, turned back; near 1 is right.
        heat_in_nucleus: share of the heat inside nuclei.
        heat_in_cell: share of the heat inside cells.
        cell_area: share of the image that cells cover, what an even map would have inside.
    """

    source: str
    heatmap: str
    n_images: int
    n_groups: int
    deletion_gain: Estimate
    insertion_gain: Estimate
    deletion_auc: Estimate
    insertion_auc: Estimate
    random_auc: Estimate
    shuffled_heads_correlation: Estimate
    shuffled_network_correlation: Estimate
    turned_correlation: Estimate
    heat_in_nucleus: Estimate
    heat_in_cell: Estimate
    cell_area: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementRow:
    """Two kinds of maps held against each other, on the images of one source.

    Attributes:
        source: its name.
        first: one map.
        second: the other.
        rank_correlation: Spearman's.
        hot_overlap: intersection over union of the hottest fifths.
    """

    source: str
    first: str
    second: str
    rank_correlation: Estimate
    hot_overlap: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """Mean probability of the explained class at one point of the fused map's curves.

    Attributes:
        source: its name.
        share: of the image that is hidden (deletion, random) or shown (insertion), 0-1.
        deletion: hottest parts hidden first.
        insertion: hottest parts shown first.
        random: parts hidden at random.
    """

    source: str
    share: float
    deletion: float
    insertion: float
    random: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplanationAudit:
    """Everything the audit found; no pixels.

    Attributes:
        bundle_sha256: of the bundle that was audited.
        n_images: images in all.
        explanations: one row for each source and map.
        agreement: one row for each source and pair of maps.
        curves: of the fused map.
    """

    bundle_sha256: str
    n_images: int
    explanations: tuple[ExplanationRow, ...]
    agreement: tuple[AgreementRow, ...]
    curves: tuple[CurvePoint, ...]


def choose_held_out(
    catalog: Catalog, used_groups: Iterable[str], *, limit: int, seed: int = 0
) -> tuple[Sample, ...]:
    """Take about the same number of images from every source, spread over its groups.

    Args:
        catalog: labelled images.
        used_groups: groups that the bundle was trained or tuned on; left out.
        limit: images in all, at most.
        seed: of the choice.

    Returns:
        The images.

    Raises:
        CatalogError: no image is of a group that the bundle has not seen.
    """
    used = set(used_groups)
    rng = np.random.default_rng(seed)
    free = [sample for sample in catalog.samples if sample.group not in used]
    if not free:
        raise CatalogError(
            "Every group of this data set was used to train the bundle; give images it has not "
            "seen."
        )
    sources = sorted({sample.source for sample in free})
    chosen: list[Sample] = []
    for source in sources:
        members = [sample for sample in free if sample.source == source]
        chosen += _spread(members, max(1, limit // len(sources)), rng)
    return tuple(chosen[:limit])


def _spread(members: list[Sample], n: int, rng: np.random.Generator) -> list[Sample]:
    """One image of each class and group in turn, in random order."""
    shuffled = [members[index] for index in rng.permutation(len(members))]
    seen: dict[tuple[str, str], int] = {}
    turns = []
    for sample in shuffled:
        key = (sample.label, sample.group)
        turns.append(seen.get(key, 0))
        seen[key] = turns[-1] + 1
    order = np.argsort(turns, kind="stable")
    return [shuffled[index] for index in order[:n]]


def audit_explanations(
    network: ExplainedNetwork,
    samples: Sequence[Sample],
    *,
    seed: int = 0,
    report: Callable[[int, int], None] = lambda _done, _total: None,
) -> ExplanationAudit:
    """Test the maps of every image.

    Args:
        network: the bundle on an engine.
        samples: images that the bundle was not trained on, at least one with a leukocyte; where the
            bundle judges cells, the first of each image is explained.
        seed: of random orders, shuffled weights and resampling.
        report: takes images done and images in all.

    Returns:
        Rows of every source.
    """
    shuffled = ExplainedNetwork.open(RandomizedBundle.of(network.bundle, seed), "keras")
    measured: list[ImageMeasures] = []
    judged: list[Sample] = []
    for done, sample in enumerate(samples, start=1):
        image = network.item_of(read_image(sample.path))
        if image is not None:
            measured.append(measure_image(network, shuffled, image, seed + done))
            judged.append(sample)
        report(done, len(samples))
    samples = judged
    rows: list[ExplanationRow] = []
    agreement: list[AgreementRow] = []
    curves: list[CurvePoint] = []
    for source in sorted({sample.source for sample in samples}):
        chosen = [index for index, sample in enumerate(samples) if sample.source == source]
        taken = [measured[index] for index in chosen]
        groups = [samples[index].group for index in chosen]
        for place, name in enumerate(network.map_names):
            rows.append(_row(source, name, taken, groups, place))
        agreement += _agreement(source, network.map_names, taken, groups)
        curves += _curve_points(source, taken, network.map_names.index(FUSED))
    return ExplanationAudit(
        bundle_sha256=network.bundle.sha256,
        n_images=len(samples),
        explanations=tuple(rows),
        agreement=tuple(agreement),
        curves=tuple(curves),
    )


def _row(
    source: str, name: str, taken: Sequence[ImageMeasures], groups: Sequence[str], place: int
) -> ExplanationRow:
    deletion, insertion, random = (
        np.array([np.trapezoid(curves[place], CURVE_FRACTIONS) for curves in kind])
        for kind in (
            [m.deletion for m in taken],
            [m.insertion for m in taken],
            [m.random for m in taken],
        )
    )

    def mean(values: Sequence[float] | Numbers) -> Estimate:
        return _mean_over_groups(np.asarray(values, np.float64), groups)

    return ExplanationRow(
        source=source,
        heatmap=name,
        n_images=len(taken),
        n_groups=len(set(groups)),
        deletion_gain=mean(random - deletion),
        insertion_gain=mean(insertion - random),
        deletion_auc=mean(deletion),
        insertion_auc=mean(insertion),
        random_auc=mean(random),
        shuffled_heads_correlation=mean([m.shuffled_heads[place] for m in taken]),
        shuffled_network_correlation=mean([m.shuffled_network[place] for m in taken]),
        turned_correlation=mean([m.turned[place] for m in taken]),
        heat_in_nucleus=mean([m.in_nucleus[place] for m in taken]),
        heat_in_cell=mean([m.in_cell[place] for m in taken]),
        cell_area=mean([m.cell_area for m in taken]),
    )


def _agreement(
    source: str, names: tuple[str, ...], taken: Sequence[ImageMeasures], groups: Sequence[str]
) -> list[AgreementRow]:
    return [
        AgreementRow(
            source=source,
            first=names[first],
            second=names[second],
            rank_correlation=_mean_over_groups(
                np.array([m.correlations[pair] for m in taken]), groups
            ),
            hot_overlap=_mean_over_groups(np.array([m.overlaps[pair] for m in taken]), groups),
        )
        for pair, (first, second) in enumerate(pairs_of_maps(len(names)))
    ]


def _curve_points(source: str, taken: Sequence[ImageMeasures], place: int) -> list[CurvePoint]:
    curves = [
        np.mean([kind[place] for kind in kinds], axis=0)
        for kinds in (
            [m.deletion for m in taken],
            [m.insertion for m in taken],
            [m.random for m in taken],
        )
    ]
    return [
        CurvePoint(
            source=source,
            share=float(share),
            deletion=float(curves[0][point]),
            insertion=float(curves[1][point]),
            random=float(curves[2][point]),
        )
        for point, share in enumerate(CURVE_FRACTIONS)
    ]


def _mean_over_groups(values: Numbers, groups: Sequence[str]) -> Estimate:
    """Mean of the values that are finite, with its 95% interval over groups; NaN if none is."""
    is_finite = np.isfinite(values)
    if not is_finite.any():
        return Estimate(value=float("nan"), low=None, high=None)
    kept = values[is_finite]
    kept_groups = np.asarray(groups)[is_finite]
    return bootstrap_weighted(lambda weights: (weights @ kept) / weights.sum(axis=1), kept_groups)
