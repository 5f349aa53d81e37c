"""How often a bundle gives no call to pictures that are no smear."""

import io
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PIL import Image

from leukapp.audits.not_smears import NotSmear
from leukapp.diagnosis import Diagnoser, Diagnosis
from leukapp.evaluation.intervals import Estimate, wilson_interval


@dataclass(frozen=True, slots=True, kw_only=True)
class NoCallRow:
    """The pictures of one kind.

    Attributes:
        kind: what they are.
        n_inputs: pictures.
        n_called: pictures that got a finding, which is wrong for every one.
        no_call: share without a call, Wilson's 95% interval.
        reasons: why there was no call, and how often.
    """

    kind: str
    n_inputs: int
    n_called: int
    no_call: Estimate
    reasons: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SlippedThrough:
    """A picture that is no smear and was called all the same.

    Attributes:
        kind: what it is.
        name: of the picture.
        label: answer it was given.
        probability: of that answer, calibrated, 0-1.
        stained_fraction: share of its pixels with the blue-violet of nuclei.
        focus: as the quality check measures it.
    """

    kind: str
    name: str
    label: str
    probability: float
    stained_fraction: float
    focus: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NoCallAudit:
    """Everything the audit found.

    Attributes:
        bundle_sha256: of the bundle that was asked.
        n_inputs: pictures in all.
        no_call: share without a call, Wilson's 95% interval.
        kinds: the same for each kind.
        slipped: pictures that got a finding.
    """

    bundle_sha256: str
    n_inputs: int
    no_call: Estimate
    kinds: tuple[NoCallRow, ...]
    slipped: tuple[SlippedThrough, ...]


def audit_no_calls(
    diagnoser: Diagnoser,
    pictures: Iterable[NotSmear],
    report: Callable[[int], None] = lambda _done: None,
) -> NoCallAudit:
    """Diagnose every picture by the same path as an upload.

    Args:
        diagnoser: bundle and engine.
        pictures: that are no smear, at least one.
        report: takes the number of pictures done.

    Returns:
        Shares and the pictures that slipped through.
    """
    reasons: dict[str, Counter[str]] = {}
    slipped: list[SlippedThrough] = []
    for done, picture in enumerate(pictures, start=1):
        diagnosis = diagnoser.diagnose(_png(picture))
        reasons.setdefault(picture.kind, Counter())[_short_reason(diagnosis)] += 1
        if diagnosis.answer_name is not None:
            slipped.append(_slipped(picture, diagnosis, diagnosis.answer_name))
        report(done)
    rows = tuple(
        _row(kind, counts, sum(found.kind == kind for found in slipped))
        for kind, counts in reasons.items()
    )
    n_inputs = sum(row.n_inputs for row in rows)
    return NoCallAudit(
        bundle_sha256=diagnoser.bundle.sha256,
        n_inputs=n_inputs,
        no_call=wilson_interval(n_inputs - len(slipped), n_inputs),
        kinds=rows,
        slipped=tuple(slipped),
    )


def _png(picture: NotSmear) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(picture.image).save(stream, "PNG", compress_level=1)
    return stream.getvalue()


def _short_reason(diagnosis: Diagnosis) -> str:
    """The finding of the quality check, else the reason's words before its numbers."""
    if diagnosis.no_call_reason is None:
        return "called"
    if diagnosis.quality.blocking is not None:
        return diagnosis.quality.blocking.kind
    reason = next(iter(diagnosis.no_call_details), diagnosis.no_call_reason)
    return re.split(r"[(:.]", reason)[0].strip()


def _slipped(picture: NotSmear, diagnosis: Diagnosis, answer: str) -> SlippedThrough:
    return SlippedThrough(
        kind=picture.kind,
        name=picture.name,
        label=answer,
        probability=diagnosis.answer_probability or 0.0,
        stained_fraction=diagnosis.quality.stained_fraction,
        focus=diagnosis.quality.focus,
    )


def _row(kind: str, counts: Counter[str], n_called: int) -> NoCallRow:
    n_inputs = counts.total()
    del counts["called"]
    return NoCallRow(
        kind=kind,
        n_inputs=n_inputs,
        n_called=n_called,
        no_call=wilson_interval(n_inputs - n_called, n_inputs),
        reasons=", ".join(f"{reason} {count}" for reason, count in counts.most_common()),
    )
