import json

import numpy as np
import pytest
from networks import TINY_PRESET, lively_weights, write_tiny_bundle

from leukapp.errors import BundleError
from leukapp.model.bundle import open_bundle

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
    for ours, theirs in zip(read.trunks, written.trunks, strict=True):
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
        ({"class_names": ["AML", "ALL", "Healthy"]}, "other classes"),
        ({"files": {"../heads.npz": "0"}}, "does not list every weight file"),
        ({"preset": 3}, "is damaged"),
        ({"thresholds": {}}, "is damaged"),
    ],
)
def test_bad_manifest(folder, changes, message):
    edit(folder, **changes)
    with pytest.raises(BundleError, match=message):
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
