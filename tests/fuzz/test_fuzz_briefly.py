"""Seconds of coverage-guided fuzzing of each reader; reliability/run.py --full takes longer."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

SECONDS = 2
PROGRAM = Path(__file__).with_name("fuzz_readers.py")


pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None, reason="no atheris wheel here"
)

PARENT_MB = 800
LARGE_PARENT = f"""
import subprocess, sys
len(b"x" * ({PARENT_MB} << 20))
sys.exit(subprocess.run([sys.executable, *sys.argv[1:]]).returncode)
"""


@pytest.mark.parametrize(
    "reader", ["decoder", "held_out_csv", "manifest_parquet", "bundle_manifest", "zip"]
)
def test_fuzzing_finds_nothing(reader: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(PROGRAM), reader, str(SECONDS), str(tmp_path / "found")],
        capture_output=True,
        check=False,
        timeout=120,
        text=True,
        errors="replace",
    )
    assert done.returncode == 0, done.stderr[-3000:]
    counted = re.search(r"number_of_executed_units: (\d+)", done.stderr)
    assert counted is not None
    assert int(counted[1]) > 50
    assert not list(tmp_path.rglob("failing_*"))


def test_the_memory_limit_counts_no_memory_of_whoever_started_it(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LARGE_PARENT, str(PROGRAM), "zip", "1", str(tmp_path / "found")],
        capture_output=True,
        check=True,
        timeout=120,
        text=True,
        errors="replace",
    )
    peak = re.search(r"stat::peak_rss_mb: +(\d+)", done.stderr)
    assert peak is not None
    assert 50 < int(peak[1]) < PARENT_MB
