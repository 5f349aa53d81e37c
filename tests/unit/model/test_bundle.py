import json
from dataclasses import replace

import numpy as np
import pytest
from networks import TINY_PRESET, lively_weights, write_tiny_bundle

from leukapp.errors import BundleError
from leukapp.model import weights_io
from leukapp.model.bundle import open_bundle, write_bundle
from leukapp.model.manifest import CallLimits
from leukapp.model.presets import with_stem_input

pytestmark = pytest.mark.keras


@pytest.fixture(scope="module")
def pristine(tmp_path_factory):
    return write_tiny_bundle(tmp_path_factory.mktemp("bundle") / "tiny").folder


@pytest.fixture
def folder(pristine, tmp_path):
    import shutil

    return shutil.copytree(pristine, tmp_path / "tiny")


def test_round_trip(folder):
    bundle = open_bundle(folder)
    assert bundle.preset == TINY_PRESET
    written = lively_weights(TINY_PRESET)
    read = bundle.read_weights()
    for ours, theirs in zip(read.backbones, written.backbones, strict=True):
        assert ours.keys() == theirs.keys()
        assert all(np.allclose(ours[k], theirs[k], rtol=1e-3, atol=1e-3) for k in ours)
    assert [layer.activation for layer in read.heads.fusion] == [
        "sigmoid",
        "relu",
        "sigmoid",
        "linear",
    ]
    assert read.heads.branches[1].imagenet_top[0].activation == "hard_swish"


def test_no_folder(tmp_path):
    with pytest.raises(BundleError, match=r"no bundle in 'nowhere': train one"):
        open_bundle(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["heads.npz", "gate.npz", "trunk_first.npz"])
def test_one_flipped_bit_is_refused(folder, name):
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(BundleError, match=f"{name} .* was changed or damaged"):
        open_bundle(folder)


def test_missing_file(folder):
    (folder / "gate.npz").unlink()
    with pytest.raises(BundleError, match=r"gate.npz .* is missing"):
        open_bundle(folder)


def edit(folder, **changes):
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema_version": 99}, "format 99, this version reads 1"),
        ({"class_names": ["AML", "ALL", "Healthy"]}, r"is damaged.*class_names"),
        ({"class_names": ["ALL", "AML"]}, r"is damaged.*class_names"),
        ({"class_names": ["ALL", "ALL", "Healthy"]}, r"is damaged.*class_names"),
        ({"class_names": "ALL"}, r"is damaged.*\(class_names: expected array, got str\)"),
        ({"class_names": ["ALL", "Healthy", "CML"]}, "answers 'CML', a class that this version"),
        ({"files": {"../heads.npz": "0"}}, "does not list every weight file"),
        ({"preset": 3}, r"is damaged.*\(preset: expected object, got int\)"),
        ({"thresholds": {}}, r"is damaged.*\(thresholds: .*field temperature\)"),
    ],
)
def test_bad_manifest(folder, changes, message):
    edit(folder, **changes)
    with pytest.raises(BundleError, match=message):
        open_bundle(folder)


@pytest.mark.parametrize(
    ("part", "changes", "named"),
    [
        ("thresholds", {"temperature": 0}, r"thresholds\.temperature"),
        ("thresholds", {"temperature": True}, r"thresholds\.temperature"),
        ("thresholds", {"of_a_later_version": 1}, r"thresholds\.of_a_later_version: not known"),
        ("training", {"seed": "0"}, r"training\.seed"),
        ("preset", {"late_fusion": 1.5}, r"preset\.late_fusion"),
        ("preset", {"branches": [{"name": "a", "backbone": "<b>"}]}, r"branches\[0\]\.backbone"),
        (
            "preset",
            {"branches": [{"name": "a", "backbone": "b", "c": 1}]},
            r"branches\.c: not",
        ),
        ("preset", {"enhancement": {"order": "scale"}}, r"preset\.enhancement\.order"),
        ("preset", {"hyperparameters": None}, r"preset\.hyperparameters"),
    ],
)
def test_a_fault_is_named_with_its_field(folder, part, changes, named):
    manifest = json.loads((folder / "manifest.json").read_text())
    edit(folder, **{part: {**manifest[part], **changes}})
    with pytest.raises(BundleError, match=rf"is damaged; restore manifest\.json \(.*{named}"):
        open_bundle(folder)


def test_nothing_that_was_trained_is_guessed(folder):
    preset = json.loads((folder / "manifest.json").read_text())["preset"]
    del preset["enhancement"]
    edit(folder, preset=preset)
    with pytest.raises(BundleError, match="enhancement is missing"):
        open_bundle(folder)


def test_a_manifest_cannot_name_fewer_classes_than_the_network_answers(folder):
    edit(folder, class_names=["ALL", "Healthy"])
    with pytest.raises(BundleError, match="damaged"):
        _ = open_bundle(folder).heads


@pytest.mark.parametrize("n_turns", [0, 2, 4.0, True, "4", None])
def test_turns_that_are_not_one_or_four(folder, n_turns):
    preset = json.loads((folder / "manifest.json").read_text())["preset"]
    edit(folder, preset={**preset, "n_turns": n_turns})
    with pytest.raises(BundleError, match="is damaged"):
        open_bundle(folder)


