"""Every measurement of the explanation audit on one image."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from leukapp.audits.explained_network import ExplainedNetwork, class_scores, shuffle_heads
from leukapp.audits.map_measures import (
    FRACTIONS,
    enlarge,
    heat_inside,
    hide,
    hot_overlap,
    hottest,
    nucleus_and_cell,
    rank_correlation,
)
from leukapp.data.d4 import D4Element, apply_d4
from leukapp.imaging.arrays import HeatmapValues, RgbImage
from leukapp.model.dense import FloatArray

Numbers = NDArray[np.float64]
TURNS: Final = tuple(element for element in D4Element if element != D4Element.IDENTITY)
CURVE_FRACTIONS: Final = np.array([0.0, *FRACTIONS, 1.0])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImageMeasures:
    """Measurements of one image; ``maps`` are the branches and the fused map, in order.

    Attributes:
        deletion: class probability at each hidden share, hottest first, float64 (maps, shares).
        insertion: the same with the hottest share kept and the rest hidden.
        random: the same with parts hidden at random.
        shuffled_heads: rank correlation with the map of shuffled dense layers, float64 (maps,).
        shuffled_network: the same with every weight shuffled.
        turned: mean rank correlation with the maps of the seven turned images, turned back.
        in_nucleus: share of the heat inside the nuclei, float64 (maps,), NaN where none is found.
        in_cell: the same for the cells.
        cell_area: share of the image that the cells cover, NaN where none is found.
        correlations: rank correlation of each pair of maps, float64 (pairs,).
        overlaps: overlap of the hottest fifths of each pair.
    """

    deletion: Numbers
    insertion: Numbers
    random: Numbers
    shuffled_heads: Numbers
    shuffled_network: Numbers
    turned: Numbers
    in_nucleus: Numbers
    in_cell: Numbers
    cell_area: float
    correlations: Numbers
    overlaps: Numbers


def pairs_of_maps(n_maps: int) -> tuple[tuple[int, int], ...]:
    """All pairs of maps, in the order of ``ImageMeasures.correlations``."""
    return tuple((a, b) for a in range(n_maps) for b in range(a + 1, n_maps))


def measure_image(
    network: ExplainedNetwork, shuffled: ExplainedNetwork, image: RgbImage, seed: int
) -> ImageMeasures:
    """Explain the most probable class of an image and test the maps.

    Args:
        network: the bundle that is audited.
        shuffled: the same with every weight shuffled.
        image: uint8 (height, width, 3).
        seed: of the random order and the shuffled dense layers.

    Returns:
        The measurements.
    """
    inputs = network.prepare(image)
    turned = [network.prepare(apply_d4(image, element)) for element in TURNS]
    output = network.run([inputs, *turned])
    class_index = int(output.fused_logits[0].argmax())
    class_name = network.bundle.class_names[class_index]
    maps = network.explain(output, 0, class_name)
    back = [
        [apply_d4(m, element.inverse) for m in network.explain(output, place, class_name)]
        for place, element in enumerate(TURNS, start=1)
    ]
    of_heads = network.explain(output, 0, class_name, shuffle_heads(network.bundle.heads, seed))
    of_network = shuffled.explain(shuffled.run([inputs]), 0, class_name)
    curves = _curves(network, inputs, maps, class_index, seed)
    masks = nucleus_and_cell(image)
    pairs = pairs_of_maps(len(maps))
    return ImageMeasures(
        deletion=curves[0],
        insertion=curves[1],
        random=curves[2],
        shuffled_heads=_correlate(maps, of_heads),
        shuffled_network=_correlate(maps, of_network),
        turned=np.mean([_correlate(maps, other) for other in back], axis=0),
        in_nucleus=np.array([heat_inside(m, masks[0]) if masks else np.nan for m in maps]),
        in_cell=np.array([heat_inside(m, masks[1]) if masks else np.nan for m in maps]),
        cell_area=float(masks[1].mean()) if masks else float("nan"),
        correlations=np.array([rank_correlation(maps[a], maps[b]) for a, b in pairs]),
        overlaps=np.array([hot_overlap(maps[a], maps[b]) for a, b in pairs]),
    )


def _correlate(
    maps: tuple[HeatmapValues, ...], others: tuple[HeatmapValues, ...] | list[HeatmapValues]
) -> Numbers:
    return np.array([rank_correlation(a, b) for a, b in zip(maps, others, strict=True)])


def _curves(
    network: ExplainedNetwork,
    inputs: tuple[FloatArray, ...],
    maps: tuple[HeatmapValues, ...],
    class_index: int,
    seed: int,
) -> tuple[Numbers, Numbers, Numbers]:
    """Deletion, insertion and random curves, each float64 (maps, shares)."""
    rng = np.random.default_rng(seed)
    random_map = rng.random(maps[-1].shape).astype(np.float32)
    ends = class_scores(network.run([inputs, _hide_share(inputs, random_map, 1.0)]), class_index)
    # Heat has plateaus at 0; a trace of the random map puts them in a random order.
    ranked = [m + 1e-4 * _resized(random_map, m) for m in maps]

    def curve(order: HeatmapValues, shares: list[float]) -> Numbers:
        return class_scores(
            network.run([_hide_share(inputs, order, share) for share in shares]), class_index
        )

    deletion, insertion = [], []
    coldest_shares = [1 - share for share in FRACTIONS]
    for place, order in enumerate(ranked):
        hidden = curve(order, list(FRACTIONS))[:, place]
        kept = curve(-order, coldest_shares)[:, place]
        deletion.append([ends[0, place], *hidden, ends[1, place]])
        insertion.append([ends[1, place], *kept, ends[0, place]])
    between = curve(random_map, list(FRACTIONS))
    random = np.concatenate([ends[:1], between, ends[1:]]).T
    return np.array(deletion), np.array(insertion), random


def _resized(values: HeatmapValues, like: HeatmapValues) -> HeatmapValues:
    return enlarge(values, like.shape[1], like.shape[0])


def _hide_share(
    inputs: tuple[FloatArray, ...], order: HeatmapValues, share: float
) -> tuple[FloatArray, ...]:
    """Hide the share of every input that comes first in the order."""
    return tuple(
        hide(pixels, hottest(enlarge(order, pixels.shape[1], pixels.shape[0]), share))
        for pixels in inputs
    )
