"""Presets: recipes of a two-branch network and its training."""

from dataclasses import dataclass, field, replace
from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from leukapp.errors import LeukappError
from leukapp.imaging.enhance import EnhancementConfig
from leukapp.model.backbone_list import BACKBONES

HandsOn: TypeAlias = Literal["imagenet_probabilities", "pooled"]
InputMode: TypeAlias = Literal["whole", "cells"]
QuarterTurns: TypeAlias = Literal[1, 4]
StemInput: TypeAlias = Literal["as_trained", "tensorflow_2_9"]

PlainName: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_.+-]{1,64}\Z")]
"""Stands in captions, menus and figures: no sign that any of these takes for markup."""

InputSizePx: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=4096)]
Share: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchSpec:
    """One branch: a frozen backbone and what it hands on to its head.

    Attributes:
        name: unique in the preset, used in results and file names.
        backbone: key of ``leukapp.model.backbones``.
        input_size_px: side of the square input in pixels.
        hands_on: ``imagenet_probabilities`` (the whole ImageNet model with its 1000-way softmax, as
            in the paper) or ``pooled`` (global average of the last convolution).
        stem_input: of EfficientNetB6 and B7, whose stem was trained on an input divided by the root
            of the deviation twice: ``as_trained`` divides twice, ``tensorflow_2_9`` once, as the
            version that the paper names did (2.1 times smaller). Other backbones have no choice.
    """

    name: PlainName
    backbone: PlainName
    input_size_px: InputSizePx = 224
    hands_on: HandsOn = "pooled"
    stem_input: StemInput = "as_trained"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hyperparameters:
    """Training settings of both stages; the defaults are the paper's (section III).

    Attributes:
        batch_size: images a step.
        n_epochs: upper bound of epochs in each stage; with augmented views an epoch shows as many
            of them as there are cells.
        patience: epochs without a better validation loss before a stage stops.
        learning_rate: of Adam.
        dropout: fraction dropped behind the Dense 1024 of a branch.
        n_views: augmented views of each training cell beside the crop as it is (input mode
            ``cells``): another angle, zoom, stain, sharpness and background.
        balance_sources: weigh items so that classes count alike, and sources within a class.
        standardize: bring what a backbone hands on to mean 0 and deviation 1 before stage 1.
        label_smoothing: share of an item's weight that goes to all classes alike in both stages.
        leave_sources_out: choose from which confidence on to call by trainings that each leave one
            source out, and call only where the branches agree on healthy or not.
    """

    batch_size: int = 32
    n_epochs: int = 100
    patience: int = 50
    learning_rate: float = 1e-3
    dropout: float = 0.3
    n_views: int = 0
    balance_sources: bool = False
    standardize: bool = False
    label_smoothing: float = 0.0
    leave_sources_out: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A recipe.

    Attributes:
        name: key, e.g. ``paper``.
        branches: one branch for a base model, two for the fused network.
        input_mode: ``whole`` squeezes the image as the paper does; ``cells`` judges each leukocyte
            in a crop of one scale and white balance.
        n_turns: in how many quarter turns each backbone sees the image or crop; the activations,
            turned back, are averaged. The paper has 1.
        late_fusion: share, 0-1, that the mean of the branches' own logits has in the fused logits;
            the rest is the meta-classifier's. The paper has none.
        enhancement: applied to every image or crop before resizing, in training and in the app.
        hyperparameters: of both training stages.
    """

    name: str
    branches: tuple[BranchSpec, ...]
    input_mode: InputMode = "whole"
    n_turns: QuarterTurns = 1
    late_fusion: Share = 0.0
    enhancement: EnhancementConfig = field(default_factory=EnhancementConfig)
    hyperparameters: Hyperparameters = field(default_factory=Hyperparameters)


HEAD_UNITS: Final = 1024
"""Units of a branch's Dense layer (paper, stage 1)."""

FUSION_UNITS: Final = (1000, 100, 10)
"""Units of the meta-classifier in front of the softmax (paper, stage 2)."""