def test_a_bundle_from_before_there_were_turns_has_one(folder):
    preset = json.loads((folder / "manifest.json").read_text())["preset"]
    del preset["n_turns"]
    edit(folder, preset=preset)
    assert open_bundle(folder).preset.n_turns == 1


LIMITS = {"healthy": 0.95, "leukemia": 0.9, "types": {"ALL": None, "AML": 0.97}}


def test_limits_of_two_steps_stand_in_the_manifest_and_are_not_needed(folder):
    pristine = open_bundle(folder)
    thresholds = json.loads((folder / "manifest.json").read_text())["thresholds"]
    assert pristine.thresholds.limits is None
    assert "limits" not in thresholds
    limits = CallLimits(healthy=0.95, leukemia=0.9, types={"ALL": None, "AML": 0.97})
    bundle = write_bundle(
        folder,
        preset=TINY_PRESET,
        weights=pristine.read_weights(),
        gate=pristine.gate,
        thresholds=replace(pristine.thresholds, limits=limits),
        training=pristine.training,
    )
    assert bundle.thresholds.limits == limits
    assert json.loads((folder / "manifest.json").read_text())["thresholds"]["limits"] == LIMITS


@pytest.mark.parametrize(
    "limits",
    [
        [],
        {"healthy": 0.95, "leukemia": 0.9},
        {**LIMITS, "healthy": 1.5},
        {**LIMITS, "leukemia": "0.9"},
        {**LIMITS, "types": {"ALL": 0.9}},
        {**LIMITS, "types": {"ALL": 0.9, "AML": 0.9, "Healthy": 0.9}},
        {**LIMITS, "types": [0.9, 0.9]},
        {**LIMITS, "type": 0.9},
    ],
)
def test_limits_that_are_not_understood_are_refused(folder, limits):
    thresholds = json.loads((folder / "manifest.json").read_text())["thresholds"]
    edit(folder, thresholds={**thresholds, "limits": limits})
    with pytest.raises(BundleError, match="is damaged"):
        open_bundle(folder)


def test_manifest_cannot_reach_outside(folder):
    files = json.loads((folder / "manifest.json").read_text())["files"]
    edit(folder, files={**files, "../outside": "0"})
    with pytest.raises(BundleError, match="outside its folder"):
        open_bundle(folder)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"null"])
def test_garbage_manifest(folder, content):
    (folder / "manifest.json").write_bytes(content)
    with pytest.raises(BundleError, match="damaged"):
        open_bundle(folder)


def test_large_weights_are_written_in_parts(folder, monkeypatch):
    written = lively_weights(TINY_PRESET)
    pristine = open_bundle(folder)
    whole, gate = pristine.read_weights().backbones, pristine.gate
    limit = 2_000_000
    monkeypatch.setattr(weights_io.write_array_parts, "__kwdefaults__", {"max_bytes": limit})
    bundle = write_bundle(
        folder,
        preset=TINY_PRESET,
        weights=written,
        gate=gate,
        thresholds=pristine.thresholds,
        training=pristine.training,
    )
    parts = [name for name in bundle.files if name.startswith("trunk_first")]
    assert "trunk_first.npz" in parts
    assert "trunk_first.part2.npz" in parts
    assert all((folder / name).stat().st_size < 1.5 * limit for name in parts)
    listed = json.loads((folder / "manifest.json").read_text())["files"]
    assert set(parts) <= listed.keys()
    for ours, theirs in zip(bundle.read_weights().backbones, whole, strict=True):
        assert ours.keys() == theirs.keys()
        assert all(np.array_equal(ours[name], theirs[name]) for name in ours)

    planted = folder / "trunk_first.part99.npz"
    planted.write_bytes(b"not listed, so never read")
    assert open_bundle(folder).read_weights().backbones[0].keys() == whole[0].keys()

    (folder / "trunk_first.part2.npz").unlink()
    with pytest.raises(BundleError, match=r"trunk_first.part2.npz .* is missing"):
        open_bundle(folder)


def test_smaller_weights_leave_no_stale_parts(tmp_path):
    arrays = {str(i): np.ones((100, 100), np.float32) for i in range(3)}
    many = weights_io.write_array_parts(tmp_path / "a.npz", arrays, max_bytes=20_000)
    assert many == ("a.npz", "a.part2.npz", "a.part3.npz")
    assert weights_io.write_array_parts(tmp_path / "a.npz", arrays) == ("a.npz",)
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


def test_an_array_is_never_cut(tmp_path):
    arrays = {"large": np.ones((100, 100), np.float32), "small": np.ones(3, np.float32)}
    names = weights_io.write_array_parts(tmp_path / "a.npz", arrays, max_bytes=10)
    assert len(names) == 2
    assert weights_io.read_arrays(tmp_path / names[0])["large"].shape == (100, 100)


def test_the_input_of_the_stems_is_recorded(tmp_path):
    preset = with_stem_input(TINY_PRESET, "tensorflow_2_9")
    folder = write_tiny_bundle(tmp_path / "tiny", preset=preset).folder
    assert {spec.stem_input for spec in open_bundle(folder).preset.branches} == {"tensorflow_2_9"}
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace("tensorflow_2_9", "tensorflow_1_0"))
    with pytest.raises(BundleError, match="is damaged; restore manifest"):
        open_bundle(folder)
