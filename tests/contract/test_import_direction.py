"""Imports go down the layers, and nothing heavy is imported before a call needs it."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

NETWORKS = ("tensorflow", "keras", "openvino", "torch")
HEAVY = (*NETWORKS, "sklearn")


def modules_after(statements: str, repository: Path) -> set[str]:
    """Names of the modules a fresh process holds after some statements."""
    report = f"{statements}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    finished = subprocess.run(
        [sys.executable, "-c", report],
        cwd=repository,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return set(json.loads(finished.stdout.splitlines()[-1]))


def test_import_linter_keeps_every_contract(repository: Path) -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    finished = subprocess.run(
        [str(linter), "--no-cache"], cwd=repository, capture_output=True, text=True, timeout=60
    )

    assert finished.returncode == 0, finished.stdout + finished.stderr


@pytest.mark.parametrize("statements", ["import leukapp", "import leukapp.diagnosis"])
def test_importing_the_core_brings_no_network_library(statements: str, repository: Path) -> None:
    assert modules_after(statements, repository).isdisjoint(NETWORKS)


def test_importing_the_package_alone_brings_neither_streamlit_nor_opencv(repository: Path) -> None:
    assert modules_after("import leukapp", repository).isdisjoint((*HEAVY, "streamlit", "cv2"))


def test_a_batch_on_this_machine_brings_no_cluster(repository: Path) -> None:
    statements = "import leukapp.batch_command, leukapp.review.remote_folder"
    assert modules_after(statements, repository).isdisjoint(("ray", "fsspec"))


def imports_of(*paths: Path) -> str:
    """The import statements of some files, to run them alone."""
    return "\n".join(
        ast.unparse(statement)
        for path in paths
        for statement in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(statement, ast.Import | ast.ImportFrom)
    )


def test_what_the_first_screen_imports_is_light(repository: Path) -> None:
    first_screen = (repository / "app.py", repository / "pages" / "diagnose.py")
    loaded = modules_after(imports_of(*first_screen), repository)

    assert "leukapp.ui.frame" in loaded
    assert loaded.isdisjoint(HEAVY)


def test_no_page_imports_a_network_library(repository: Path) -> None:
    pages = sorted(repository.glob("pages/*.py"))
    assert pages, "the app has no page"
    loaded = modules_after(imports_of(*pages), repository)

    assert "leukapp.ui.frame" in loaded
    assert loaded.isdisjoint(NETWORKS)
