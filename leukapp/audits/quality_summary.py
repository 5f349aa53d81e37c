"""Image quality of a data set, source by source."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from leukapp.data.catalog import Sample
from leukapp.imaging.quality import QualityReport


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityRow:
    """Quality of the images of one source; medians over its images.

    Attributes:
        source: its name.
        n_images: images.
        n_refused: images that the quality check would give no call.
        refused_because: kinds of blocking findings and how often, e.g. ``out_of_focus 3``.
        remarks: kinds of other findings and how often.
        side_px: shorter side in pixels.
        focus: variance of the Laplacian at 224 px, grey levels squared.
        brightness: mean grey level, 0-255.
        contrast: standard deviation of the grey level.
        stained_fraction: share of pixels with the blue-violet of stained nuclei, 0-1.
    """

    source: str
    n_images: int
    n_refused: int
    refused_because: str
    remarks: str
    side_px: float
    focus: float
    brightness: float
    contrast: float
    stained_fraction: float


def summarize_quality(
    samples: Sequence[Sample], quality: Sequence[QualityReport]
) -> tuple[QualityRow, ...]:
    """Summarize the quality reports of each source.

    Args:
        samples: of the images.
        quality: of each image.
    """
    rows = []
    for source in sorted({sample.source for sample in samples}):
        reports = [q for q, sample in zip(quality, samples, strict=True) if sample.source == source]
        refused = Counter(report.blocking.kind for report in reports if report.blocking)
        remarks = Counter(f.kind for q in reports for f in q.findings if not f.blocks_call)
        rows.append(
            QualityRow(
                source=source,
                n_images=len(reports),
                n_refused=refused.total(),
                refused_because=_counted(refused),
                remarks=_counted(remarks),
                side_px=float(np.median([min(q.width_px, q.height_px) for q in reports])),
                focus=float(np.median([q.focus for q in reports])),
                brightness=float(np.median([q.brightness for q in reports])),
                contrast=float(np.median([q.contrast for q in reports])),
                stained_fraction=float(np.median([q.stained_fraction for q in reports])),
            )
        )
    return tuple(rows)


def _counted(kinds: Counter[str]) -> str:
    return ", ".join(f"{kind} {count}" for kind, count in kinds.most_common())
