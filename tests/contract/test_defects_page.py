"""Each defect of docs/defects.md names tests that exist."""

import ast
import re
from pathlib import Path

N_DEFECTS = 21


def test_every_named_test_exists(repository: Path) -> None:
    page = (repository / "docs" / "defects.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ")][1:]
    named = {row: re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row) for row in rows}

    assert len(rows) == N_DEFECTS
    assert [row for row, tests in named.items() if not tests] == []
    missing = [
        f"{path}::{name}"
        for tests in named.values()
        for path, name in tests
        if name not in functions_of(repository / path)
    ]
    assert missing == []


def functions_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
