"""The README's figures of speed are those of the committed results, and their ratios are right."""

import sys

import pytest


@pytest.fixture
def quote(repository, monkeypatch):
    monkeypatch.syspath_prepend(str(repository / "benchmarks"))
    monkeypatch.delitem(sys.modules, "quote", raising=False)
    import quote

    return quote


def _report(load):
    return {
        "machine": {
            "processor": "Some CPU",
            "n_cores": 2,
            "load_before": load,
            "libraries": {"openvino": "1.2.3"},
        },
        "seconds": 99,
        "diagnosis": {
            "engine": "openvino-cpu-f32",
            "ours_ms": 12.5,
            "usual_ms": 500.0,
            "times_faster": 40.0,
            "over_bare": 1.4,
            "network_and_maps_over_bare": 1.1,
        },
        "folder": {
            "images_a_second": 80.0,
            "one_by_one_images_a_second": 50.0,
            "of_bare": 0.75,
            "of_possible": 0.93,
            "of_possible_range": [0.9, 0.95],
        },
        "scaling": {"n_images": [10, 80], "last_over_first": 0.99, "cpu_first_over_last": 1.0},
        "field": {"n_cells": 12, "diagnosis_ms": 321.0},
        "processes": {
            "first_diagnosis_s": 1.5,
            "first_diagnosis_keras_s": 9.0,
            "peak_mb": 400,
            "peak_keras_mb": 1500,
        },
    }


def test_the_readme_quotes_the_committed_results(repository, quote):
    page = (repository / "README.md").read_text(encoding="utf-8")
    committed = quote.read_results(repository / "benchmarks" / "results")
    assert quote.quoted(page) == quote.render_figures(committed)


def test_the_committed_ratios_are_right(repository, quote):
    for report in quote.read_results(repository / "benchmarks" / "results").values():
        one, process = report["diagnosis"], report["processes"]
        assert one["times_faster"] == pytest.approx(one["usual_ms"] / one["ours_ms"], rel=0.02)
        assert one["over_bare"] == pytest.approx(one["ours_ms"] / one["bare_ms"], rel=0.02)
        assert process["times_sooner"] == pytest.approx(
            process["first_diagnosis_keras_s"] / process["first_diagnosis_s"], rel=0.02
        )


def test_every_preset_is_a_column_with_its_own_machine(quote):
    figures = quote.render_figures({"compact": _report(0.1), "paper": _report(6.5)})
    assert "| | compact | paper |" in figures
    assert "| a folder, of the bare engine's rate | 75% | 75% |" in figures
    assert "93% (90% to 95%)" in figures
    assert "0.1 other tasks" in figures
    assert "6.5 other tasks" in figures


def test_only_what_stands_between_the_markers_is_rewritten(quote):
    page = f"before\n{quote.BEGIN}\nold\n{quote.END}\nafter\n"
    rewritten = quote.quote(page, "| new |")
    assert rewritten == f"before\n{quote.BEGIN}\n| new |\n{quote.END}\nafter\n"
    assert quote.quoted(rewritten) == "| new |"
    with pytest.raises(ValueError, match="needs the lines"):
        quote.quote("a page without markers", "figures")
