import json
import os
import subprocess
import sys

import numpy as np
import pytest
from networks import write_tiny_bundle
from PIL import Image

from leukapp.cli import main
from leukapp.imaging.synthetic import draw_synthetic_cell

pytestmark = pytest.mark.keras


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return write_tiny_bundle(tmp_path_factory.mktemp("bundle") / "tiny").folder


@pytest.fixture
def images(tmp_path):
    paths = []
    for folder, kind in (("a", "lymphoblast"), ("b", "neutrophil")):
        path = tmp_path / folder / "cell.png"
        path.parent.mkdir()
        Image.fromarray(draw_synthetic_cell(kind, seed=1)).save(path)
        paths.append(path)
    return paths


def run(capsys, *words):
    status = main([str(word) for word in words])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_json_has_the_promised_fields(capsys, bundle, images):
    status, out, _ = run(capsys, "diagnose", *images, "--bundle", bundle, "--json")
    records = json.loads(out)
    assert status == 0
    assert [record["path"] for record in records] == [str(path) for path in images]
    for record in records:
        assert record["label"] in {"ALL", "AML", "Healthy", None}
        assert (record["label"] is None) == (record["no_call_reason"] is not None)
        assert record["probabilities"].keys() == {"ALL", "AML", "Healthy"}
        assert sum(record["probabilities"].values()) == pytest.approx(1, abs=1e-5)
        assert record["branches"].keys() == {"first", "second"}
        assert record["quality"]["width_px"] == 360
        assert record["bundle"]["name"] == "tiny"
        assert record["elapsed_ms"] > 0


def test_a_bundle_is_found_by_its_name_unless_a_folder_here_has_it(
    capsys, bundle, images, tmp_path, monkeypatch
):
    monkeypatch.setenv("LEUKAPP_WEIGHTS_DIR", str(bundle.parent))
    monkeypatch.chdir(tmp_path)
    status, out, _ = run(capsys, "diagnose", images[0], "--bundle", "tiny", "--json")
    assert status == 0
    assert json.loads(out)[0]["bundle"]["name"] == "tiny"
    (tmp_path / "tiny").mkdir()
    status, out, err = run(capsys, "diagnose", images[0], "--bundle", "tiny")
    assert (status, out) == (2, "")
    assert err.startswith("leukapp: 'tiny' is a bundle of LeukApp and also a folder here")


def test_one_bad_file_does_not_stop_the_others(capsys, bundle, images, tmp_path):
    bad = tmp_path / "notes.jpg"
    bad.write_text("<svg></svg>")
    status, out, _ = run(capsys, "diagnose", bad, images[0], "--bundle", bundle, "--json")
    first, second = json.loads(out)
    assert status == 1
    assert first["error"].startswith("This is not a JPEG")
    assert first["probabilities"] is None
    assert "error" not in second


def test_heatmaps_are_written_and_none_overwritten(capsys, bundle, images, tmp_path):
    folder = tmp_path / "maps"
    status, _, _ = run(capsys, "diagnose", *images, "--bundle", bundle, "--heatmaps", folder)
    assert status == 0
    names = {
        f"{stem}.{source}.{suffix}"
        for stem in ("cell", "cell-2")
        for source in ("first", "second", "fused")
        for suffix in ("png", "npy")
    }
    assert {path.name for path in folder.iterdir()} == names
    with Image.open(folder / "cell.first.png") as overlay:
        assert overlay.size == (360, 360)
    values = np.load(folder / "cell-2.second.npy", allow_pickle=False)
    assert values.dtype == np.float32
    assert 0 <= values.min() <= values.max() <= 1


def test_no_two_images_share_a_name_of_heatmaps(capsys, bundle, images, tmp_path):
    third = tmp_path / "cell-2.png"
    third.write_bytes(images[0].read_bytes())
    folder = tmp_path / "maps"
    run(capsys, "diagnose", *images, third, "--bundle", bundle, "--heatmaps", folder)
    assert {path.name for path in folder.glob("*.fused.png")} == {
        "cell.fused.png",
        "cell-3.fused.png",
        "cell-2.fused.png",
    }


def test_no_file_is_replaced_by_a_heatmap(capsys, bundle, images):
    theirs = images[0].with_name("cell.fused.npy")
    theirs.write_bytes(b"a reader's own file")
    status, out, err = run(
        capsys, "diagnose", images[0], "--bundle", bundle, "--heatmaps", theirs.parent
    )
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert '/cell.fused.npy" is there already' in err
    assert theirs.read_bytes() == b"a reader's own file"
    assert sorted(path.name for path in theirs.parent.iterdir()) == ["cell.fused.npy", "cell.png"]


def test_a_name_is_one_quoted_line_whatever_it_holds(capsys, bundle, images, tmp_path):
    names = [b"one\nb.png: ALL (ALL 99.0%).png", b"caf\xe9.png", b'quo"te.txt']
    paths = []
    for name in names:
        path = tmp_path / os.fsdecode(name)
        path.write_bytes(b"" if name.endswith(b"txt") else images[0].read_bytes())
        paths.append(path)
    status, out, _ = run(capsys, "diagnose", *paths, "--bundle", bundle)
    lines = out.splitlines()
    assert status == 1
    assert len(lines) == 4
    assert [line.startswith(f'"{tmp_path}/') for line in lines] == [True, True, True, False]
    assert r'/one\nb.png: ALL (ALL 99.0%).png": ' in lines[0]
    assert r'/caf\xe9.png": ' in lines[1]
    assert r'/quo\"te.txt": ' in lines[2]

    _, out, _ = run(capsys, "diagnose", *paths, "--bundle", bundle, "--json")
    assert [record["path"] for record in json.loads(out)] == [str(path) for path in paths]
    assert out.isascii()


def test_missing_bundle_is_one_sentence(capsys, images, tmp_path):
    status, out, err = run(capsys, "diagnose", images[0], "--bundle", tmp_path / "none")
    assert status == 2
    assert not out
    assert err.count("\n") == 1
    assert "there is no bundle in 'none'" in err


def test_damaged_bundle_is_refused(capsys, bundle, images, tmp_path):
    import shutil

    damaged = shutil.copytree(bundle, tmp_path / "damaged")
    (damaged / "heads.npz").write_bytes(b"nothing")
    status, _, err = run(capsys, "diagnose", images[0], "--bundle", damaged)
    assert status == 2
    assert "heads.npz" in err
    assert "Traceback" not in err


def test_describe_json(capsys):
    status, out, _ = run(capsys, "describe", "--preset", "compact", "--json")
    assert status == 0
    assert json.loads(out)["meta_classifier_parameters"] == 2_150_143


def test_module_runs():
    done = subprocess.run(
        [sys.executable, "-m", "leukapp", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "0.1.0"
