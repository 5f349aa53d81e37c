"""The front door: what `from leukapp import ...` gives, and that nothing is imported before."""

import ast
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import leukapp

WANTED = ("Diagnoser", "open_bundle", "read_samples", "evaluate")
HEAVY = [
    "tensorflow",
    "keras",
    "openvino",
    "torch",
    "sklearn",
    "cv2",
    "numpy",
    "pandas",
    "streamlit",
]


def test_a_fresh_process_finds_every_name_and_imports_nothing_heavy_before(
    repository: Path,
) -> None:
    script = f"""
import sys
import leukapp
assert leukapp.__version__ and "Diagnoser" in dir(leukapp)
print(*[name for name in {HEAVY} if name in sys.modules])
for name in leukapp._HOMES:
    getattr(leukapp, name)
from leukapp import {", ".join(WANTED)}
print(*[name for name in ("tensorflow", "keras", "openvino") if name in sys.modules])
"""
    finished = subprocess.run(
        [sys.executable, "-c", script], cwd=repository, capture_output=True, text=True, timeout=60
    )

    assert finished.stderr == ""
    assert finished.stdout.splitlines() == ["", ""]


def test_type_checkers_and_the_running_program_see_the_same_names() -> None:
    source = ast.parse(inspect.getsource(leukapp))
    seen = {
        alias.asname: node.module
        for node in ast.walk(source)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("leukapp")
        for alias in node.names
    }

    assert seen == leukapp._HOMES
    assert set(WANTED) <= seen.keys()


@pytest.mark.parametrize("name", sorted(leukapp._HOMES))
def test_a_public_name_is_documented_where_it_is_defined(name: str) -> None:
    public = getattr(leukapp, name)

    assert public is getattr(importlib.import_module(leukapp._HOMES[name]), name)
    assert public.__module__ == leukapp._HOMES[name]
    assert len(inspect.getdoc(public) or "") > 20


def test_an_unknown_name_is_an_ordinary_mistake() -> None:
    with pytest.raises(AttributeError, match="no attribute 'diagnose_everything'"):
        leukapp.diagnose_everything  # noqa: B018
