"""Put the result of a reproduction into docs/: the JSON, and the tables of reproduction.md.

Usage: python -m experiments.reproduction.write_page OUT/reproduction.json
"""

import argparse
import sys
from pathlib import Path

from experiments.reproduction.document import fill_document
from experiments.reproduction.report import Reproduction
from leukapp.errors import LeukappError

DOCS = Path(__file__).resolve().parents[2] / "docs"


def main() -> int:
    """Read the result and write both files."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.reproduction.write_page",
        description="Put the result of a reproduction into docs/.",
    )
    parser.add_argument("result", type=Path, help="the reproduction.json that it wrote")
    arguments = parser.parse_args()
    try:
        text = arguments.result.read_text(encoding="utf-8")
        page = DOCS / "reproduction.md"
        filled = fill_document(page.read_text(encoding="utf-8"), Reproduction.from_json(text))
    except (OSError, LeukappError) as error:
        print(f"write_page: {error}", file=sys.stderr)
        return 2
    (DOCS / "reproduction.json").write_text(text, encoding="utf-8")
    page.write_text(filled, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