PAPER_BASE_MODELS: Final = {
    "xception": "Xception",
    "nasnetlarge": "NASNetLarge",
    "inceptionv3": "InceptionV3",
    "resnet50v2": "ResNet50V2",
    "resnet101v2": "ResNet101V2",
    "efficientnetb6": "EfficientNetB6",
    "efficientnetb7": "EfficientNetB7",
    "mobilenetv3large": "MobileNetV3Large",
}
"""The eight single models of the Table 2 of the paper: preset and backbone to its name there."""


def _paper_branch(name: str) -> BranchSpec:
    return BranchSpec(name=name, backbone=name, hands_on="imagenet_probabilities")


PRESETS: Final = {
    "paper": Preset(
        name="paper",
        branches=(_paper_branch("efficientnetb7"), _paper_branch("mobilenetv3large")),
    ),
    "compact": Preset(
        name="compact",
        input_mode="cells",
        n_turns=4,
        late_fusion=2 / 3,
        branches=(
            BranchSpec(name="efficientnet_lite2", backbone="efficientnet_lite2"),
            BranchSpec(name="mobilenetv3large", backbone="mobilenetv3large_cells"),
        ),
        hyperparameters=Hyperparameters(
            batch_size=256,
            n_epochs=40,
            patience=8,
            learning_rate=6e-4,
            n_views=8,
            balance_sources=True,
            standardize=True,
            label_smoothing=0.05,
            leave_sources_out=True,
        ),
    ),
    **{
        name: Preset(name=name, branches=(_paper_branch(name),))
        for name, spec in BACKBONES.items()
        if spec.is_application
    },
}


def get_preset(name: str) -> Preset:
    """Look a preset up.

    Raises:
        LeukappError: there is no preset of this name.
    """
    try:
        return PRESETS[name]
    except KeyError:
        raise LeukappError(
            f"there is no preset {name!r}; choose one of {', '.join(PRESETS)}"
        ) from None


def with_stem_input(preset: Preset, stem_input: StemInput) -> Preset:
    """The preset with another input of its EfficientNets' stems; see ``BranchSpec``."""
    branches = tuple(replace(spec, stem_input=stem_input) for spec in preset.branches)
    return replace(preset, branches=branches)


def paper_recipe(preset: Preset, *, n_epochs: int | None = None) -> Preset:
    """The paper's recipe on the backbones of any preset.

    Whole images, one turn, the paper's enhancement, heads, meta-classifier and hyperparameters;
    nothing but the backbones, with their input size, is the preset's own. A reproduction of the
    paper and ``leukapp train --protocol paper`` train exactly this.

    Args:
        preset: whose backbones are taken.
        n_epochs: upper bound of epochs in each stage; None is the paper's.

    Returns:
        The recipe, under the preset's name. A backbone with an ImageNet classifier hands its
        1000 probabilities on, as in the paper; one without hands on its pooled features.

    Raises:
        LeukappError: there is no epoch to train.
    """
    hyperparameters = Hyperparameters()
    if n_epochs is not None:
        if n_epochs < 1:
            raise LeukappError(f"--epochs must be at least 1, got {n_epochs}")
        hyperparameters = replace(hyperparameters, n_epochs=n_epochs)
    # Built anew and not replaced field by field: a field added later cannot slip through.
    return Preset(
        name=preset.name,
        branches=tuple(_paper_head(spec) for spec in preset.branches),
        hyperparameters=hyperparameters,
    )


def told_assumptions(preset: Preset) -> str:
    """What a recipe of the paper's takes for granted, in a sentence; empty for another recipe."""
    if preset != paper_recipe(preset, n_epochs=preset.hyperparameters.n_epochs):
        return ""
    sizes = " and ".join(sorted({str(spec.input_size_px) for spec in preset.branches}))
    return (
        f"Assumed, since the paper states neither: an input of {sizes} pixels a side and a "
        f"learning rate of {preset.hyperparameters.learning_rate}."
    )


def _paper_head(spec: BranchSpec) -> BranchSpec:
    known = BACKBONES.get(spec.backbone)
    has_classifier = known is None or bool(known.weight_file)
    return replace(spec, hands_on="imagenet_probabilities" if has_classifier else "pooled")
