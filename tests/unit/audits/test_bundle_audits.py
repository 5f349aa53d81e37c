"""The audits of a bundle, on a small network with random weights."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from networks import write_tiny_bundle

from leukapp.audits.explained_image import CURVE_FRACTIONS
from leukapp.audits.explained_network import shuffle_heads
from leukapp.audits.explanation_audit import choose_held_out
from leukapp.audits.no_call_audit import audit_no_calls
from leukapp.audits.not_smears import NotSmear
from leukapp.cli import main
from leukapp.data.catalog import Catalog, Sample
from leukapp.diagnosis import Diagnoser
from leukapp.errors import CatalogError
from leukapp.imaging.synthetic import draw_synthetic_cell

pytestmark = pytest.mark.keras


@pytest.fixture(scope="module")
def diagnoser(tmp_path_factory: pytest.TempPathFactory) -> Diagnoser:
    bundle = write_tiny_bundle(tmp_path_factory.mktemp("bundle") / "tiny")
    return Diagnoser.open(bundle.folder)


def test_a_drawn_cell_is_called_and_an_empty_field_is_not(diagnoser: Diagnoser) -> None:
    cell = NotSmear(kind="drawn cell", name="cell", image=draw_synthetic_cell("myeloblast", seed=1))
    blank = NotSmear(kind="empty", name="blank", image=np.full((64, 64, 3), 200, np.uint8))
    audit = audit_no_calls(diagnoser, [cell, blank])
    assert audit.no_call.value == 0.5
    assert [found.name for found in audit.slipped] == ["cell"]
    assert [(row.kind, row.n_called, row.reasons) for row in audit.kinds] == [
        ("drawn cell", 1, ""),
        ("empty", 0, "blank 1"),
    ]


def test_shuffled_heads_keep_the_values_and_lose_their_places(diagnoser: Diagnoser) -> None:
    before = diagnoser.bundle.heads.branches[0].embed[0].kernel
    after = shuffle_heads(diagnoser.bundle.heads, seed=0).branches[0].embed[0].kernel
    np.testing.assert_array_equal(np.sort(before.ravel()), np.sort(after.ravel()))
    assert abs(np.corrcoef(before.ravel(), after.ravel())[0, 1]) < 0.05


def test_the_command_tests_heatmaps_of_a_folder(diagnoser: Diagnoser, tmp_path: Path) -> None:
    for label in ("ALL", "Healthy"):
        (tmp_path / "data" / label).mkdir(parents=True)
        image = draw_synthetic_cell("lymphoblast", seed=len(label), size_px=120)
        cv2.imwrite(str(tmp_path / "data" / label / "cell.png"), image[..., ::-1])
    words = ["--data", str(tmp_path / "data"), "--out", str(tmp_path), "--limit", "2"]
    bundle = str(diagnoser.bundle.folder)
    assert main(["audit", "--explanations", "--bundle", bundle, *words]) == 0
    record = json.loads((tmp_path / "explanations.json").read_text(encoding="utf-8"))
    assert record["bundle_sha256"] == diagnoser.bundle.sha256
    assert [row["heatmap"] for row in record["explanations"]] == ["first", "second", "fused"]
    for row in record["explanations"]:
        gain = row["random_auc"] - row["deletion_auc"]
        assert row["deletion_gain"] == pytest.approx(gain, abs=2e-3)
        assert 0 < row["cell_area"] < 1
    assert len(record["curves"]) == len(CURVE_FRACTIONS)
    first, last = record["curves"][0], record["curves"][-1]
    assert first["deletion"] == pytest.approx(last["insertion"])


def test_groups_that_the_bundle_has_seen_are_left_out(tmp_path: Path) -> None:
    samples = tuple(
        Sample(path=tmp_path, label="ALL", group=f"g{n % 4}", source="s", sample_id=f"{n}")
        for n in range(12)
    )
    catalog = Catalog(root=tmp_path, samples=samples)
    chosen = choose_held_out(catalog, ["g0", "g1"], limit=2)
    assert sorted(sample.group for sample in chosen) == ["g2", "g3"]
    with pytest.raises(CatalogError, match="was used to train"):
        choose_held_out(catalog, ["g0", "g1", "g2", "g3"], limit=2)
