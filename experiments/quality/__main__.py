"""Set and judge the limits of the quality check: ``python -m experiments.quality``."""

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from experiments.quality.measuring import MeasuredImage, Variant, measure_samples
from experiments.quality.page import LaboratoryRefusals, QualityStudy, Refusals, write_page
from experiments.quality.setting import set_limits
from leukapp.audits.not_smears import draw_not_smears
from leukapp.data.readers import read_catalog
from leukapp.evaluation.intervals import wilson_interval
from leukapp.imaging.quality import QualityMeasures, find_blocking, measure_quality
from leukapp.imaging.quality_limits import LIMITS, QualityLimits

RESULT: Final = Path(__file__).with_name("result.json")
PAGE: Final = Path("docs/quality.md")
NOT_SMEARS_SEED: Final = 1


def main() -> None:
    """Measure, set and judge; the result and its page are what a commit takes."""
    parser = argparse.ArgumentParser(prog="python -m experiments.quality", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="table or folder of samples")
    parser.add_argument("--work", type=Path, default=Path("work/quality"), help="keeps measures")
    arguments = parser.parse_args()
    catalog = read_catalog(arguments.data)
    measured = measure_samples((*catalog.samples, *catalog.others), arguments.work)
    study = judge(measured)
    RESULT.write_bytes(msgspec.json.format(msgspec.json.encode(study), indent=1) + b"\n")
    PAGE.write_text(write_page(study))
    print(PAGE.read_text())
    if study.limits != LIMITS:
        print("leukapp/imaging/quality_limits.py has other limits than these:", study.limits)


def judge(measured: Sequence[MeasuredImage]) -> QualityStudy:
    """Refusals of each laboratory under limits set on the others, and the limits set on all."""
    names = sorted({found.laboratory for found in measured})
    limits = set_limits(measured)
    return QualityStudy(
        limits=limits,
        laboratories=tuple(_judge_laboratory(measured, name) for name in names),
        not_smears=_count(
            [measure_quality(picture.image) for picture in draw_not_smears(NOT_SMEARS_SEED)],
            limits,
        ),
    )


def _judge_laboratory(measured: Sequence[MeasuredImage], name: str) -> LaboratoryRefusals:
    others = [found for found in measured if found.laboratory != name]
    own = [found for found in measured if found.laboratory == name]
    limits, shipped = set_limits(others), set_limits(measured)
    return LaboratoryRefusals(
        laboratory=name,
        left_out=_count(_measures(own, "as_it_is"), limits),
        half_size=_count(_measures(own, "half_size"), limits),
        shipped=_count(_measures(own, "as_it_is"), shipped),
        blurred=_count(_measures(own, "blurred"), shipped),
    )


def _measures(measured: Sequence[MeasuredImage], variant: Variant) -> list[QualityMeasures]:
    return [found.measures for found in measured if found.variant == variant]


def _count(measured: Sequence[QualityMeasures], limits: QualityLimits) -> Refusals:
    blocking = [find_blocking(measures, limits) for measures in measured]
    kinds = Counter(finding.kind for finding in blocking if finding)
    share = wilson_interval(kinds.total(), len(blocking))
    return Refusals(
        n_images=len(blocking),
        n_refused=kinds.total(),
        low=share.low or 0.0,
        high=share.high or 0.0,
        kinds=dict(sorted(kinds.items())),
    )


if __name__ == "__main__":
    main()
