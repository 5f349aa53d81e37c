import json

import pytest

from leukapp.cli import main
from leukapp.errors import TrainingError
from leukapp.recipes.reproduction_sets import read_reproduction_data


@pytest.mark.keras
def test_both_protocols_stand_side_by_side(draw_data, tiny_preset, tmp_path, capsys):
    data, out = draw_data(8), tmp_path / "out"
    words = ["reproduce", "--data", data, "--out", out, "--preset", "tiny", "--epochs", "2"]
    words += ["--work-dir", tmp_path / "work"]
    assert main([str(word) for word in words]) == 0
    first = capsys.readouterr()
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
    assert [one["model"] for one in result["step_times"]] == [
        "first alone",
        "second alone",
        "fusion",
    ]
    assert first.out.strip() == (out / "reproduction.md").read_text().strip()
    assert {path.name for path in out.iterdir()} == {
        "reproduction.json",
        "reproduction.md",
        *(f"{data.name}-{p}{end}" for p in ("paper", "grouped") for end in ENDS),
    }


ENDS = (".csv", "-loss_curves.json")


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
    assert [(one.name, len(one.samples)) for one in data.sets] == [
        ("three classes", 6),
        ("ALL-IDB2", 4),
        ("AML and healthy", 4),
        ("ALL-IDB1", 2),
    ]
    assert [one.published_name for one in data.sets] == [
        "ALL-IDB2 and ASH combined, 3 classes",
        "ALL-IDB2",
        "ASH and healthy",
        "ALL-IDB1",
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
def test_the_stand_in_for_ash_avoids_what_a_backbone_saw(data_root):
    from leukapp.data.readers.smears import read_smears

    blasts = [s for s in read_smears(data_root).samples if s.source == "jhu_aml"]
    patients = sorted({sample.group for sample in blasts})
    seen = frozenset(patients[:40])
    data = read_reproduction_data(data_root, groups_seen=seen, seed=0)
    combined = data.sets[0]
    labels = [sample.label for sample in combined.samples]
    assert {label: labels.count(label) for label in set(labels)} == {
        "ALL": 130,
        "AML": 130,
        "Healthy": 130,
    }
    assert not seen & {sample.group for sample in combined.samples}
    assert "no backbone was trained on" in data.notes[0]
    again = read_reproduction_data(data_root, groups_seen=seen, seed=0)
    assert again.sets[0].samples == combined.samples
    everyone = read_reproduction_data(data_root, groups_seen=frozenset(patients), seed=0)
    assert "which flatters" in everyone.notes[0]
