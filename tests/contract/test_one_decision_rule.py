"""Only ``leukapp.inference`` knows the parts of the decision rule; everyone else asks the rule."""

import ast
from pathlib import Path

PACKAGE = "leukapp.inference"
PARTS = frozenset({"field_rule", "gate", "no_call", "two_steps"})


def parts_imported(source: str) -> set[str]:
    """Parts of the rule that a file imports, in whichever form."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        else:
            continue
        found |= {part for part in PARTS if f"{PACKAGE}.{part}" in names}
    return found


def test_every_form_of_import_is_seen() -> None:
    assert parts_imported("import leukapp.inference.gate") == {"gate"}
    assert parts_imported("from leukapp.inference.no_call import NoCall") == {"no_call"}
    assert parts_imported("def f():\n from leukapp.inference import field_rule") == {"field_rule"}
    assert parts_imported("from leukapp.inference.decision import NoCall") == set()


def test_nothing_outside_inference_imports_a_part_of_the_rule(repository: Path) -> None:
    inference = repository / "leukapp" / "inference"
    assert {path.stem for path in inference.glob("*.py")} >= PARTS
    files = [repository / "app.py"]
    for folder in ("leukapp", "pages", "experiments", "scripts"):
        files += sorted((repository / folder).rglob("*.py"))
    others = [path for path in files if not path.is_relative_to(inference)]
    found = {
        str(path.relative_to(repository)): parts
        for path in others
        if (parts := parts_imported(path.read_text(encoding="utf-8")))
    }
    assert len(others) > 100
    assert found == {}
