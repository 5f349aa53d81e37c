import json

import numpy as np
import pytest

from leukapp.errors import HeldOutError
from leukapp.evaluation.held_out import BranchPredictions
from leukapp.evaluation.intervals import Estimate
from leukapp.evaluation.report import (
    EvaluationReport,
    build_report,
    format_estimate,
    report_to_markdown,
)


@pytest.fixture
def report(make_held_out):
    grouped = make_held_out(sources=("x", "x", "y", "y", "y", "x", "x", "x"))
    paper = make_held_out(protocol="paper", sources=("x",) * 8)
    external = make_held_out(
        protocol="external",
        sources=("other|lab<b>",) * 8,
        groups=("",) * 8,
        groups_known=np.zeros(8, bool),
        branches=(BranchPredictions(name="second", probabilities=np.eye(3)[[0] * 8]),),
    )
    return build_report((external, paper, grouped), "compact", {"x": 0.98})


def rows_of(markdown: str) -> list[list[str]]:
    lines = [line for line in markdown.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]


def test_every_source_and_protocol_stands_alone(report):
    assert [(result.source, result.protocol) for result in report.sources] == [
        ("x", "grouped"),
        ("y", "grouped"),
        ("x", "paper"),
        ("other|lab<b>", "external"),
    ]
    # x holds the images 0, 1, 5, 6 and 7 (3 right), y the images 2, 3 and 4 (2 right).
    assert [result.report.n_images for result in report.sources] == [5, 3, 8, 8]
    assert [result.report.accuracy.value for result in report.sources] == [0.6, 2 / 3, 5 / 8, 5 / 8]


def test_branches_and_background_of_each_source(report):
    x_grouped, y_grouped, x_paper, external = report.sources
    # The branch always answers Healthy: 3 of the 5 images of x, none of the 3 of y.
    assert x_grouped.branch_accuracies[0].name == "first"
    assert x_grouped.branch_accuracies[0].accuracy.value == 0.6
    assert y_grouped.branch_accuracies[0].accuracy.value == 0
    assert external.branch_accuracies[0].accuracy.value == 0.25
    assert x_grouped.background_balanced_accuracy == x_paper.background_balanced_accuracy == 0.98
    assert y_grouped.background_balanced_accuracy is None


def test_calibration_of_a_source(report):
    # y: probabilities of the truth 0.6, 0.7 and 0.3.
    brier = (0.01 + 0.16 + 0.09) + (0.01 + 0.09 + 0.04) + (0.04 + 0.49 + 0.25)
    assert report.sources[1].brier == pytest.approx(brier / 3)
    # Each in its own bin: right at 0.6 and 0.7, wrong at 0.5.
    assert report.sources[1].ece == pytest.approx((0.4 + 0.3 + 0.5) / 3)


def test_json_round_trip(report):
    text = report.to_json()
    read = EvaluationReport.from_json(text)
    assert read.to_json() == text
    first = read.sources[0]
    assert first.report.accuracy == report.sources[0].report.accuracy
    assert first.report.per_class == report.sources[0].report.per_class
    assert first.report.confusion.dtype == np.int64
    assert np.array_equal(first.report.confusion, report.sources[0].report.confusion)
    assert first.branch_accuracies == report.sources[0].branch_accuracies
    assert read.sources[1].report.leukemia_auroc is None
    assert json.loads(text)["bundle_sha256"] == "ab" * 32


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: [],
        lambda content: content | {"format": "leukapp-evaluation-0"},
        lambda content: {key: value for key, value in content.items() if key != "sources"},
        lambda content: content | {"bundle_name": 7},
        lambda content: content | {"sources": [content["sources"][0] | {"protocol": "other"}]},
        lambda content: content | {"sources": [content["sources"][0] | {"ece": "low"}]},
    ],
)
def test_a_wrong_report_is_refused(report, spoil):
    with pytest.raises(HeldOutError, match="evaluate again"):
        EvaluationReport.from_json(json.dumps(spoil(json.loads(report.to_json()))))


def test_a_whole_number_may_stand_for_a_figure(report):
    content = json.loads(report.to_json())
    content["sources"][0]["ece"] = 1
    assert EvaluationReport.from_json(json.dumps(content)).sources[0].ece == 1.0


def test_text_that_is_no_json_is_refused():
    with pytest.raises(HeldOutError, match="evaluate again"):
        EvaluationReport.from_json("{")


def test_markdown_has_a_row_a_source(report):
    header, _, x_grouped, y_grouped, x_paper, external = rows_of(report_to_markdown(report))
    assert header == [
        "Source",
        "Protocol",
        "Images",
        "Groups",
        "Classes",
        "Accuracy",
        "AUROC leukemia vs Healthy",
        "Coverage",
        "Accuracy of called",
        "Healthy called leukemia",
        "Background only",
        "first alone",
        "second alone",
    ]
    assert x_grouped[:5] == ["x", "grouped", "5", "3", "ALL 2, Healthy 3"]
    assert x_grouped[5].startswith("0.600 [")
    assert x_grouped[7] == "0.800 (4)"
    assert x_grouped[10] == "0.980"
    assert x_grouped[12] == "-"
    assert y_grouped[4] == "AML 3"
    assert (y_grouped[6], y_grouped[9], y_grouped[10]) == ("-", "-", "-")
    assert x_paper[1] == "paper - leaking"
    assert external[0] == "other\\|lab\\<b\\>"
    assert external[3] == "unknown"
    assert external[12].startswith("0.250 [")


def test_notes_say_what_applies(make_held_out, report):
    notes = report_to_markdown(report)
    assert "treats each image as its own group" in notes
    assert "were trained on" in notes
    plain = report_to_markdown(build_report((make_held_out(),), "compact"))
    assert "treats each image as its own group" not in plain
    assert "were trained on" not in plain
    assert "never pooled" in plain


def test_only_one_bundle_and_no_source_twice(make_held_out):
    with pytest.raises(HeldOutError, match="one bundle, got 2"):
        build_report((make_held_out(), make_held_out(bundle_sha256="cd" * 32)), "compact")
    with pytest.raises(HeldOutError, match="one bundle, got 0"):
        build_report((), "compact")
    with pytest.raises(HeldOutError, match="lab stands in two held-out sets"):
        build_report((make_held_out(), make_held_out()), "compact")


def test_an_estimate_as_text():
    assert format_estimate(None) == "-"
    assert format_estimate(Estimate(value=0.9, low=None, high=None)) == "0.900 [no interval]"
    assert format_estimate(Estimate(value=0.9, low=0.81, high=0.951)) == "0.900 [0.810-0.951]"
