"""What a laboratory reads after its commissioning: before and after, what is proven, what fails."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from leukapp.commissioning.judging import SiteAnswers
from leukapp.commissioning.local_images import LocalImages
from leukapp.commissioning.readiness import ReadinessNote
from leukapp.evaluation.intervals import Estimate, rate_over_groups
from leukapp.evaluation.report import escape_cell, format_estimate
from leukapp.labels import finding_of, is_called_wrongly, split_answer
from leukapp.model.commission_record import (
    FALSE_ALARM,
    MISSED,
    AnswerCertificate,
    Certificate,
    CommissionRecord,
)

MANY_SUSPICIOUS: Final = 0.05
"""Share of doubtful labels from which on a report says not to use the bundle yet."""

CERTIFIED_HEADING: Final = "## What is certified"
"""Begins the part of the report that follows what more images bring."""

RARER_LEUKEMIA: Final = (0.2, 0.05)
"""Shares of patients with leukemia that a proof is told for, beside that of who was brought."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFigures:
    """How a bundle answers for a laboratory; intervals are 95 %, over patients.

    Attributes:
        n_images: images.
        coverage: share with a call, 0-1.
        wrong: share of all images that is called wrongly, type included, 0-1.
        missed: share of the leukemias that is called Healthy, 0-1; None without a leukemia.
        false_alarms: share of the healthy images that is called leukemia, 0-1.
        sensitivity: called leukemia among the leukemias with a call, 0-1; None as ``missed``, or
            where none has a call.
        specificity: called Healthy among the healthy images with a call, 0-1; None where none has.
    """

    n_images: int
    coverage: Estimate
    wrong: Estimate
    missed: Estimate | None
    false_alarms: Estimate | None
    sensitivity: Estimate | None
    specificity: Estimate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """How fits on so many images answer for patients that they did not see.

    Attributes:
        share: of the patients that a fold leaves, 0-1.
        n_images: that a fit had, the mean over folds.
        coverage: share with a call, 0-1.
        wrong: share of all images that is called wrongly, type included, 0-1.
    """

    share: float
    n_images: float
    coverage: Estimate
    wrong: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteReport:
    """Everything that is told of a commissioning; no name of an image or patient but hashes.

    Attributes:
        record: of the bundle.
        notes: of the check of the images.
        before: the parent on the images.
        after: bundles commissioned without the patient, on the same images.
        suspicious: images, by hash, whose label all other patients' images speak against.
        n_changed: images whose answer changed.
        curve: how fits on fewer images answer, from the fewest on.
    """

    record: CommissionRecord
    notes: tuple[ReadinessNote, ...]
    before: SiteFigures
    after: SiteFigures
    suspicious: tuple[str, ...]
    n_changed: int
    curve: tuple[CurvePoint, ...] = ()


def measure_site(answers: SiteAnswers, images: LocalImages) -> SiteFigures:
    """Count answers against labels.

    Args:
        answers: for the images.
        images: of the laboratory.
    """
    names = [images.class_names[label] for label in images.labels]
    findings = [split_answer(answer)[0] for answer in answers.answers]
    is_called = np.array([finding is not None for finding in findings], np.bool_)
    wrong = np.array(
        [is_called_wrongly(a, name) for a, name in zip(answers.answers, names, strict=True)]
    )
    is_turned = np.array(
        [
            finding is not None and finding != finding_of(name)
            for finding, name in zip(findings, names, strict=True)
        ],
        np.bool_,
    )
    healthy = images.is_healthy

    def rate(values: NDArray[np.bool_], among: NDArray[np.bool_]) -> Estimate | None:
        return rate_over_groups(values[among], images.groups[among]) if among.any() else None

    everything = np.ones(len(images), np.bool_)
    coverage, all_wrong = rate(is_called, everything), rate(wrong, everything)
    if coverage is None or all_wrong is None:
        raise ValueError("there must be at least one image")
    return SiteFigures(
        n_images=len(images),
        coverage=coverage,
        wrong=all_wrong,
        missed=rate(is_turned, ~healthy),
        false_alarms=rate(is_turned, healthy),
        sensitivity=rate(~is_turned, ~healthy & is_called),
        specificity=rate(~is_turned, healthy & is_called),
    )


def describe_certificate(certificate: Certificate) -> str:
    """What is proven of one kind of error, and what is missing, in one or two sentences.

    Args:
        certificate: of the kind.
    """
    asked_of = {
        MISSED: "images of leukemia are called Healthy",
        FALSE_ALARM: "healthy images are called leukemia",
    }.get(certificate.kind)
    what = asked_of or f"other leukemias are called {certificate.kind.rsplit(' ', 1)[-1]}"
    proven = (
        f"With {certificate.confidence:.0%} confidence at most {certificate.certified:.1%} of "
        f"{what} (seen: {certificate.n_wrong} of {certificate.n_images} images, "
        f"{certificate.n_groups} patients)."
    )
    if certificate.is_reached:
        return proven
    if certificate.n_more_groups is None:
        return f"{proven} {certificate.asked:.1%} is out of reach: errors are too many."
    return (
        f"{proven} {certificate.asked:.1%} is not certified: it needs "
        f"{certificate.n_more_groups} patients more, without one more error."
    )


