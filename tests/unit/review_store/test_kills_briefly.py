"""A batch that is killed goes on; the long run is ``python tests/reliability/kills.py``."""

import json
import subprocess
import sys

import pytest


@pytest.mark.keras
def test_killed_batches_end_as_an_undisturbed_one(repository, tmp_path):
    out = tmp_path / "kills.json"
    program = repository / "tests" / "reliability" / "kills.py"
    done = subprocess.run(
        [sys.executable, program, "--kills=2", "--images=30", f"--out={out}"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, out.read_text() if out.is_file() else done.stderr
    assert json.loads(out.read_text())["kills"] == 2
