"""What ``leukapp train`` can be asked for."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from leukapp.model.presets import StemInput


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainOptions:
    """What ``leukapp train`` was asked for.

    Attributes:
        preset: name of the recipe.
        data: folder or table of samples.
        out: folder of the bundle.
        protocol: ``grouped``, or ``paper`` (augments before splitting: leaks).
        seed: of split, initialization, dropout and augmentation.
        work_dir: keeps features and checkpoints, so that a killed run goes on; None is the cache.
        backbone_weights: folder of keras.applications ``.h5`` files.
        stem_input: what the stem of an EfficientNet sees; see ``BranchSpec``.
        n_epochs: overrides the preset's upper bound.
        unfreeze_epochs: epochs of fine-tuning the whole network after both stages; 0 keeps the
            backbones frozen, as the paper does.
    """

    preset: str
    data: Path
    out: Path
    protocol: Literal["grouped", "paper"] = "grouped"
    seed: int = 0
    work_dir: Path | None = None
    backbone_weights: Path | None = None
    stem_input: StemInput = "as_trained"
    n_epochs: int | None = None
    unfreeze_epochs: int = 0
