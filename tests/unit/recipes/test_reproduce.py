import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from experiments.reproduction import data_sets
from experiments.reproduction.__main__ import main
from experiments.reproduction.data_sets import read_reproduction_data
from experiments.reproduction.time_spent import TimeSpent
from leukapp.data.readers.detect import read_catalog
from leukapp.errors import LeukappError, TrainingError
from leukapp.evaluation.held_out import read_held_out
from leukapp.model import presets
from leukapp.model.bundle import open_bundle
from leukapp.model.fusion import softmax
from leukapp.model.presets import BranchSpec, Preset

FIRST_SET = "three classes, AML of here"


def write_table(folder: Path, n: int) -> Path:
    """A table of both ALL-IDB sets and two laboratories with AML; noise for images."""
    rng = np.random.default_rng(0)
    rows = []
    for source, label, lab, has_groups in (
        ("all_idb1", "ALL", "monza", True),
        ("all_idb1", "Healthy", "monza", True),
        ("all_idb2", "ALL", "monza", True),
        ("all_idb2", "Healthy", "monza", True),
        ("here", "AML", "here", True),
        ("there", "AML", "there", False),
    ):
        for index in range(n):
            path = f"{source}_{label}_{index}.png"
            image = rng.integers(0, 256, (32, 32, 3)).astype(np.uint8)
            Image.fromarray(image).save(folder / path)
            group = f"{label}_{index // 2}" if has_groups else ""
            rows.append((path, label, group, source, lab, "train", "blast", "a note, quoted"))
    table = folder / "samples.csv"
    with table.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("path", "label", "group", "source", "lab", "role", "cell_label", "note"))
        writer.writerows(rows)
    return table


@pytest.mark.keras
def test_both_protocols_stand_side_by_side(draw_data, tiny_preset, tmp_path, capsys):
    data, out = draw_data(8), tmp_path / "out"
    words = ["--data", data, "--out", out, "--preset", "tiny", "--epochs", "2"]
    words += ["--work-dir", tmp_path / "work"]
    assert main([str(word) for word in (*words, "--keep-bundles")]) == 0
    first = capsys.readouterr()
    for protocol in ("paper", "grouped"):
        (folder,) = (out / "bundles").glob(f"*-{protocol}")
        bundle, held_out = open_bundle(folder), read_held_out(folder / "held_out.csv")
        assert bundle.training.protocol == held_out.protocol == protocol
        assert bundle.training_images is not None
        told = read_held_out(out / f"{folder.name}.csv")
        assert held_out.sample_ids == told.sample_ids
        assert held_out.bundle_sha256 == bundle.sha256
        # The same heads on the app's path: half-precision weights move a probability a little.
        before = softmax(np.log(told.probabilities), bundle.thresholds.temperature)
        np.testing.assert_allclose(held_out.probabilities, before, atol=0.02)
    result = json.loads((out / "reproduction.json").read_text())
    assert [row["model"] for row in result["rows"]] == [
        "first alone",
        "second alone",
        "first through the meta-classifier",
        "second through the meta-classifier",
        "**fusion**",
    ]
    (figures,) = result["sets"]
    assert figures["n_paper_items"] == [270, 38, 76]
    assert sum(figures["n_grouped_images"]) == 24
    assert figures["identical_fraction"] > 0.5
    assert figures["sibling_fraction"] > 0.95
    for row in result["rows"]:
        assert row["paper"]["report"]["n_images"] == 76
        assert row["paper"]["n_distinct_images"] <= 24
        assert row["grouped"]["report"]["n_images"] == row["grouped"]["n_distinct_images"]
    assert [one["model"] for one in result["costs"]] == [
        "branch first",
        "branch second",
        "meta-classifier",
        "fusion, all together",
    ]
    assert result["costs"][2]["n_parameters"] == 2_150_143
    assert result["recipe"]["branches.0.hands_on"] == "imagenet_probabilities"
    assert (out / "time_spent.json").is_file()
    assert first.out.strip() == (out / "reproduction.md").read_text().strip()
    assert {path.name for path in out.iterdir()} == {
        "reproduction.json",
        "reproduction.md",
        "time_spent.json",
        "bundles",
        *(f"{stem(data.name)}-{p}{end}" for p in ("paper", "grouped") for end in ENDS),
    }


ENDS = (".csv", "-loss_curves.json")


def stem(name: str) -> str:
    return name.lower().replace("_", "-")


