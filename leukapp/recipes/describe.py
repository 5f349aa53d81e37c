"""What a preset consists of: layers and parameter counts, counted on built networks."""

import json
from dataclasses import asdict, dataclass

from leukapp.labels import CLASS_NAMES
from leukapp.model.dense import DenseStack
from leukapp.model.fusion import BranchHead, initial_fusion, initial_head
from leukapp.model.presets import get_preset, told_assumptions


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedLayer:
    """One dense layer behind a backbone.

    Attributes:
        part: ``imagenet_top``, ``embed``, ``classify`` or ``fusion``.
        units: outputs.
        activation: its activation; the last layer of a head hands logits to the softmax.
        n_parameters: weights and biases.
    """

    part: str
    units: int
    activation: str
    n_parameters: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedBranch:
    """One branch.

    Attributes:
        name: of the branch.
        backbone: its name.
        input_size_px: side of the input in pixels.
        hands_on: what its head sees.
        trunk_layers: layers of the backbone.
        map_size: height and width of the last activation.
        map_channels: channels of the last activation.
        trunk_parameters: of the backbone.
        layers: dense layers behind the global pooling.
        stage1_parameters: the whole stage-1 model, frozen part included.
        trainable_in_stage1: of these, trained.
        parameters_in_fusion: the branch with its last Dense dropped.
    """

    name: str
    backbone: str
    input_size_px: int
    hands_on: str
    trunk_layers: int
    map_size: tuple[int, int]
    map_channels: int
    trunk_parameters: int
    layers: tuple[DescribedLayer, ...]
    stage1_parameters: int
    trainable_in_stage1: int
    parameters_in_fusion: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PresetDescription:
    """A preset, counted.

    Attributes:
        name: of the preset.
        classes: class names in order.
        branches: each branch.
        fusion: layers of the meta-classifier; empty for one branch.
        meta_classifier_parameters: trained in stage 2.
        total_parameters: of the network that diagnoses.
        assumptions: what the recipe takes for granted, one sentence; empty where nothing is.
    """

    name: str
    classes: tuple[str, ...]
    branches: tuple[DescribedBranch, ...]
    fusion: tuple[DescribedLayer, ...]
    meta_classifier_parameters: int
    total_parameters: int
    assumptions: str

    def to_json(self) -> str:
        """Indented JSON."""
        return json.dumps(asdict(self), indent=2)

    def to_text(self) -> str:
        """Plain text for a terminal."""
        lines = [f"preset {self.name}: {', '.join(self.classes)}"]
        for branch in self.branches:
            height, width = branch.map_size
            lines += [
                f"branch {branch.name} ({branch.backbone}, {branch.input_size_px} px, hands on "
                f"{branch.hands_on})",
                f"  backbone        {branch.trunk_parameters:>12,}  {branch.trunk_layers} layers, "
                f"last activation {height} x {width} x {branch.map_channels}",
                *(_layer_line(layer) for layer in branch.layers),
                f"  stage 1      {branch.stage1_parameters:>12,}  "
                f"trainable {branch.trainable_in_stage1:,}",
                f"  in fusion    {branch.parameters_in_fusion:>12,}",
            ]
        if self.fusion:
            lines += ["meta-classifier", *(_layer_line(layer) for layer in self.fusion)]
            lines.append(f"  trainable    {self.meta_classifier_parameters:>12,}")
        lines.append(f"total          {self.total_parameters:>12,}")
        if self.assumptions:
            lines.append(self.assumptions)
        return "\n".join(lines)


def describe_preset(name: str) -> PresetDescription:
    """Build a preset's network with untrained weights and count it.

    Args:
        name: key of a preset.

    Raises:
        LeukappError: there is no preset of this name.
    """
    from leukapp.model.backbones import build_backbone

    preset = get_preset(name)
    branches = []
    for spec in preset.branches:
        backbone = build_backbone(spec.backbone, spec.input_size_px)
        _, height, width, channels = backbone.model.output.shape
        head = initial_head(spec, channels, backbone.imagenet_top)
        trunk_parameters = int(backbone.model.count_params())
        layers = _branch_layers(head)
        trainable = sum(layer.n_parameters for layer in layers if layer.part != "imagenet_top")
        stage1 = trunk_parameters + head.n_parameters
        branches.append(
            DescribedBranch(
                name=spec.name,
                backbone=spec.backbone,
                input_size_px=spec.input_size_px,
                hands_on=spec.hands_on,
                trunk_layers=len(backbone.model.layers),
                map_size=(height, width),
                map_channels=channels,
                trunk_parameters=trunk_parameters,
                layers=layers,
                stage1_parameters=stage1,
                trainable_in_stage1=trainable,
                parameters_in_fusion=stage1 - layers[-1].n_parameters,
            )
        )
    fusion = _describe_stack(initial_fusion(len(branches)), "fusion")
    meta = sum(layer.n_parameters for layer in fusion)
    if fusion:
        total = meta + sum(branch.parameters_in_fusion for branch in branches)
    else:
        total = branches[0].stage1_parameters
    return PresetDescription(
        name=name,
        classes=CLASS_NAMES,
        branches=tuple(branches),
        fusion=fusion,
        meta_classifier_parameters=meta,
        total_parameters=total,
        assumptions=told_assumptions(preset),
    )


def _branch_layers(head: BranchHead) -> tuple[DescribedLayer, ...]:
    return (
        *_describe_stack(head.imagenet_top, "imagenet_top"),
        *_describe_stack(head.embed, "embed"),
        *_describe_stack(head.classify, "classify"),
    )


def _describe_stack(stack: DenseStack, part: str) -> tuple[DescribedLayer, ...]:
    return tuple(
        DescribedLayer(
            part=part,
            units=layer.kernel.shape[1],
            activation=layer.activation,
            n_parameters=layer.n_parameters,
        )
        for layer in stack
    )


def _layer_line(layer: DescribedLayer) -> str:
    return f"  {layer.part:<12} {layer.n_parameters:>12,}  {layer.units} {layer.activation}"
