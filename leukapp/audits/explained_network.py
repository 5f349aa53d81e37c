"""The network as the explanation audit uses it: batches of inputs to probabilities and maps."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from leukapp.fields.crops import cut_cells
from leukapp.imaging.arrays import HeatmapValues, RgbImage
from leukapp.imaging.resize import prepare_inputs
from leukapp.inference.choose import open_engine
from leukapp.inference.engine import Engine, EngineChoice, NetworkOutput
from leukapp.inference.gradcam import FUSED, explain_class
from leukapp.model.bundle import Bundle
from leukapp.model.dense import DenseLayer, DenseStack, FloatArray
from leukapp.model.fusion import BranchHead, Heads, NetworkWeights, softmax


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExplainedNetwork:
    """A bundle on an engine.

    Attributes:
        bundle: the weights and the recipe.
        engine: runs it.
    """

    bundle: Bundle
    engine: Engine

    @classmethod
    def open(cls, bundle: Bundle, engine: EngineChoice = "auto") -> Self:
        """Load a bundle on an engine."""
        return cls(bundle=bundle, engine=open_engine(bundle, engine))

    @property
    def branch_names(self) -> tuple[str, ...]:
        """Names of the branches."""
        return tuple(spec.name for spec in self.bundle.preset.branches)

    @property
    def map_names(self) -> tuple[str, ...]:
        """Names of the maps: the branches, then ``fused``."""
        return (*self.branch_names, FUSED)

    def item_of(self, image: RgbImage) -> RgbImage | None:
        """What the network judges of an image: itself, or the crop of its first leukocyte.

        Args:
            image: uint8 (height, width, 3).

        Returns:
            Pixels for :meth:`prepare`; None where the network judges cells and there is none.
        """
        if self.bundle.preset.input_mode == "whole":
            return image
        crops = cut_cells(image).crops
        return crops[0].image if crops else None

    def prepare(self, image: RgbImage) -> tuple[FloatArray, ...]:
        """Inputs of every branch, float32 (size, size, 3), 0-255, enhanced."""
        sizes_px = tuple(spec.input_size_px for spec in self.bundle.preset.branches)
        prepared = prepare_inputs(image, self.bundle.preset.enhancement, sizes_px)
        return tuple(pixels.astype(np.float32) for pixels in prepared.inputs)

    def run(self, items: list[tuple[FloatArray, ...]]) -> NetworkOutput:
        """Run the inputs of several images as one batch."""
        return self.engine.run(tuple(np.stack(batch) for batch in zip(*items, strict=True)))

    def explain(
        self, output: NetworkOutput, index: int, class_name: str, heads: Heads | None = None
    ) -> tuple[HeatmapValues, ...]:
        """Maps of every branch and of the fused decision for one image of a batch.

        Args:
            output: of :meth:`run`.
            index: of the image.
            class_name: the class to explain.
            heads: other dense layers than the bundle's.

        Returns:
            In the order of ``map_names``; all zero where nothing raised the score.
        """
        activations = tuple(activation[index] for activation in output.activations)
        found = explain_class(
            heads or self.bundle.heads, activations, class_name, self.branch_names
        )
        return (*(heatmap.values for heatmap in found.branches), found.fused.values)


def class_scores(output: NetworkOutput, class_index: int) -> NDArray[np.float64]:
    """Probability of one class, float64 (images, branches + 1): each branch, then the fusion."""
    logits = (*output.branch_logits, output.fused_logits)
    return np.stack([softmax(values)[:, class_index] for values in logits], axis=1)


@dataclass(frozen=True, kw_only=True)
class RandomizedBundle(Bundle):
    """A bundle whose every array is shuffled: the same values, in places that mean nothing.

    Attributes:
        original: the bundle.
        seed: of the shuffling.
    """

    original: Bundle
    seed: int

    @classmethod
    def of(cls, bundle: Bundle, seed: int) -> Self:
        """Shuffle a bundle; no file is written."""
        return cls(
            folder=bundle.folder,
            sha256=bundle.sha256,
            preset=bundle.preset,
            class_names=bundle.class_names,
            thresholds=bundle.thresholds,
            training=bundle.training,
            original=bundle,
            seed=seed,
        )

    @cached_property
    def heads(self) -> Heads:
        """The dense layers, shuffled."""
        return shuffle_heads(self.original.heads, self.seed)

    def read_weights(self) -> NetworkWeights:
        """Every weight, shuffled."""
        rng = np.random.default_rng(self.seed)
        backbones = tuple(
            {name: _shuffle(rng, array) for name, array in backbone.items()}
            for backbone in self.original.read_weights().backbones
        )
        return NetworkWeights(backbones=backbones, heads=self.heads)


def shuffle_heads(heads: Heads, seed: int) -> Heads:
    """Shuffle every kernel and bias of the dense layers.

    Args:
        heads: of a network; not modified.
        seed: of the shuffling.
    """
    rng = np.random.default_rng(seed)

    def stack(layers: DenseStack) -> DenseStack:
        return tuple(
            DenseLayer(
                kernel=_shuffle(rng, layer.kernel),
                bias=_shuffle(rng, layer.bias),
                activation=layer.activation,
            )
            for layer in layers
        )

    branches = tuple(
        BranchHead(
            imagenet_top=stack(head.imagenet_top),
            embed=stack(head.embed),
            classify=stack(head.classify),
        )
        for head in heads.branches
    )
    return replace(heads, branches=branches, fusion=stack(heads.fusion))


def _shuffle(rng: np.random.Generator, array: FloatArray) -> FloatArray:
    return np.asarray(rng.permutation(array.ravel()).reshape(array.shape), np.float32)