def describe_answers(certificate: AnswerCertificate) -> str:
    """What is proven of one kind of answer, and what is missing, in one to three sentences.

    Args:
        certificate: of the kind.
    """
    answer, wrong = {
        MISSED: ("Healthy", "of leukemia"),
        FALSE_ALARM: ("leukemia", "healthy"),
    }[certificate.kind]
    if not certificate.n_answers:
        return f"No image is called {answer}, so nothing is certified of this answer."
    rarer = ", ".join(
        f"{certificate.certified_at(share):.1%} where {share:.0%} have"
        for share in RARER_LEUKEMIA
        if share < certificate.leukemia_share
    )
    proven = (
        f"With {certificate.confidence:.0%} confidence at most {certificate.certified:.1%} of "
        f"the images called {answer} are {wrong}, where {certificate.leukemia_share:.0%} of the "
        f"patients have leukemia as here{f', {rarer}' if rarer else ''} (seen: "
        f"{certificate.n_wrong} of {certificate.n_answers} answers)."
    )
    if certificate.is_reached:
        return proven
    whose = "with leukemia" if certificate.kind == MISSED else "without leukemia"
    if certificate.n_more_groups is None:
        return f"{proven} {certificate.asked:.1%} is out of reach: too few answers are right."
    return (
        f"{proven} {certificate.asked:.1%} is not certified: it needs "
        f"{certificate.n_more_groups} patients {whose} more, without one more error."
    )


def report_to_markdown(report: SiteReport) -> str:
    """The report for people.

    Args:
        report: of a commissioning.
    """
    record, rows = report.record, _rows(report.before, report.after)
    kinds = {certificate.kind for certificate in record.certificates}
    notes = [note.message for note in report.notes]
    if MISSED not in kinds:
        notes.append("Sensitivity is not certified: there was no image of leukemia.")
    if report.suspicious:
        notes.append(
            f"{len(report.suspicious)} labels are doubtful, since fits without their patient find "
            f"the other side twice as likely; look at them again: {_short(report.suspicious)}."
        )
    if len(report.suspicious) >= MANY_SUSPICIOUS * report.after.n_images:
        notes.append(
            f"That is {len(report.suspicious) / report.after.n_images:.0%} of the images. Labels "
            "that are mixed up spoil the fit and what is certified: mend them and commission once "
            "more before this is used. If they are right, the networks tell these images badly."
        )
    if record.ridge is None:
        notes.append("The networks stay as they were: only limits and gate are the laboratory's.")
    lines = [
        f"# {escape_cell(record.told())}",
        "",
        f"Parent {escape_cell(record.parent_name)} `{record.parent_sha256[:12]}`. Each image was "
        "judged by a fit, with its own limits, that saw no image of its patient.",
        "",
        "| | before | after |",
        "|---|---|---|",
        *(f"| {name} | {before} | {after} |" for name, before, after in rows),
        "",
        f"{report.n_changed} of {report.after.n_images} answers changed.",
        "",
        *_curve_lines(report.curve),
        CERTIFIED_HEADING,
        "Of all images of a class, with or without a call:",
        "",
        *(f"- {describe_certificate(certificate)}" for certificate in record.certificates),
        "",
        *(["Of the answers given:", ""] if record.answer_certificates else []),
        *(f"- {describe_answers(certificate)}" for certificate in record.answer_certificates),
        *([""] if record.answer_certificates else []),
        "It holds for images taken as these were, of patients as these are, and not for another "
        "laboratory.",
        "",
        "## What to know",
        *(f"- {escape_cell(note)}" for note in notes or ["Nothing was found."]),
    ]
    return "\n".join(lines) + "\n"


def _curve_lines(curve: Sequence[CurvePoint]) -> list[str]:
    if not curve:
        return []
    return [
        "## What more images bring",
        "Fits on a part of the patients, judged on the same images as above:",
        "",
        "| of the patients | images fitted on | with a call | called wrongly, of all images |",
        "|---|---|---|---|",
        *(
            f"| {point.share:.0%} | {point.n_images:.0f} | {format_estimate(point.coverage)} | "
            f"{format_estimate(point.wrong)} |"
            for point in curve
        ),
        "",
    ]


def _rows(before: SiteFigures, after: SiteFigures) -> list[tuple[str, str, str]]:
    names = {
        "coverage": "with a call",
        "wrong": "called wrongly, of all images",
        "missed": "leukemia called Healthy, of all leukemia",
        "false_alarms": "Healthy called leukemia, of all healthy",
        "sensitivity": "sensitivity among the called",
        "specificity": "specificity among the called",
    }
    return [
        (told, format_estimate(getattr(before, name)), format_estimate(getattr(after, name)))
        for name, told in names.items()
    ]


def _short(hashes: Sequence[str]) -> str:
    return ", ".join(one[:12] for one in hashes[:20])
