"""Tables beside bundles: found, verified, refused; and pixels kept inside the data root."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from leukapp.errors import HeldOutError
from leukapp.evaluation.held_out import HeldOutSet, write_held_out
from leukapp.evaluation.held_out_tables import read_bundle_table, read_uploaded_table
from leukapp.evaluation.report import build_report
from leukapp.model.artifacts import list_held_out_tables, read_artifact
from leukapp.resources import DATA_VARIABLE, data_root, find_pixels

MakeHeldOut = Callable[..., HeldOutSet]


@pytest.fixture
def weights(tmp_path: Path, make_held_out: MakeHeldOut) -> Path:
    """A folder with one bundle that carries a table, a report and the list of their hashes."""
    folder = tmp_path / "weights" / "tiny"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{}")
    sha256 = hashlib.sha256(b"{}").hexdigest()
    held_out = make_held_out(bundle_sha256=sha256)
    write_held_out(held_out, folder / "held_out.csv")
    report = build_report((held_out,), "tiny", {"lab": 0.61})
    (folder / "report.json").write_text(report.to_json())
    names = ("held_out.csv", "report.json")
    hashes = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    (folder / "papers.json").write_text(json.dumps({"bundle_sha256": sha256, "files": hashes}))
    return folder.parent


def test_tables_of_bundles_are_found_and_read_with_their_baseline(weights: Path) -> None:
    (path,) = list_held_out_tables(weights / "tiny")
    table = read_bundle_table(path)

    assert (path.parent.name, path.name) == ("tiny", "held_out.csv")
    assert len(table.held_out) == 8
    assert table.background == {"lab": 0.61}
    assert table.bundle_folder == weights / "tiny"
    assert table.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_folder_that_is_not_there_has_no_tables(tmp_path: Path) -> None:
    assert list_held_out_tables(tmp_path / "absent") == ()


@pytest.mark.parametrize("name", ["held_out.csv", "report.json"])
def test_a_changed_paper_is_refused(weights: Path, name: str) -> None:
    path = weights / "tiny" / name
    path.write_bytes(path.read_bytes() + b"\n")

    with pytest.raises(HeldOutError, match="was changed after the bundle was judged"):
        read_bundle_table(list_held_out_tables(weights / "tiny")[0])


def test_a_damaged_list_of_hashes_is_refused(weights: Path) -> None:
    (weights / "tiny" / "papers.json").write_text("[1]")

    with pytest.raises(HeldOutError, match=r"papers\.json .* damaged"):
        read_artifact(weights / "tiny", "held_out.csv")


def test_a_table_of_another_version_of_the_bundle_is_refused(weights: Path) -> None:
    (weights / "tiny" / "manifest.json").write_text('{"new": 1}')

    with pytest.raises(HeldOutError, match="another version of the bundle"):
        read_bundle_table(list_held_out_tables(weights / "tiny")[0])


def test_an_upload_finds_its_bundle_by_hash(weights: Path) -> None:
    data = (weights / "tiny" / "held_out.csv").read_bytes()
    table = read_uploaded_table(data, "mine.csv", weights)

    assert table.bundle_folder == weights / "tiny"
    assert table.background == {}
    assert read_uploaded_table(data, "mine.csv", weights.parent / "absent").bundle_folder is None


@pytest.mark.parametrize(
    ("data", "name"), [(b"\xff\xfe\x00", "a.csv"), (b"PAR1", "a.parquet"), (b"a,b\n", "a.txt")]
)
def test_an_upload_that_is_no_table_is_one_sentence(weights: Path, data: bytes, name: str) -> None:
    with pytest.raises(HeldOutError, match=r"\S.{20,}\.$"):
        read_uploaded_table(data, name, weights)


def test_pixels_are_found_below_the_root_and_in_its_collection(tmp_path: Path) -> None:
    (tmp_path / "smears" / "lab").mkdir(parents=True)
    inside = tmp_path / "smears" / "lab" / "a.png"
    inside.write_bytes(b"x")

    assert find_pixels(tmp_path, "lab/a.png") == inside.resolve()
    assert find_pixels(tmp_path, "smears/lab/a.png") == inside.resolve()
    assert find_pixels(tmp_path, "lab/absent.png") is None
    assert find_pixels(tmp_path, "lab") is None


@pytest.mark.parametrize(
    "sample_id",
    ["../secret.png", "/etc/passwd", "lab/../../secret.png", "a\0b", "x" * 5000, "link"],
)
def test_nothing_outside_the_root_is_ever_given(tmp_path: Path, sample_id: str) -> None:
    root = tmp_path / "root"
    (root / "lab").mkdir(parents=True)
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"x")
    (root / "link").symlink_to(secret)

    assert find_pixels(root, sample_id) is None


def test_root_is_none_unless_the_environment_names_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    assert data_root() is None
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "absent"))
    assert data_root() is None
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))
    assert data_root() == tmp_path
