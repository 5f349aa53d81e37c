"""Put the result of ``leukapp reproduce`` into docs/: the JSON, and the tables of reproduction.md.

Usage: python scripts/write_reproduction_doc.py OUT/reproduction.json
"""

import argparse
import sys
from pathlib import Path

from leukapp.errors import LeukappError
from leukapp.recipes.reproduction_document import fill_document
from leukapp.recipes.reproduction_report import Reproduction

DOCS = Path(__file__).resolve().parents[1] / "docs"


def main() -> int:
    """Read the result and write both files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("result", type=Path, help="reproduction.json as leukapp reproduce wrote it")
    arguments = parser.parse_args()
    try:
        text = arguments.result.read_text(encoding="utf-8")
        page = DOCS / "reproduction.md"
        filled = fill_document(page.read_text(encoding="utf-8"), Reproduction.from_json(text))
    except (OSError, LeukappError) as error:
        print(f"write_reproduction_doc: {error}", file=sys.stderr)
        return 2
    (DOCS / "reproduction.json").write_text(text, encoding="utf-8")
    page.write_text(filled, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
