"""The folder browser shows what is under its root, and nothing else whatever is asked."""

import os
from pathlib import Path

import pytest

from leukapp.errors import BatchSourceError
from leukapp.resources import ROOT_VARIABLE, review_root
from leukapp.review import server_folder
from leukapp.review.server_folder import files_of, list_folder, resolve_inside


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with two folders, beside a folder that nobody may read through it."""
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "patient.png").write_bytes(b"x")
    root = tmp_path / "root"
    (root / "a" / "deep").mkdir(parents=True)
    (root / "b").mkdir()
    for name in ("one.png", "a/two.png", "a/deep/three.txt", ".hidden", "a/.DS_Store"):
        (root / name).write_bytes(b"x")
    return root


def test_a_folder_is_listed_without_hidden_names(root: Path) -> None:
    listing = list_folder(root)

    assert listing.relative == "."
    assert listing.folders == ("a", "b")
    assert listing.n_files == 1
    assert list_folder(root, "a").folders == ("deep",)
    assert list_folder(root, "a/deep").relative == "a/deep"


def test_files_come_sorted_with_or_without_subfolders(root: Path) -> None:
    assert files_of(root) == ("a/deep/three.txt", "a/two.png", "one.png")
    assert files_of(root, "a", with_subfolders=False) == ("a/two.png",)


@pytest.mark.parametrize(
    "asked", ["..", "../secret", "a/../../secret", "/", "/etc", "a\0b", "x" * 5000, "missing"]
)
def test_nothing_outside_the_root_is_reached(root: Path, asked: str) -> None:
    for ask in (resolve_inside, list_folder, files_of):
        with pytest.raises(BatchSourceError):
            ask(root, asked)


def test_links_out_of_the_root_are_left_out_and_circles_end(root: Path) -> None:
    (root / "b" / "out").symlink_to(root.parent / "secret")
    (root / "b" / "patient.png").symlink_to(root.parent / "secret" / "patient.png")
    (root / "b" / "again").symlink_to(root)
    (root / "b" / "loop").symlink_to(root / "b" / "loop")

    assert list_folder(root, "b").folders == ("again",)
    assert list_folder(root, "b").n_files == 0
    assert not any("patient" in name for name in files_of(root))
    assert sorted(files_of(root, "b")) == sorted(files_of(root))
    with pytest.raises(BatchSourceError):
        resolve_inside(root, "b/out/patient.png")


def test_a_root_that_is_a_link_itself_works(root: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(root)

    assert files_of(tmp_path / "link", "b/../a") == files_of(root, "a")


def test_what_is_no_folder_or_empty_or_too_large_is_said(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BatchSourceError, match="file, not a folder"):
        list_folder(root, "one.png")
    with pytest.raises(BatchSourceError, match="no file"):
        files_of(root, "b")
    monkeypatch.setattr(server_folder, "MAX_FILES", 2)
    with pytest.raises(BatchSourceError, match="more than 2"):
        files_of(root)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_without_access_is_said(root: Path) -> None:
    (root / "b").chmod(0)
    try:
        with pytest.raises(BatchSourceError, match="cannot be read"):
            list_folder(root, "b")
    finally:
        (root / "b").chmod(0o755)


def test_root_is_the_configured_folder_or_none(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ROOT_VARIABLE, raising=False)
    assert review_root() is None
    monkeypatch.setenv(ROOT_VARIABLE, str(root / "absent"))
    assert review_root() is None
    monkeypatch.setenv(ROOT_VARIABLE, str(root))
    assert review_root() == root.resolve()


def test_a_name_that_is_not_utf8_is_counted_and_stops_a_batch(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    (tmp_path / "whole" / "a.png").write_bytes(b"a")
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/M\xfcller"))
    folder.mkdir()
    (folder / "cell.png").write_bytes(b"b")

    listing = list_folder(tmp_path)
    assert (listing.folders, listing.n_unnamed) == (("whole",), 1)
    assert files_of(tmp_path, "whole") == ("whole/a.png",)
    with pytest.raises(BatchSourceError, match=r'"M\\xfcller" in this folder'):
        files_of(tmp_path)
    with pytest.raises(BatchSourceError, match="not written in UTF-8"):
        files_of(folder)
