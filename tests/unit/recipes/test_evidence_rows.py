"""Rows of the evidence: what counts as wrong, as called and as right."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from leukapp.data.catalog import Sample
from leukapp.inference.decision import Answer, Decision, NoCall
from leukapp.inference.probabilities import ClassProbabilities
from leukapp.labels import ALL, AML, HEALTHY, OTHER_LEUKEMIA
from leukapp.recipes.evidence_rows import Evidence, EvidenceRow, count_cells

SAYS_ALL, SAYS_AML, SAYS_HEALTHY = (0.9, 0.06, 0.04), (0.06, 0.9, 0.04), (0.05, 0.05, 0.9)
CALLED_ALL, CALLED_AML = (
    Answer(finding="leukemia", label=ALL),
    Answer(finding="leukemia", label=AML),
)
CALLED_LEUKEMIA = Answer(finding="leukemia", type_note="Both types are possible.")
CALLED_HEALTHY = Answer(finding=HEALTHY, label=HEALTHY)
NO_CALL = Answer(no_call=NoCall(reason="Not sure."))


def decision(answer, shares=None):
    return Decision(
        probabilities=None if shares is None else ClassProbabilities(shares),
        branches=(),
        distances=np.zeros(1, np.float32),
        is_near=np.ones(1, np.bool_),
        least_confidence=0.0,
        answer=answer,
    )


def sample(index, label, *, cell="", groups_known=True):
    return Sample(
        path=Path("x"),
        label=label,
        group=f"group-{index // 2}",
        source="here",
        sample_id=f"{index}.png",
        groups_known=groups_known,
        cell_label=cell,
    )


def row_of(pairs, **settings):
    samples = [sample(index, label) for index, (label, _) in enumerate(pairs)]
    return EvidenceRow.of("source never seen", "here", samples, [d for _, d in pairs], **settings)


@pytest.mark.parametrize(
    ("truth", "answer", "is_wrong"),
    [
        (ALL, CALLED_ALL, False),
        (ALL, CALLED_LEUKEMIA, False),
        (ALL, CALLED_AML, True),
        (ALL, CALLED_HEALTHY, True),
        (ALL, NO_CALL, False),
        (HEALTHY, CALLED_HEALTHY, False),
        (HEALTHY, CALLED_LEUKEMIA, True),
        (HEALTHY, CALLED_ALL, True),
        (OTHER_LEUKEMIA, CALLED_LEUKEMIA, False),
        (OTHER_LEUKEMIA, CALLED_ALL, True),
        (OTHER_LEUKEMIA, CALLED_HEALTHY, True),
    ],
)
def test_what_is_called_wrongly(truth, answer, is_wrong):
    row = row_of([(truth, decision(answer, SAYS_ALL))] * 4)
    assert row.wrong.value == is_wrong
    assert row.coverage.value == (answer is not NO_CALL)
    assert (row.accuracy is None) == (truth == OTHER_LEUKEMIA)


def test_areas_are_of_leukemia_and_of_its_type():
    pairs = [
        (ALL, decision(CALLED_ALL, SAYS_ALL)),
        (ALL, decision(CALLED_AML, SAYS_AML)),
        (AML, decision(CALLED_AML, SAYS_AML)),
        (HEALTHY, decision(CALLED_HEALTHY, SAYS_HEALTHY)),
        (HEALTHY, decision(NO_CALL, SAYS_AML)),
    ]
    row = row_of(pairs, background=0.7)
    # Of the six pairs of a leukemia and a healthy image three are right and three alike.
    assert row.auroc.value == pytest.approx(0.75)
    assert row.type_auroc.value == pytest.approx(0.75)
    assert row.accuracy.value == pytest.approx(0.6)
    assert (row.n_images, row.n_groups, row.groups_known) == (5, 3, True)
    healthy = row_of([pair for pair in pairs if pair[0] == HEALTHY])
    assert (healthy.auroc, healthy.type_auroc) == (None, None)


def test_an_image_without_a_leukocyte_is_never_right_and_counted():
    row = row_of([(ALL, decision(NO_CALL)), (ALL, decision(CALLED_ALL, SAYS_ALL))])
    assert row.n_without_leukocyte == 1
    assert row.accuracy.value == pytest.approx(0.5)


def test_calls_are_counted_by_the_cells_that_a_data_set_names():
    samples = [sample(index, HEALTHY, cell="monocyte") for index in range(10)]
    samples += [sample(10, HEALTHY, cell="rare"), sample(11, HEALTHY)]
    decisions = [decision(CALLED_ALL, SAYS_ALL)] * 2 + [decision(CALLED_HEALTHY, SAYS_HEALTHY)] * 10
    (cells,) = count_cells("here, source never seen", samples, decisions)
    assert (cells.cell, cells.n_images, cells.n_called, cells.n_wrong) == (
        "monocyte (Healthy)",
        10,
        10,
        2,
    )


def test_the_table_says_how_sure_each_figure_is():
    row = row_of(
        [(ALL, decision(CALLED_ALL, SAYS_ALL)), (HEALTHY, decision(NO_CALL, SAYS_AML))] * 4
    )
    evidence = Evidence(bundle_sha256="ab" * 32, seed=3, rows=(row,), cells=(), notes=("Once.",))
    told = evidence.to_markdown()
    assert "| here | source never seen | 8 (4) | 0.500 |" in told
    assert "| 0.500 [" in told
    assert "- Once." in told
    content = json.loads(evidence.to_json())
    assert content["format"] == "leukapp-evidence-2"
    assert content["rows"][0]["coverage"]["value"] == pytest.approx(0.5)
    assert evidence.row("source never seen", "here") is row
    assert evidence.row("held-out groups", "here") is None


def test_the_mean_is_over_laboratories_not_over_their_sources():
    def row(name, laboratory, answer):
        images = [replace(sample(index, ALL), lab=laboratory, source=name) for index in range(4)]
        return EvidenceRow.of("laboratory left out", name, images, [decision(answer, SAYS_ALL)] * 4)

    rows = (row("a", "one", CALLED_ALL), row("b", "two", NO_CALL), row("c", "two", NO_CALL))
    evidence = Evidence(bundle_sha256="ab" * 32, seed=0, rows=rows, cells=(), notes=())
    assert evidence.mean_left_out("coverage").value == pytest.approx(0.5)
    assert evidence.mean_left_out("auroc") is None
    assert "AUROC leukemia -, called wrongly 0.000, called 0.500" in evidence.to_markdown()
