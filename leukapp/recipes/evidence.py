"""``leukapp evidence``: how far a bundle and its recipe carry, source by source, lab by lab.

The bundle is judged on its held-out groups and on sources that it never saw. Then the recipe is
trained again without each laboratory, and without each source of a laboratory that has several, and
judged there. No name of a source or laboratory means anything here.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from leukapp.data.catalog import Catalog, Sample
from leukapp.data.readers.detect import read_catalog
from leukapp.errors import CatalogError
from leukapp.evaluation.held_out import BranchPredictions, HeldOutSet, write_held_out
from leukapp.inference.decision import Decision
from leukapp.labels import OTHER_LEUKEMIA, name_answer
from leukapp.model.bundle import Bundle, open_bundle
from leukapp.model.manifest import TrainingRecord
from leukapp.process_threads import one_blas_thread
from leukapp.recipes.checked_catalog import read_checked_catalog
from leukapp.recipes.evidence_networks import (
    TRAINED_AGAIN,
    EvidenceJudge,
    EvidenceOptions,
    JudgedPart,
    as_rows,
)
from leukapp.recipes.evidence_rows import CellRow, Evidence, EvidenceRow, Kind, count_cells

FOLDER_NAME: Final = "evidence"

Report = Callable[[str], None]


@one_blas_thread()
def gather_evidence(options: EvidenceOptions, *, report: Report = lambda _line: None) -> Evidence:
    """Judge the bundle, train what the other rows need, and write all beside the bundle.

    Args:
        options: what is asked for.
        report: takes a line of progress; each stage says what it will take before it starts.

    Returns:
        What ``evidence.json`` and ``evidence.md`` in the bundle's folder ``evidence`` say.

    Raises:
        LeukappError: the bundle or the data cannot be used, or are not of each other.
    """
    bundle = open_bundle(options.bundle)
    catalog = read_trained_catalog(options.data, bundle.training, report=report)
    judge = EvidenceJudge(options, bundle, catalog, report)
    judged = [*judge.of_bundle(), *judge.left_out(), *judge.in_folds()]
    folder = options.bundle / FOLDER_NAME
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[EvidenceRow] = []
    cells: list[CellRow] = []
    for (kind, name), parts in _by_row(judged).items():
        samples = [sample for part in parts for sample in part.samples]
        decisions = [decision for part in parts for decision in judge.decide(part, judged)]
        background = judge.background(parts)
        rows.append(EvidenceRow.of(kind, name, samples, decisions, background=background))
        cells += count_cells(f"{name}, {kind}", samples, decisions)
        if kind in TRAINED_AGAIN:
            stem = re.sub(r"[^a-z0-9]+", "_", f"{name} {kind}".lower())
            table = _held_out(kind, samples, decisions, bundle)
            write_held_out(table, folder / f"{stem}.csv")
    evidence = Evidence(
        bundle_sha256=bundle.sha256,
        seed=bundle.training.seed,
        rows=tuple(rows),
        cells=tuple(cells),
        notes=tuple(judge.notes),
    )
    (folder / "evidence.json").write_text(evidence.to_json(), encoding="utf-8")
    (folder / "evidence.md").write_text(evidence.to_markdown(), encoding="utf-8")
    report(f"evidence: {folder}")
    return evidence


def read_trained_catalog(
    data: Path, training: TrainingRecord, *, report: Report = lambda _line: None
) -> Catalog:
    """Read the data that a bundle was trained on, without the files that the training left out.

    Args:
        data: folder or table of the samples.
        training: of the bundle.
        report: takes a line for each finding.

    Raises:
        CatalogError: the data cannot be read, or is not that of the bundle.
    """
    catalog = read_catalog(data)
    if catalog.sha256() != training.catalog_sha256:
        # The training may have left files out, which only a look at every image tells.
        catalog = read_checked_catalog(data, report=report).catalog
    if catalog.sha256() != training.catalog_sha256:
        raise CatalogError(
            "the bundle was trained on other data than this; train it again or name its data"
        )
    return catalog


def _by_row(judged: Sequence[JudgedPart]) -> dict[tuple[Kind, str], list[JudgedPart]]:
    """Parts of one row: one, or the folds."""
    of_row: dict[tuple[Kind, str], list[JudgedPart]] = {}
    for part in judged:
        of_row.setdefault((part.kind, part.name), []).append(part)
    return of_row


def _held_out(
    kind: Kind, samples: Sequence[Sample], decisions: Sequence[Decision], bundle: Bundle
) -> HeldOutSet:
    """Answers as a table for page "Evaluation"; equal shares where no leukocyte was found."""
    names = bundle.class_names
    labels = (*names, OTHER_LEUKEMIA)
    nothing = 1 / len(names)
    answers = tuple(name_answer(decision.finding, decision.label) for decision in decisions)
    return HeldOutSet(
        sample_ids=tuple(sample.sample_id for sample in samples),
        groups=tuple(sample.group for sample in samples),
        groups_known=np.array([sample.groups_known for sample in samples], np.bool_),
        sources=tuple(sample.source for sample in samples),
        true_labels=np.array([labels.index(sample.label) for sample in samples], np.int64),
        probabilities=as_rows((d.probabilities for d in decisions), len(names), nothing),
        branches=tuple(
            BranchPredictions(
                name=spec.name,
                probabilities=as_rows(
                    (d.branches[index] if d.branches else None for d in decisions),
                    len(names),
                    nothing,
                ),
            )
            for index, spec in enumerate(bundle.preset.branches)
        ),
        is_called=np.array([answer is not None for answer in answers], np.bool_),
        no_call_reasons=tuple(d.no_call.reason if d.no_call else None for d in decisions),
        protocol="grouped" if kind == "folds over groups" else "external",
        bundle_sha256=bundle.sha256,
        class_names=names,
        answers=None if bundle.thresholds.limits is None else answers,
    )
