"""What is installed is what is pinned, with a hash for each file."""

import re
from itertools import pairwise

import pytest

PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(\S+?)(?:\s*;.*|\s*\\)?$")


def pins(text):
    found = [PIN.match(line.strip()) for line in text.splitlines()]
    return {
        (re.sub(r"[._-]+", "-", match[1]).lower(), match[2].rstrip(";")) for match in found if match
    }


@pytest.mark.parametrize(
    ("wanted", "lock"),
    [
        (["requirements.txt"], "requirements.lock"),
        (["requirements.txt", "requirements-dev.txt"], "requirements-dev.lock"),
        (["requirements.txt", "requirements-cluster.txt"], "requirements-cluster.lock"),
    ],
)
def test_every_pin_is_in_the_lock(repository, wanted, lock):
    asked = set().union(*(pins((repository / name).read_text()) for name in wanted))
    locked = pins((repository / lock).read_text())
    assert len(asked) > 10
    assert asked <= locked, f"run `make lock`; missing: {sorted(asked - locked)}"


@pytest.mark.parametrize(
    "lock", ["requirements.lock", "requirements-dev.lock", "requirements-cluster.lock"]
)
def test_every_package_of_the_lock_has_a_hash(repository, lock):
    lines = (repository / lock).read_text().splitlines()
    for line, following in pairwise(lines):
        if "==" in line and not line.startswith(" "):
            assert following.strip().startswith("--hash=sha256:"), line
    assert not any("://" in line for line in lines)
