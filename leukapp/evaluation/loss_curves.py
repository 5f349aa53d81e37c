"""How the training of a bundle went: loss after each epoch of each stage."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from leukapp.errors import HeldOutError

LOSS_FILE: Final = "loss_curves.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class LossCurve:
    """One stage of a training.

    Attributes:
        stage: e.g. ``branch:efficientnet_lite2`` or ``fusion``.
        loss: on the training images after each epoch.
        validation_loss: on the validation images after each epoch.
    """

    stage: str
    loss: tuple[float, ...]
    validation_loss: tuple[float, ...]


def read_loss_curves(bundle_folder: Path) -> tuple[LossCurve, ...]:
    """Read the curves of every stage; empty where the bundle carries none.

    Args:
        bundle_folder: of the bundle.

    Raises:
        HeldOutError: the file is damaged.
    """
    path = bundle_folder / LOSS_FILE
    if not path.is_file():
        return ()
    try:
        return tuple(
            LossCurve(
                stage=str(stage["stage"]),
                loss=tuple(float(value) for value in stage["loss"]),
                validation_loss=tuple(float(value) for value in stage["validation_loss"]),
            )
            for stage in json.loads(path.read_bytes())
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise HeldOutError(f"{LOSS_FILE} is damaged; restore the bundle.") from error
