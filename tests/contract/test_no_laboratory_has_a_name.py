"""What the program does depends on no laboratory's name: such runs are experiments."""

import ast
import re
from pathlib import Path

NAMES = re.compile(
    r"(?<![a-z])(jhu|lmu|pbc|aria_all|bccd|tecom|itu|raabin|monza|taleqani|aiims)(?![a-z])",
    re.IGNORECASE,
)


def names_in(source: str) -> set[str]:
    """Laboratories that identifiers and texts of a file name; docstrings are left."""
    tree = ast.parse(source)
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    docs |= {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    words = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            words.append(node.value)
        elif isinstance(node, ast.Name):
            words.append(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            words.append(node.name)
    return {found.lower() for word in words for found in NAMES.findall(word)}


def test_names_are_found_in_code_and_not_in_its_documentation() -> None:
    assert names_in("JHU_SOURCE = 1") == {"jhu"}
    assert names_in("SOURCES = ('pbc_healthy',)") == {"pbc"}
    assert names_in('"""Measured on JHU."""\nsituation = 1\n"""Of PBC."""') == set()


def test_no_laboratory_has_a_name_in_the_program(repository: Path) -> None:
    files = [
        repository / "app.py",
        *sorted((repository / "pages").glob("*.py")),
        *sorted((repository / "leukapp").rglob("*.py")),
    ]
    assert len(files) > 200
    found = {
        str(path.relative_to(repository)): names
        for path in files
        if (names := names_in(path.read_text(encoding="utf-8")))
    }
    assert found == {}
