"""The result of the study and its page."""

from dataclasses import asdict, dataclass

from leukapp.imaging.quality_limits import QualityLimits

PAGE = """# What the quality check refuses

The quality check refuses an image before the networks see it, with a sentence that says what to
do. Its limits lie beyond the most extreme real smears of all laboratories of the project's own
collection. `python -m experiments.quality --data DATA` measures every image once, sets the
limits, and writes this page.

**The rule.** Of each laboratory the 0.5 % quantile (or 99.5 %) of a measure counts as its
extreme; the most extreme laboratory counts; the limit lies a stated way beyond it
(`experiments/quality/setting.py`). The rule is judged on each laboratory with limits that were
set without it. Margins were chosen with all laboratories in view, so the row of a laboratory is a
test of its limits, not of the margins.

Refused, in percent with Wilson's 95 % interval. *Left out*: limits set without the laboratory.
*Half size*: copies at half their size and JPEG {jpeg}, same limits. *Shipped*: limits set on all.
*Blurred*: copies out of focus (4 pixels of 224), shipped limits; these should be refused, except
cells cut out on black, whose outline was drawn by whoever cut them out.

| laboratory | images | left out | half size | shipped | blurred |
|---|---|---|---|---|---|
{rows}

Why, where limits were set without the laboratory: {kinds}.

Of {n_not_smears} pictures that are no smear (those of `leukapp audit`) the shipped limits refuse
{not_smears} %. The others are for the finder, the distance gate and the networks to refuse.

| limit | value |
|---|---|
{limits}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals:
    """How many images are refused.

    Attributes:
        n_images: images judged.
        n_refused: refused among them.
        low: of the share refused, lower end of Wilson's 95 % interval, 0-1.
        high: upper end.
        kinds: how many are refused for which finding.
    """

    n_images: int
    n_refused: int
    low: float
    high: float
    kinds: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class LaboratoryRefusals:
    """What is refused of one laboratory.

    Attributes:
        laboratory: its name in the table of samples.
        left_out: under limits that were set without it.
        half_size: its images at half size and JPEG 70, under the same limits.
        shipped: under limits that were set on all laboratories.
        blurred: its images out of focus, under the limits set on all.
    """

    laboratory: str
    left_out: Refusals
    half_size: Refusals
    shipped: Refusals
    blurred: Refusals


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityStudy:
    """The limits, and how the rule that set them fares.

    Attributes:
        limits: set on all laboratories.
        laboratories: each judged by limits set without it.
        not_smears: pictures that are no smear, under the same limits.
    """

    limits: QualityLimits
    laboratories: tuple[LaboratoryRefusals, ...]
    not_smears: Refusals


def write_page(study: QualityStudy) -> str:
    """The page, as Markdown."""
    rows = [
        f"| {row.laboratory} | {row.left_out.n_images} | {_share(row.left_out)} "
        f"| {_share(row.half_size)} | {_share(row.shipped)} | {_share(row.blurred)} |"
        for row in study.laboratories
    ]
    kinds = [
        f"{row.laboratory}: "
        + ", ".join(f"{n} {kind.replace('_', ' ')}" for kind, n in row.left_out.kinds.items())
        for row in study.laboratories
        if row.left_out.kinds
    ]
    return PAGE.format(
        jpeg=70,
        n_not_smears=study.not_smears.n_images,
        not_smears=_share(study.not_smears),
        rows="\n".join(rows),
        kinds="; ".join(kinds) or "none is refused",
        limits="\n".join(
            f"| `{name}` | {value:g} |" for name, value in asdict(study.limits).items()
        ),
    )


def _share(refusals: Refusals) -> str:
    share = 100 * refusals.n_refused / refusals.n_images
    return f"{share:.1f} ({100 * refusals.low:.1f}-{100 * refusals.high:.1f})"
