"""docs/evidence.md says what the command measured, of the bundle that is shipped."""

import json
from pathlib import Path

from leukapp.model.bundle import open_bundle


def test_evidence_is_of_the_shipped_bundle_and_the_document_quotes_it(repository: Path) -> None:
    bundle = open_bundle(repository / "weights" / "compact")
    evidence = repository / "weights" / "compact" / "evidence"
    figures = json.loads((evidence / "evidence.json").read_text(encoding="utf-8"))
    assert figures["bundle_sha256"] == bundle.sha256
    document = (repository / "docs" / "evidence.md").read_text(encoding="utf-8")
    _, _, rest = document.partition("<!-- figures: begin -->")
    quoted, _, _ = rest.partition("<!-- figures: end -->")
    assert quoted.strip() == (evidence / "evidence.md").read_text(encoding="utf-8").strip()
