"""LeukApp: a second reader for acute leukemia on microscopic smear images. Research use only.

The public names are imported when they are first asked for, so that ``import leukapp`` is quick and
brings no network library.
"""

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from leukapp.cells import CellAnswer as CellAnswer
    from leukapp.cells import CellSummary as CellSummary
    from leukapp.cells import summarize_cells as summarize_cells
    from leukapp.data.catalog import Catalog as Catalog
    from leukapp.data.catalog import Sample as Sample
    from leukapp.diagnosis import Diagnoser as Diagnoser
    from leukapp.diagnosis import Diagnosis as Diagnosis
    from leukapp.errors import BundleError as BundleError
    from leukapp.errors import CatalogError as CatalogError
    from leukapp.errors import ImageError as ImageError
    from leukapp.errors import LeukappError as LeukappError
    from leukapp.evaluation.held_out import HeldOutSet as HeldOutSet
    from leukapp.evaluation.report import EvaluationReport as EvaluationReport
    from leukapp.imaging.image_io import read_image as read_image
    from leukapp.imaging.overlay import draw_overlay as draw_overlay
    from leukapp.imaging.quality import assess_quality as assess_quality
    from leukapp.imaging.synthetic import draw_synthetic_cell as draw_synthetic_cell
    from leukapp.imaging.synthetic import draw_synthetic_field as draw_synthetic_field
    from leukapp.inference.gradcam import Explanation as Explanation
    from leukapp.inference.heatmap import Heatmap as Heatmap
    from leukapp.inference.probabilities import ClassProbabilities as ClassProbabilities
    from leukapp.model.bundle import Bundle as Bundle
    from leukapp.model.bundle import open_bundle as open_bundle
    from leukapp.recipes.in_memory import Evaluation as Evaluation
    from leukapp.recipes.in_memory import evaluate as evaluate
    from leukapp.recipes.in_memory import read_samples as read_samples

__version__ = "0.1.0"

_HOMES: Final = {
    "Bundle": "leukapp.model.bundle",
    "BundleError": "leukapp.errors",
    "Catalog": "leukapp.data.catalog",
    "CatalogError": "leukapp.errors",
    "CellAnswer": "leukapp.cells",
    "CellSummary": "leukapp.cells",
    "ClassProbabilities": "leukapp.inference.probabilities",
    "Diagnoser": "leukapp.diagnosis",
    "Diagnosis": "leukapp.diagnosis",
    "Evaluation": "leukapp.recipes.in_memory",
    "EvaluationReport": "leukapp.evaluation.report",
    "Explanation": "leukapp.inference.gradcam",
    "Heatmap": "leukapp.inference.heatmap",
    "HeldOutSet": "leukapp.evaluation.held_out",
    "ImageError": "leukapp.errors",
    "LeukappError": "leukapp.errors",
    "Sample": "leukapp.data.catalog",
    "assess_quality": "leukapp.imaging.quality",
    "draw_overlay": "leukapp.imaging.overlay",
    "draw_synthetic_cell": "leukapp.imaging.synthetic",
    "draw_synthetic_field": "leukapp.imaging.synthetic",
    "evaluate": "leukapp.recipes.in_memory",
    "open_bundle": "leukapp.model.bundle",
    "read_image": "leukapp.imaging.image_io",
    "read_samples": "leukapp.recipes.in_memory",
    "summarize_cells": "leukapp.cells",
}
"""Every public name and the module that defines it."""


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
