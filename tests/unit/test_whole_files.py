"""A file is there whole or as it was before; nothing of an attempt stays beside it."""

import os
import resource
from pathlib import Path

import numpy as np
import pytest

from leukapp.model.weights_io import write_arrays
from leukapp.whole_files import whole_file


def test_a_written_file_takes_its_place(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text("old")
    with whole_file(path) as partial:
        partial.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_an_attempt_that_ends_early_leaves_nothing(
    tmp_path: Path, error: type[BaseException]
) -> None:
    path = tmp_path / "report.json"
    path.write_text("old")

    def write_half() -> None:
        with whole_file(path) as partial:
            partial.write_text("half")
            raise error

    with pytest.raises(error):
        write_half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_two_that_write_one_place_at_once_do_not_meet(tmp_path: Path) -> None:
    path = tmp_path / "features.npy"
    with whole_file(path) as first:
        first.write_text("first")
        with whole_file(path) as second:
            second.write_text("second")
        assert path.read_text() == "second"
    assert path.read_text() == "first"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_kill_left_is_gone_after_a_writing_a_day_later(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    left = path.with_name("report.json.partial")
    left.write_text("half, and longer than what comes next")
    os.utime(left, (0, 0))
    with whole_file(path) as partial:
        partial.write_text("new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_keeps_no_half_of_the_weights(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            write_arrays(
                tmp_path / "heads.npz", {"noise": np.random.default_rng(0).random((200, 200))}
            )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(tmp_path.iterdir()) == []
