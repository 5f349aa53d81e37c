"""A folder at an address: its files in the order of their paths, and their bytes."""

import pytest

from leukapp.errors import BatchSourceError, ImageError
from leukapp.imaging.image_io import DEFAULT_LIMITS
from leukapp.review import remote_folder
from leukapp.review.batch_images import BatchImages
from leukapp.review.remote_folder import RemoteFolder
from leukapp.review.server_folder import walk_files

fsspec = pytest.importorskip("fsspec")


@pytest.fixture
def tree(tmp_path):
    for name in ("a.png", "a/z.png", "a-b.png", "c/d/e.png", ".hidden", "c/.hidden/x.png"):
        path = tmp_path / "ward" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    (tmp_path / "other.png").write_bytes(b"other")
    return tmp_path / "ward"


def test_files_are_those_of_a_folder_in_the_same_order(tree):
    remote = RemoteFolder.at(f"file://{tree}/")
    names = list(remote.walk_files())
    assert names == ["a-b.png", "a.png", "a/z.png", "c/d/e.png"]
    assert names == list(walk_files(tree))
    assert [remote.read(name) for name in names] == [name.encode() for name in names]


def test_what_cannot_be_read_says_so(tree, monkeypatch):
    remote = RemoteFolder.at(f"file://{tree}")
    for name in ("missing.png", "../other.png", "c"):
        with pytest.raises(ImageError, match="check that it is there"):
            remote.read(name)
    (tree / "large.png").write_bytes(bytes(DEFAULT_LIMITS.max_bytes + 1))
    with pytest.raises(ImageError, match="larger than"):
        remote.read("large.png")
    with pytest.raises(BatchSourceError, match="cannot be listed"):
        list(RemoteFolder.at(f"file://{tree}/nothing").walk_files())

    def fail(*_arguments, **_options):
        raise OSError("no route to host")

    monkeypatch.setattr(remote_folder, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(fsspec.filesystem("file").__class__, "open", fail)
    with pytest.raises(BatchSourceError, match="does not answer"):
        remote.read("a.png")


@pytest.mark.parametrize("address", ["nothing://x/y", "ftp://name:word@host/x", "s3://"])
def test_an_address_that_is_none(address):
    with pytest.raises(BatchSourceError):
        RemoteFolder.at(address)


def test_a_page_reads_an_address_only_where_the_server_names_it(tree, monkeypatch, batch_at):
    run, item = batch_at(f"file://{tree}")
    monkeypatch.delenv("LEUKAPP_REVIEW_ROOT", raising=False)
    with pytest.raises(BatchSourceError, match="LEUKAPP_REVIEW_ROOT"):
        BatchImages.of(run, None).read(item)
    monkeypatch.setenv("LEUKAPP_REVIEW_ROOT", f"file://{tree}x")
    with pytest.raises(BatchSourceError, match="LEUKAPP_REVIEW_ROOT"):
        BatchImages.of(run, None).read(item)
    monkeypatch.setenv("LEUKAPP_REVIEW_ROOT", f"file://{tree.parent}")
    images = BatchImages.of(run, None)
    images.check([item])
    assert images.read(item) == b"a.png"


@pytest.fixture
def batch_at():
    from datetime import UTC, datetime

    from review_records import make_item

    from leukapp.review.records import BatchRun, ItemState, RunState

    def make(root):
        run = BatchRun(
            id=1,
            name="ward",
            state=RunState.RUNNING,
            created_at=datetime(2026, 3, 1, tzinfo=UTC),
            bundle_sha256="ab" * 32,
            software_version="0",
            total=1,
            done=0,
            unreadable=0,
            root=root,
        )
        return run, make_item(0, source="a.png", image_sha256=None, state=ItemState.WAITING)

    return make
