"""Look the locked packages up among known vulnerabilities; ``make audit-dependencies`` runs it.

Ends with an error where one is known. Where the audit data cannot be reached it says so and passes,
because a change must not fail for want of a network.
"""

import json
import subprocess
import sys
from pathlib import Path

LOCK = Path(__file__).resolve().parents[1] / "requirements.lock"
LIMIT_SECONDS = 120


def main() -> int:
    """Print what is known; give 1 where a flaw is."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(LOCK), "--disable-pip"]
    command += ["--require-hashes", "--format", "json", "--progress-spinner", "off"]
    try:
        done = subprocess.run(  # noqa: S603
            command, capture_output=True, check=False, text=True, timeout=LIMIT_SECONDS
        )
        packages = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        print("Audit of dependencies: the audit data cannot be reached; nothing was looked up.")
        return 0
    audited = [package for package in packages if "vulns" in package]
    print(f"Audit of dependencies: {len(audited)} of {len(packages)} packages looked up.")
    found = [(package["name"], flaw["id"]) for package in audited for flaw in package["vulns"]]
    for name, identifier in found:
        print(f"  {name}: {identifier}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
