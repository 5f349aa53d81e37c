"""``leukapp commission``: from a laboratory's labelled images to a bundle that answers there."""

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from leukapp.commissioning.fitting import FittedSite, Parent, Promise, fit_site
from leukapp.commissioning.judging import answer_after, answer_before, suspicious_labels
from leukapp.commissioning.learning_curve import draw_learning_curve
from leukapp.commissioning.looking import look_at_images
from leukapp.commissioning.outcomes import (
    ImageOutcome,
    list_outcomes,
    outcomes_to_markdown,
    write_outcomes,
)
from leukapp.commissioning.readiness import Readiness, check_readiness
from leukapp.commissioning.report import SiteReport, measure_site, report_to_markdown
from leukapp.commissioning.site_bundle import (
    BeforeAndAfter,
    image_ids,
    record_commission,
    write_site_artifacts,
    write_site_bundle,
)
from leukapp.diagnosis import Diagnoser
from leukapp.errors import BundleError, TrainingError
from leukapp.model.bundle import Bundle, open_bundle
from leukapp.process_threads import one_blas_thread
from leukapp.recipes.checked_catalog import read_checked_catalog
from leukapp.resources import cache_dir
from leukapp.training.progress import Progress

_LABORATORY: Final = re.compile(r"\A[^\W_][\w .,+-]{0,59}\Z")

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class CommissionOptions:
    """What ``leukapp commission`` was asked for.

    Attributes:
        data: folder or table of labelled images, with the patient of each as its group.
        out: folder of the new bundle; must not hold one.
        laboratory: its name.
        bundle: folder of the parent.
        risk: greatest share of a class's images that may be called wrongly, 0-1.
        confidence: of the proof, 0-1.
        work_dir: keeps what the network saw, so that a killed run goes on; None is the cache.
        seed: of the folds.
        images_file: CSV of every image with its answers before and after, by name; None writes
            none. It is never part of the bundle.
    """

    data: Path
    out: Path
    laboratory: str
    bundle: Path
    risk: float = 0.02
    confidence: float = 0.95
    work_dir: Path | None = None
    seed: int = 0
    images_file: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Commissioned:
    """A new site bundle and its report.

    Attributes:
        bundle: as it was written.
        report: without a name of an image.
        outcomes: what became of each image, by name, for who brought them.
    """

    bundle: Bundle
    report: SiteReport
    outcomes: tuple[ImageOutcome, ...]

    def to_markdown(self) -> str:
        """The report for people."""
        return f"{report_to_markdown(self.report)}\n{outcomes_to_markdown(self.outcomes)}"


def check_images(
    options: CommissionOptions, diagnoser: Diagnoser, *, report: Report = lambda _line: None
) -> Readiness:
    """Read a laboratory's images, look at each once, and say whether they serve.

    Args:
        options: what is asked for.
        diagnoser: of the parent.
        report: takes a line of progress.

    Raises:
        CatalogError: the data cannot be read, or no image of it can be used.
    """
    checked = read_checked_catalog(options.data)
    samples = checked.catalog.samples
    seen = look_at_images(
        diagnoser,
        samples,
        cache_dir=(options.work_dir or cache_dir()) / "commissioning",
        report=Progress("looking at images", report).step,
    )
    return check_readiness(
        samples,
        seen,
        checked.findings,
        diagnoser.bundle.class_names,
        risk=options.risk,
        confidence=options.confidence,
    )


@one_blas_thread()
def commission(options: CommissionOptions, *, report: Report = lambda _line: None) -> Commissioned:
    """Fit a bundle to a laboratory, certify it, judge it before and after, and write it.

    Args:
        options: what is asked for.
        report: takes a line of progress.

    Raises:
        BundleError: the parent cannot be opened, or is commissioned itself.
        CatalogError: the data cannot be read.
        TrainingError: the images do not serve, or the options are out of range.
    """
    check_options(options)
    diagnoser = Diagnoser.open(options.bundle)
    bundle = diagnoser.bundle
    if bundle.commission is not None:
        raise BundleError(
            f"the bundle {bundle.name} is commissioned for {bundle.commission.laboratory} already: "
            f"commission its parent {bundle.commission.parent_name} with all images"
        )
    readiness = check_images(options, diagnoser, report=report)
    for note in readiness.notes:
        report(note.named())
    if readiness.stopping is not None:
        raise TrainingError(readiness.stopping.message)
    parent = Parent(
        heads=bundle.heads,
        gate=bundle.gate,
        thresholds=bundle.thresholds,
        summary=bundle.training_summary,
    )
    promise = Promise(risk=options.risk, confidence=options.confidence, seed=options.seed)
    report("fitting")
    fitted = fit_site(parent, readiness.images, promise)
    report("judging before and after, patient by patient")
    answers = BeforeAndAfter(
        before=answer_before(parent, readiness.images),
        after=answer_after(parent, readiness.images, promise),
    )
    report("judging fits on fewer images")
    curve = draw_learning_curve(parent, readiness.images, promise, answers.after)
    record = record_commission(bundle, options.laboratory, readiness, fitted)
    ids = image_ids(readiness)
    suspects = suspicious_labels(answers.after, readiness.images)
    outcomes = list_outcomes(readiness, answers, suspects)
    told = SiteReport(
        record=record,
        notes=tuple(replace(note, sample_ids=()) for note in readiness.notes),
        before=measure_site(answers.before, readiness.images),
        after=measure_site(answers.after, readiness.images),
        suspicious=tuple(ids[i] for i in suspects.tolist()),
        n_changed=sum(one.is_changed for one in outcomes),
        curve=curve,
    )
    if options.images_file is not None:
        # Before the bundle appears: where that is, its list is.
        write_outcomes(options.images_file, outcomes)
    return Commissioned(
        bundle=_write(options.out, bundle, readiness, fitted, answers, told),
        report=told,
        outcomes=outcomes,
    )


def _write(
    out: Path,
    parent: Bundle,
    readiness: Readiness,
    fitted: FittedSite,
    answers: BeforeAndAfter,
    told: SiteReport,
) -> Bundle:
    """Write the bundle beside its place and put it there as a whole."""
    partial = out.with_name(f"{out.name}.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        written = write_site_bundle(partial, parent, readiness, fitted, told.record)
        write_site_artifacts(written, readiness, answers, told)
        if out.exists():
            out.rmdir()
        partial.replace(out)
    except OSError as error:
        raise TrainingError(
            f"the bundle cannot be written to {out.name}: {error.strerror}; name another folder"
        ) from error
    return open_bundle(out)


def check_options(options: CommissionOptions) -> None:
    """Refuse what cannot be asked for.

    Args:
        options: what is asked for.

    Raises:
        TrainingError: a name, risk or confidence is out of range, or the folder holds a bundle.
    """
    if not _LABORATORY.match(options.laboratory):
        raise TrainingError(
            "the laboratory's name must begin with a letter or digit and may hold up to 60 "
            "letters, digits, blanks and . , + - _"
        )
    if not 0 < options.risk <= 0.5:
        raise TrainingError(f"--risk must be above 0 and at most 0.5, got {options.risk:g}")
    if not 0.5 <= options.confidence < 1:
        raise TrainingError(
            f"--confidence must be at least 0.5 and under 1, got {options.confidence:g}"
        )
    if options.out.exists() and any(options.out.iterdir()):
        raise TrainingError(
            f"the folder {options.out.name!r} is not empty: a commissioning never replaces a "
            "bundle; name a new folder"
        )
