"""What the documentation says of the code: the version, the public names, the layers, the hooks."""

import re
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path

import leukapp

PROGRAMS = Path(sys.executable).parent


def test_the_version_is_the_same_everywhere(repository: Path) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = (repository / "CITATION.cff").read_text(encoding="utf-8")

    assert project["version"] == leukapp.__version__
    assert f"\nversion: {leukapp.__version__}\n" in citation
    assert f"\nlicense: {project['license']}\n" in citation
    assert f"\n## {leukapp.__version__}\n" in (repository / "CHANGELOG.md").read_text("utf-8")


def test_every_public_name_is_in_the_reference(repository: Path) -> None:
    reference = (repository / "docs" / "api.md").read_text(encoding="utf-8")

    assert set(re.findall(r"^::: leukapp\.(\w+)$", reference, re.MULTILINE)) == {*leukapp._HOMES}


def test_the_picture_shows_the_layers_that_lint_checks(repository: Path) -> None:
    script = repository / "scripts" / "draw_architecture.py"
    drawn = runpy.run_path(str(script))["draw"]()

    committed = (repository / "docs" / "images" / "architecture.svg").read_text(encoding="utf-8")
    name = re.compile(r'class="name"[^>]*>([^<]+)<')
    assert len(name.findall(drawn)) > 10
    assert name.findall(committed) == name.findall(drawn), "run scripts/draw_architecture.py"


def test_every_variable_that_moves_something_is_in_the_documentation(repository: Path) -> None:
    source = (repository / "leukapp" / "resources.py").read_text(encoding="utf-8")
    variables = re.findall(r'"(LEUKAPP_\w+)"', source)
    index = (repository / "docs" / "index.md").read_text(encoding="utf-8")

    assert variables
    assert [name for name in variables if f"`{name}`" not in index] == []


def test_the_hooks_before_a_commit_are_understood_and_local(repository: Path) -> None:
    hooks = repository / ".pre-commit-config.yaml"
    checked = subprocess.run(
        [PROGRAMS / "pre-commit", "validate-config", str(hooks)], capture_output=True, timeout=60
    )

    assert checked.returncode == 0, checked.stdout
    assert re.findall(r"repo: (\S+)", hooks.read_text(encoding="utf-8")) == ["local"]