@pytest.mark.keras
def test_one_branch_stands_beside_its_own_published_figure(
    tiny_preset, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(data_sets, "N_STAND_IN", 6)
    one = BranchSpec(name="mobilenetv3large", backbone="mobilenetv3large", input_size_px=64)
    monkeypatch.setitem(presets.PRESETS, "one", Preset(name="one", branches=(one,)))
    table = write_table(tmp_path, 6)
    words = ["--data", table, "--out", tmp_path / "out", "--preset", "one"]
    words += ["--work-dir", tmp_path / "work", "--epochs", "1", "--tables", "2", "5"]
    assert main([str(word) for word in words]) == 0
    told = capsys.readouterr().out
    assert main([str(word) for word in [*words, "--sets", "ASH"]]) == 2
    assert "there is no set 'ASH'; name three classes, AML of here, ALL-IDB1" in (
        capsys.readouterr().err
    )
    assert (
        "| three classes, AML of here | mobilenetv3large alone | 98.4 (MobileNetV3Large) |" in told
    )
    result = json.loads((tmp_path / "out" / "reproduction.json").read_text())
    assert [row["set_name"] for row in result["rows"]] == [FIRST_SET, "three classes, AML of there"]
    of_first = [row for row in result["base_models"] if row["set_name"] == FIRST_SET]
    assert [row["model"] for row in of_first] == [
        "Xception",
        "NASNetLarge",
        "InceptionV3",
        "ResNet50V2",
        "ResNet101V2",
        "EfficientNetB6",
        "EfficientNetB7",
    ]
    assert of_first[-1]["missing"] == (
        "not trained: efficientnetb7.h5 is not at hand; put it into a folder and name that with "
        "--backbone-weights"
    )


def test_a_table_gives_the_sets_of_the_paper_and_its_groups(tmp_path, monkeypatch):
    monkeypatch.setattr(data_sets, "N_STAND_IN", 4)
    write_table(tmp_path, 6)
    data = read_reproduction_data(tmp_path, groups_seen=frozenset({"here:AML_0"}), seed=0)
    assert [(one.name, len(one.samples), one.class_names) for one in data.sets] == [
        ("three classes, AML of here", 16, ("ALL", "AML", "Healthy")),
        ("ALL-IDB1", 12, ("ALL", "Healthy")),
        ("ALL-IDB2", 12, ("ALL", "Healthy")),
        ("AML and healthy", 10, ("AML", "Healthy")),
        ("three classes, AML of there", 16, ("ALL", "AML", "Healthy")),
    ]
    assert [one.has_ablation for one in data.sets] == [True, False, False, False, False]
    groups = [set(one.split_groups) for one in data.sets]
    assert groups[1] == groups[2], "both ALL-IDB sets show the same scenes"
    assert "here:AML_0" not in groups[0]
    assert "2 patients whose cells no backbone was trained on" in data.notes[0]
    assert "whose patients are not known" in data.notes[1]
    everyone = frozenset(f"here:AML_{index}" for index in range(3))
    again = read_reproduction_data(tmp_path, groups_seen=everyone, seed=0)
    assert "which flatters" in again.notes[0]


def test_the_time_of_all_starts_counts(tmp_path):
    first = TimeSpent(tmp_path)
    first.note()
    noted = json.loads((tmp_path / "time_spent.json").read_text())
    assert noted["n_starts"] == 1
    noted["seconds"] = noted["processor_seconds"] = 3600
    (tmp_path / "time_spent.json").write_text(json.dumps(noted))
    second = TimeSpent(tmp_path)
    assert second.n_starts == 2
    assert second.seconds >= 3600
    assert second.processor_seconds >= 3600
    (tmp_path / "time_spent.json").write_text("{}")
    with pytest.raises(LeukappError, match="remove it or name another folder"):
        TimeSpent(tmp_path)


def test_folders_of_the_paper_are_its_sets(draw_data, tmp_path):
    drawn = draw_data(2)
    (tmp_path / "ALL-IDB2").mkdir()
    (tmp_path / "ASH").mkdir()
    (tmp_path / "ALL-IDB1" / "im").mkdir(parents=True)
    for index, path in enumerate(sorted((drawn / "ALL").iterdir()), start=1):
        path.rename(tmp_path / "ALL-IDB2" / f"Im{index:03d}_1.png")
    for index, path in enumerate(sorted((drawn / "Healthy").iterdir()), start=131):
        content = path.read_bytes()
        (tmp_path / "ALL-IDB2" / f"Im{index}_0.png").write_bytes(content)
        (tmp_path / "ALL-IDB1" / "im" / f"Im{index - 100:03d}_0.png").write_bytes(content)
    for path in (drawn / "AML").iterdir():
        path.rename(tmp_path / "ASH" / path.name)
    data = read_reproduction_data(tmp_path, groups_seen=frozenset(), seed=0)
    assert [(one.name, len(one.samples), one.published_name) for one in data.sets] == [
        ("three classes", 6, "ALL-IDB2 and ASH combined, 3 classes"),
        ("ALL-IDB1", 2, "ALL-IDB1"),
        ("ALL-IDB2", 4, "ALL-IDB2"),
        ("AML and healthy", 4, "ASH and healthy"),
    ]
    assert [one.has_ablation for one in data.sets] == [True, False, False, False]


def test_one_class_is_not_enough(draw_data):
    data = draw_data(1)
    for label in ("AML", "Healthy"):
        for path in (data / label).iterdir():
            path.unlink()
    with pytest.raises(TrainingError, match="fewer than two classes"):
        read_reproduction_data(data, groups_seen=frozenset(), seed=0)


@pytest.mark.real_data
def test_the_real_table_gives_both_sets_of_all_idb_whole(data_root):
    table = read_catalog(data_root / "samples.csv")
    blasts = [s for s in table.samples if s.source == "jhu_aml" and s.label == "AML"]
    patients = sorted({sample.group for sample in blasts})
    seen = frozenset(patients[:40])
    data = read_reproduction_data(data_root, groups_seen=seen, seed=0)
    assert not seen & {sample.group for sample in data.sets[0].samples}
    assert [(one.name, len(one.samples), len(set(one.split_groups))) for one in data.sets[1:3]] == [
        ("ALL-IDB1", 108, 101),
        ("ALL-IDB2", 260, 96),
    ]
    assert "whose patients are not known" in data.notes[1]
