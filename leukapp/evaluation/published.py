"""The figures that the paper prints, for reference beside measured ones.

All of them come from its own protocol: images were augmented before they were split, so copies of
test images were trained on. They are not comparable with figures under the ``grouped`` protocol.

Source:
    Himel, Hasan, Suzuki, Shin, "Feature Fusion Based Ensemble of Deep Networks for Acute Leukemia
    Diagnosis Using Microscopic Smear Images", IEEE Access, 2024.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedFigure:
    """One row of the paper.

    Attributes:
        model: as the paper names it.
        data_set: on which it was measured.
        accuracy_percent: as printed.
    """

    model: str
    data_set: str
    accuracy_percent: float


COMBINED: Final = "ALL-IDB2 and ASH combined, 3 classes"
PROPOSED: Final = "Proposed (EfficientNetB7 and MobileNetV3Large fused)"
PUBLISHED_MACRO_AUC: Final = 0.997
"""Of the proposed model on the combined data."""


def _combined(model: str, accuracy_percent: float) -> PublishedFigure:
    return PublishedFigure(model=model, data_set=COMBINED, accuracy_percent=accuracy_percent)


BASE_MODELS: Final = (
    _combined("Xception", 90.5),
    _combined("NASNetLarge", 91.6),
    _combined("InceptionV3", 92.1),
    _combined("ResNet50V2", 92.1),
    _combined("ResNet101V2", 93.0),
    _combined("EfficientNetB6", 94.0),
    _combined("EfficientNetB7", 96.4),
    _combined("MobileNetV3Large", 98.4),
    _combined(PROPOSED, 99.3),
)
"""Table 2 of the paper."""

ABLATION: Final = (
    _combined("EfficientNetB7", 96.4),
    _combined("MobileNetV3Large", 98.8),
    _combined(PROPOSED, 99.3),
)
"""Each branch alone through the meta-classifier, and both."""

DATA_SETS: Final = (
    PublishedFigure(model=PROPOSED, data_set="ALL-IDB1", accuracy_percent=100.0),
    PublishedFigure(model=PROPOSED, data_set="ALL-IDB2", accuracy_percent=99.4),
    PublishedFigure(model=PROPOSED, data_set="ASH and healthy", accuracy_percent=99.8),
    PublishedFigure(model=PROPOSED, data_set=COMBINED, accuracy_percent=99.3),
)

STEP_MS: Final = (209.0, 94.0, 228.0)
"""Table 3: test time of a step of 32 on a P100, of branch 1, branch 2 and the fusion."""

BRANCH_PARAMETERS: Final = (67_683_711, 6_532_456)
"""Table 3: parameters of each branch in the fusion, its last Dense dropped."""

META_CLASSIFIER_PARAMETERS: Final = 2_150_143
"""Table 3: parameters of the meta-classifier for three classes."""

NOT_AT_HAND: Final = "not at hand"
"""Stands where the paper prints a figure that this project does not have; none is made up."""
