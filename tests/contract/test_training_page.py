"""The page on training quotes the committed benchmark, and the benchmark's sums are right."""

import json

import pytest

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


@pytest.fixture
def result(repository):
    path = repository / "benchmarks" / "results" / "training.json"
    return json.loads(path.read_text(encoding="utf-8"))


def test_the_page_quotes_the_result(repository, result):
    page = (repository / "docs" / "training.md").read_text(encoding="utf-8")
    figures = page.partition(BEGIN)[2].partition(END)[0]
    short, full = result["same_epochs"], result["all_epochs"]
    data, machine = result["data"], result["machine"]
    for words in (
        f"{data['images_of_each_class']} images of each class",
        f"{data['training_items']} training and {data['validation_items']} validation items",
        f"{machine['n_cores']} cores of an {machine['processor']}",
        f"| {short['epochs']} | {short['on_features']['seconds']} s, "
        f"{short['on_features']['validation_accuracy']:.3f} | {short['end_to_end']['seconds']} s, "
        f"{short['end_to_end']['validation_accuracy']:.3f} | {short['ratio']} |",
        f"| {full['epochs']} | {full['on_features']['seconds']} s, "
        f"{full['on_features']['validation_accuracy']:.3f} | "
        f"{full['end_to_end']['seconds']} s, extrapolated from "
        f"{full['end_to_end']['measured_epochs']} epochs | {full['ratio']} |",
    ):
        assert words in figures


def test_the_page_says_what_the_slow_epoch_does_to_the_ratio(repository, result):
    page = (repository / "docs" / "training.md").read_text(encoding="utf-8")
    first, second, fusion = result["same_epochs"]["end_to_end"]["stages"]
    both_seconds = first["epoch_seconds"] + second["epoch_seconds"]
    full = result["all_epochs"]
    seconds = 2 * full["epochs"] * both_seconds
    seconds += sum(stage["setup_seconds"] for stage in (first, second, fusion))
    ratio = seconds / full["on_features"]["seconds"]
    assert f"({fusion['epoch_seconds']:.1f} s against {both_seconds:.1f} s)" in page
    assert f"the ratio at {full['epochs']} epochs would be {ratio:.0f}." in page


def test_the_sums_of_the_result_are_right(result):
    for part in (result["same_epochs"], result["all_epochs"]):
        ratio = part["end_to_end"]["seconds"] / part["on_features"]["seconds"]
        assert part["ratio"] == pytest.approx(ratio, rel=0.01)
    stages = result["same_epochs"]["end_to_end"]["stages"]
    epochs_run = result["all_epochs"]["on_features"]["epochs_run"]
    extrapolated = sum(
        stage["setup_seconds"] + n * stage["epoch_seconds"]
        for stage, n in zip(stages, epochs_run, strict=True)
    )
    assert result["all_epochs"]["end_to_end"]["is_extrapolated"]
    assert result["all_epochs"]["end_to_end"]["seconds"] == pytest.approx(extrapolated, rel=0.01)
