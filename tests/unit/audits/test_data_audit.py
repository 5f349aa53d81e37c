"""The data audit finds what was planted: copies, a shortcut in the background, confounding."""

import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from leukapp.audits.confounding import cramers_v
from leukapp.audits.data_audit import DataAudit, audit_data
from leukapp.audits.report_files import write_audit
from leukapp.cli import main
from leukapp.data.catalog import Catalog, Sample
from leukapp.imaging.synthetic import draw_synthetic_cell

N_EACH = 8


def _write(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Two sources; ``tinted`` has a yellow background for ALL, ``even`` none that tells a class."""
    root = tmp_path_factory.mktemp("audited")
    samples = []
    for source in ("tinted", "even"):
        for label, kind in (("ALL", "lymphoblast"), ("Healthy", "neutrophil")):
            for number in range(N_EACH):
                name = f"{source}/{label}_{number}.png"
                seed = len(samples)
                image = draw_synthetic_cell(kind, seed=seed, size_px=96).copy()
                if source == "tinted" and label == "ALL":
                    image[..., 2] = image[..., 2] // 2
                _write(root / name, image)
                samples.append(_sample(root, name, label, source, f"{source}{number // 2}{label}"))
    first = cv2.imread(str(samples[0].path))[..., ::-1]
    _write(root / "turned.png", np.rot90(first))
    samples.append(_sample(root, "turned.png", "Healthy", "even", "copy"))
    (root / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    samples.append(_sample(root, "broken.png", "Healthy", "even", "broken"))
    return Catalog(root=root, samples=tuple(samples))


def _sample(root: Path, name: str, label: str, source: str, group: str) -> Sample:
    return Sample(
        path=root / name, label=label, group=group, source=source, sample_id=name, role="train"
    )


@pytest.fixture(scope="module")
def audit(catalog: Catalog) -> DataAudit:
    return audit_data(catalog)


def test_a_turned_copy_under_another_label_is_named(audit: DataAudit) -> None:
    exact, _ = audit.copies
    assert (exact.n_pairs, exact.across_labels, exact.across_groups) == (1, 1, 1)
    worst = audit.listed_copies[0]
    assert {worst.first, worst.second} == {"tinted/ALL_0.png", "turned.png"}
    assert worst.crosses == "labels, groups, sources"


def test_the_tinted_background_tells_the_label_and_the_even_one_does_not(audit: DataAudit) -> None:
    by_place = {row.where: row for row in audit.background if row.target == "label"}
    assert by_place["tinted"].balanced_accuracy.value == 1
    assert by_place["even"].balanced_accuracy.value < 0.85
    assert by_place["even"].chance == 0.5


def test_an_unreadable_file_is_left_out_by_name(audit: DataAudit) -> None:
    assert audit.n_images == 4 * N_EACH + 1
    assert [left.sample_id for left in audit.left_out] == ["broken.png"]


def test_a_random_split_of_turned_copies_is_easy_to_memorize(audit: DataAudit) -> None:
    rows = {row.source: row for row in audit.flattery if row.classifier == "nearest neighbor"}
    assert rows["even"].random_balanced_accuracy.value >= (
        rows["even"].grouped_balanced_accuracy.value
    )


@pytest.mark.parametrize(
    ("table", "expected"),
    [([[50, 0], [0, 50]], 1.0), ([[50, 50], [50, 50]], 0.0), ([[10, 20]], None)],
)
def test_cramers_v_of_known_tables(table: list[list[int]], expected: float | None) -> None:
    assert cramers_v(np.array(table)) == (
        None if expected is None else pytest.approx(expected, abs=0.011)
    )


def test_reports_hold_the_same_figures_and_ask_for_nothing_outside(
    audit: DataAudit, tmp_path: Path
) -> None:
    json_path, html_path = write_audit(tmp_path, "data", audit)
    record = json.loads(json_path.read_text(encoding="utf-8"))
    assert record["copies"][0]["across_labels"] == 1
    assert {"balanced_accuracy", "balanced_accuracy_low"} <= record["background"][0].keys()
    page = html_path.read_text(encoding="utf-8")
    assert "tinted/ALL_0.png" in page
    assert "Research use only" in page
    assert not re.search(r"https?://|<script|<img|url\(", page)


def test_the_command_audits_a_folder(catalog: Catalog, tmp_path: Path) -> None:
    data = tmp_path / "mine"
    for sample in catalog.samples[:4] + catalog.samples[N_EACH : N_EACH + 4]:
        target = data / sample.label / sample.path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(sample.path.read_bytes())
    assert main(["audit", "--data", str(data), "--out", str(tmp_path / "out")]) == 0
    record = json.loads((tmp_path / "out" / "data.json").read_text(encoding="utf-8"))
    assert record["n_images"] == 8
    assert record["confounding"]["cramers_v"] is None


def test_text_of_the_data_set_is_escaped(tmp_path: Path, catalog: Catalog) -> None:
    spoiled = Sample(
        path=catalog.samples[0].path,
        label="ALL",
        group="g",
        source="<b>lab</b>",
        sample_id="x.png",
    )
    audit = audit_data(Catalog(root=catalog.root, samples=(spoiled,)))
    _, html_path = write_audit(tmp_path, "data", audit)
    page = html_path.read_text(encoding="utf-8")
    assert "<b>lab</b>" not in page
    assert "&lt;b&gt;lab" in page
