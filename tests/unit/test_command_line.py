"""The command line where its output, its numbers or its disk are not what it expects."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from leukapp.cli import main
from leukapp.quoted_names import one_line, quoted
from leukapp.review.store import ReviewStore

FULL_DISK = Path("/dev/full")


def start(tmp_path: Path, stdout: int) -> subprocess.CompletedProcess[str]:
    """A command that writes one line."""
    store = f"sqlite:///{tmp_path / 'review.sqlite'}"
    ReviewStore.open(store)
    return subprocess.run(
        [sys.executable, "-m", "leukapp", "verify", "--store", store],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )


@pytest.mark.skipif(not FULL_DISK.exists(), reason="this system has no /dev/full")
def test_a_full_disk_under_the_output_is_one_sentence(tmp_path: Path) -> None:
    with FULL_DISK.open("w") as full:
        done = start(tmp_path, full.fileno())
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "leukapp: something cannot be written (No space left on device): make room or name "
        "another place"
    ]


def test_a_reader_of_the_output_may_leave(tmp_path: Path) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = start(tmp_path, write_end)
    os.close(write_end)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize(
    "words",
    [
        ["batch", "folder", "--resume", "9" * 30],
        ["batch", "folder", "--resume", "0"],
        ["batch", "folder", "--resume", "9" * 5000],
        ["train", "--preset", "compact", "--data", "d", "--out", "o", "--seed", "-1"],
        ["train", "--preset", "compact", "--data", "d", "--out", "o", "--epochs", "0"],
        ["audit", "--limit", "1e9"],
    ],
)
def test_a_number_out_of_range_is_one_sentence(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 2
    assert "give a whole number from " in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a b.png", '"a b.png"'),
        ("Zoë 血.png", '"Zoë 血.png"'),
        ("a\nb", r'"a\nb"'),
        ("a\u2028b\x1b[2J", r'"a\u2028b\x1b[2J"'),
        ('a"b\\n', r'"a\"b\\n"'),
        (os.fsdecode(b"caf\xe9"), r'"caf\xe9"'),
    ],
)
def test_a_name_is_shown_whole_and_on_one_line(name: str, shown: str) -> None:
    assert quoted(name) == shown
    assert one_line(shown) == shown
