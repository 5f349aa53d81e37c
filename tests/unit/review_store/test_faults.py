"""A disk that is full, read-only or gone: one sentence, and nothing half-written or lost unseen."""

import os
import shutil
import subprocess
import sys

import pytest
from test_store import decide

from leukapp.errors import StoreError
from leukapp.review.store import ReviewStore

FILL_UP = """
import resource, sys
from leukapp.errors import StoreError
from leukapp.review.records import DecisionKind
from leukapp.review.store import ReviewStore
store = ReviewStore.open(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
saved = 0
try:
    while saved < 10_000:
        store.record_decision(image_sha256="cd" * 32, image_name="x", bundle_sha256="ab" * 32,
            kind=DecisionKind.AGREE, label="ALL", reason="r" * 300, initials="AB")
        saved += 1
except StoreError as error:
    print(saved, error)
"""

WRITE_AS_NOBODY = """
import os, sys
from leukapp.errors import StoreError
from leukapp.review.records import RunState
from leukapp.review.store import ReviewStore
# Everything is imported while this process may still read it.
ReviewStore.open(sys.argv[1] + ".other").close()
os.setgid(65534)
os.setuid(65534)
try:
    ReviewStore.open(sys.argv[1]).create_run("x", [], "ab" * 32)
except StoreError as error:
    print(error)
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store" / "review.sqlite"


@pytest.fixture
def filled(path):
    store = ReviewStore.open(f"sqlite:///{path}")
    decide(store)
    yield store
    store.close()


def run_child(code, path, repository):
    done = subprocess.run(
        [sys.executable, "-c", code, f"sqlite:///{path}"],
        check=True,
        capture_output=True,
        text=True,
        cwd=repository,
    )
    return done.stdout.strip()


def test_full_disk_loses_nothing_that_was_saved(path, repository):
    """A process may not write files beyond 1 MB, which SQLite meets as it meets a full disk."""
    saved, _, sentence = run_child(FILL_UP, path, repository).partition(" ")
    assert "disk is full" in sentence
    store = ReviewStore.open(f"sqlite:///{path}")
    assert len(store.decisions()) == int(saved) > 10
    assert store.verify().is_whole
    decide(store)
    assert len(store.decisions()) == int(saved) + 1
    store.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_read_only_folder_is_one_sentence(filled, path, repository, tmp_path):
    filled.close()
    for place in (tmp_path, *tmp_path.parents[:3]):
        place.chmod(0o755)
    path.parent.chmod(0o755)
    path.chmod(0o644)
    sentence = run_child(WRITE_AS_NOBODY, path, repository)
    assert "may not be written to" in sentence
    again = ReviewStore.open(f"sqlite:///{path}")
    assert len(again.decisions()) == 1
    again.close()


def test_removed_folder_is_noticed_at_once(filled, path):
    shutil.rmtree(path.parent)
    with pytest.raises(StoreError, match="not there any more"):
        decide(filled)
    with pytest.raises(StoreError, match="not there any more"):
        filled.decisions()


def test_file_that_was_replaced_is_noticed(filled, path):
    other = ReviewStore.open(f"sqlite:///{path.with_name('other.sqlite')}")
    other.close()
    path.with_name("other.sqlite").replace(path)
    with pytest.raises(StoreError, match="start LeukApp again"):
        decide(filled)


def test_damaged_store_says_what_to_do(filled, path):
    filled.close()
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    with pytest.raises(StoreError, match="leukapp restore"):
        ReviewStore.open(f"sqlite:///{path}").decisions()
