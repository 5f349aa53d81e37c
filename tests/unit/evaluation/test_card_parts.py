"""What the model card page reads: weak spots, audit reports, loss curves."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from leukapp.audits.document import list_audit_files, read_audit
from leukapp.errors import HeldOutError
from leukapp.evaluation.held_out import HeldOutSet
from leukapp.evaluation.report import build_report
from leukapp.evaluation.weak_spots import find_weak_spots
from leukapp.model.artifacts import read_loss_curves

MakeHeldOut = Callable[..., HeldOutSet]


def kinds(held_out: HeldOutSet, background: float | None = None) -> dict[str, float]:
    baselines = {} if background is None else {"lab": background}
    spots = find_weak_spots(build_report((held_out,), "tiny", baselines))
    return {spot.kind: spot.value for spot in spots}


def test_every_weakness_of_the_eight_images_is_named_with_its_figure(
    make_held_out: MakeHeldOut,
) -> None:
    found = kinds(make_held_out(), background=0.9)

    assert found == {
        "many_errors": pytest.approx((1 / 2 + 2 / 3 + 2 / 3) / 3),
        "false_alarms": pytest.approx(1 / 3),
        "background": 0.9,
        "few_groups": 5,
    }


def test_a_source_without_weakness_is_not_named(make_held_out: MakeHeldOut) -> None:
    perfect = np.eye(3)[[0, 0, 1, 1, 1, 2, 2, 2]] * 0.97 + 0.01
    names = tuple(f"image{number}.jpg" for number in range(8))
    alone = {"groups": names, "groups_known": np.zeros(8, bool), "is_called": np.ones(8, bool)}
    held_out = make_held_out(probabilities=perfect, no_call_reasons=(None,) * 8, **alone)

    assert kinds(held_out, background=0.2) == {}
    assert kinds(held_out, background=0.99) == {"background": 0.99}


def test_leaking_and_low_coverage_are_named(make_held_out: MakeHeldOut) -> None:
    quiet = make_held_out(is_called=np.arange(8) < 3, protocol="paper")

    found = kinds(quiet)
    assert found["leaking"] == 5 / 8
    assert found["low_coverage"] == 3 / 8


@pytest.fixture
def audits(tmp_path: Path) -> Path:
    folder = tmp_path / "audits"
    folder.mkdir()
    content = {
        "bundle_sha256": "ab" * 32,
        "passed": False,
        "leakage": {"n_pairs": 3, "interval": [0.1, 0.25]},
        "sources": [
            {"source": "lab", "value": 0.123456, "classes": ["ALL", "AML"]},
            {"source": "other", "note": None},
        ],
    }
    (folder / "data.json").write_text(json.dumps(content))
    (folder / "data.html").write_text("<p>x</p>")
    return folder


def test_a_report_becomes_facts_and_tables(audits: Path) -> None:
    (path,) = list_audit_files(audits.parent)
    document = read_audit(path)
    facts = {fact.name: fact.text for fact in document.facts}

    assert document.name == "data"
    assert document.bundle_sha256 == "ab" * 32
    assert document.html == audits / "data.html"
    assert facts["passed"] == "no"
    assert facts["leakage / n_pairs"] == "3"
    assert facts["leakage / interval"] == "0.1, 0.25"
    (table,) = document.tables
    assert table.name == "sources"
    assert table.columns == ("source", "value", "classes", "note")
    assert table.rows == (("lab", 0.123456, "ALL, AML", None), ("other", None, None, None))


def test_the_bundle_may_be_named_under_bundle(audits: Path) -> None:
    (audits / "data.json").write_text('{"bundle": {"name": "x", "sha256": "cd"}}')

    assert read_audit(audits / "data.json").bundle_sha256 == "cd"


@pytest.mark.parametrize("content", [b"", b"[1, 2]", b"{", b'"x"', b"\xff", b"[" * 100_000])
def test_a_report_that_is_none_is_one_sentence(audits: Path, content: bytes) -> None:
    (audits / "data.json").write_bytes(content)

    with pytest.raises(HeldOutError, match=r"data\.json .*run the audit again\.$"):
        read_audit(audits / "data.json")


def test_a_deep_report_is_shown_and_not_followed_for_ever(audits: Path) -> None:
    content: dict[str, object] = {"end": 1}
    for _ in range(40):
        content = {"in": content}
    (audits / "data.json").write_text(json.dumps(content))
    (fact,) = read_audit(audits / "data.json").facts

    assert fact.name.count("in") == 8
    assert '"end": 1' in fact.text


def test_no_audits_folder_has_no_reports(tmp_path: Path) -> None:
    assert list_audit_files(tmp_path) == ()


def test_loss_curves_are_read_and_may_be_missing(tmp_path: Path) -> None:
    assert read_loss_curves(tmp_path) == ()
    stage = {"stage": "fusion", "loss": [1.0, 0.5], "validation_loss": [1.1, 0.7]}
    (tmp_path / "loss_curves.json").write_text(json.dumps([stage]))

    (curve,) = read_loss_curves(tmp_path)
    assert (curve.stage, curve.loss, curve.validation_loss) == ("fusion", (1.0, 0.5), (1.1, 0.7))
    assert (curve.validation_accuracy, curve.best_epoch) == ((), None)


@pytest.mark.parametrize("content", ["{", '[{"stage": "x"}]', "[3]", '[{"loss": "x"}]'])
def test_damaged_loss_curves_are_one_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / "loss_curves.json").write_text(content)

    with pytest.raises(HeldOutError, match="damaged; restore the bundle"):
        read_loss_curves(tmp_path)
