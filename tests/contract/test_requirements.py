"""What is imported is declared, and the list for a GPU is the other one but for TensorFlow."""

import ast
import re
import sys
from importlib.metadata import packages_distributions

import pytest

TENSORFLOW = {"tensorflow", "tensorflow-cpu"}
CLUSTER = {"ray", "fsspec"}
"""Imported by the functions that need them alone; they are an extra of their own."""


def requirements_of(path):
    lines = [line.split("#")[0].split(";")[0].strip() for line in path.read_text().splitlines()]
    parts = [re.fullmatch(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(\S+)", one) for one in lines if one]
    assert all(parts)
    return {re.sub(r"[._-]+", "-", part[1]).lower(): part[2] for part in parts}


def imported_packages(repository):
    names = set()
    sources = [repository / "app.py", *(repository / "pages").glob("*.py")]
    for path in [*sources, *(repository / "leukapp").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names.add(node.module.split(".")[0])
    return names - {"leukapp"} - set(sys.stdlib_module_names)


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-gpu.txt"])
def test_everything_that_is_imported_is_declared(repository, name):
    declared = set(requirements_of(repository / name))
    distributions = packages_distributions()
    imported = imported_packages(repository)
    assert {"numpy", "streamlit", "scipy", "sqlalchemy"} <= imported
    assert set(requirements_of(repository / "requirements-cluster.txt")) >= CLUSTER
    assert declared.isdisjoint(CLUSTER)
    for module in sorted(imported - CLUSTER):
        owners = {re.sub(r"[._-]+", "-", one).lower() for one in distributions[module]}
        # A machine with the processor's TensorFlow stands for one with the other build.
        if owners & TENSORFLOW:
            owners |= TENSORFLOW
        assert owners & declared, f"{module} is imported and not in {name}"


def test_the_list_for_a_gpu_differs_in_tensorflow_alone(repository):
    plain = requirements_of(repository / "requirements.txt")
    gpu = requirements_of(repository / "requirements-gpu.txt")
    assert gpu["tensorflow"] == plain["tensorflow-cpu"]
    assert {n: v for n, v in plain.items() if n not in TENSORFLOW} == {
        n: v for n, v in gpu.items() if n not in TENSORFLOW
    }
