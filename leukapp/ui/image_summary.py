"""What stays of a diagnosed image when its pixels go: a thumbnail and its numbers."""

import base64
import io
from dataclasses import dataclass
from typing import Any, Final

from PIL import Image

from leukapp.cells import CellSummary
from leukapp.diagnosis import Diagnosis
from leukapp.imaging.arrays import RgbImage
from leukapp.result_record import diagnosis_record
from leukapp.ui.picture import fit_for_screen

THUMBNAIL_PX: Final = 96


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSummary:
    """One diagnosed image in short.

    Attributes:
        thumbnail_uri: a small JPEG as a ``data:`` address.
        probability: calibrated, of what is called, else of the most probable class, 0-1; None
            where there was nothing to judge.
        branches_agree: whether the branches give one class; None as ``probability``.
        cells: the leukocytes counted; None where the image was judged whole.
        note: why there is no call or no type, else the first quality finding, else empty.
        record: the result's fields, as ``leukapp diagnose --json`` has them; no pixels.
    """

    thumbnail_uri: str
    probability: float | None
    branches_agree: bool | None
    cells: CellSummary | None
    note: str
    record: dict[str, Any]


def summarize(diagnosis: Diagnosis) -> ImageSummary:
    """Extract from a diagnosis what a list of images needs.

    Args:
        diagnosis: of one image.
    """
    findings = diagnosis.quality.findings
    note = diagnosis.no_call_reason or diagnosis.type_note
    votes = {branch.probabilities.top_class for branch in diagnosis.branches}
    return ImageSummary(
        thumbnail_uri=jpeg_uri(fit_for_screen(diagnosis.image, max_side_px=THUMBNAIL_PX)),
        probability=diagnosis.answer_probability,
        branches_agree=len(votes) == 1 if votes else None,
        cells=None if diagnosis.mode == "whole" else diagnosis.cell_summary,
        note=note or (findings[0].message if findings else ""),
        record=diagnosis_record(diagnosis, path=image_name(diagnosis)),
    )


def image_name(diagnosis: Diagnosis) -> str:
    """Give what an image is called in records that leave the app: its hash, not its file name."""
    return f"sha256:{diagnosis.image_sha256}"


def jpeg_uri(image: RgbImage, *, quality: int = 85) -> str:
    """Give an image as a ``data:`` address that a page can show without a request.

    Args:
        image: sRGB pixels, uint8 (height, width, 3).
        quality: of the JPEG, 1-95.
    """
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format="JPEG", quality=quality)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"
