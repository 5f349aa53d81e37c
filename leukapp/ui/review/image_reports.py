"""One PDF with the pages of several images of a batch: those that were decided on."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from leukapp.errors import ImageError
from leukapp.review.corrected_cells import Corrections, correct_cells
from leukapp.review.export import file_sha256
from leukapp.review.worklist import WorklistEntry
from leukapp.ui.corrected_verdict import corrected_verdict
from leukapp.ui.result_pdf import ReportedImage, build_report_pdf
from leukapp.ui.review.thumbnails import ReadsImages
from leukapp.ui.session import SharedDiagnoser

MAX_REPORTED: Final = 20
"""Each image is read again, for its heatmaps are not kept."""


def reported_entries(entries: Sequence[WorklistEntry]) -> tuple[WorklistEntry, ...]:
    """Give the images of a batch that a report holds: the last ones decided on, in their order."""
    decided = [entry for entry in entries if entry.decision is not None]
    newest = sorted(decided, key=lambda entry: -entry.decision.id if entry.decision else 0)
    return tuple(sorted(newest[:MAX_REPORTED], key=lambda entry: entry.item.position))


def build_image_reports(
    entries: Sequence[WorklistEntry],
    images: ReadsImages,
    diagnoser: SharedDiagnoser,
    corrections: Corrections,
) -> bytes:
    """Read the images again and write their report, with a cover where there are several.

    Args:
        entries: at least one, answered by the bundle of ``diagnoser``.
        images: reads the files of the batch.
        diagnoser: computes the heatmaps.
        corrections: of leukocytes, by the hash of the reader's file.

    Raises:
        ImageError: no image can be read any more.
        BatchSourceError: the files of the batch are not at hand.
        BusyError: too many wait already.
    """
    return build_report_pdf(tuple(read_again(entries, images, diagnoser, corrections).values()))


def read_again(
    entries: Sequence[WorklistEntry],
    images: ReadsImages,
    diagnoser: SharedDiagnoser,
    corrections: Corrections,
) -> dict[int, ReportedImage]:
    """Read images again for their heatmaps; one that cannot be read any more is left out.

    Args:
        entries: answered by the bundle of ``diagnoser``.
        images: reads the files.
        diagnoser: computes the heatmaps.
        corrections: of leukocytes, by the hash of the reader's file.

    Returns:
        Id of an image to what is reported of it, in the order of ``entries``.

    Raises:
        ImageError: none of several can be read any more.
        BatchSourceError: the files of a batch are not at hand.
        BusyError: too many wait already.
    """
    reported: dict[int, ReportedImage] = {}
    failure: ImageError | None = None
    for entry in entries:
        try:
            diagnosis = diagnoser.diagnose(images.read(entry.item))
        except ImageError as error:
            failure = error
            continue
        # Of an upload the pixels alone are kept; the image's hash is that of the reader's file.
        digest = entry.item.image_sha256 or diagnosis.image_sha256
        made = tuple(corrections.get(file_sha256(entry.item) or "", ()))
        cells = correct_cells(diagnosis.cells, made)
        reported[entry.item.id] = ReportedImage(
            diagnosis=replace(diagnosis, image_sha256=digest),
            decision=entry.decision,
            corrections=made,
            corrected=corrected_verdict(diagnosis, diagnoser, cells),
        )
    if failure is not None and not reported:
        raise failure
    return reported
