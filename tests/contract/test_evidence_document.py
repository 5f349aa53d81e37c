"""docs/evidence.md says what the command measured, of the bundle that is shipped."""

import json
from pathlib import Path

import pandas as pd
import pytest

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


def test_the_evidence_and_the_bundles_own_tables_count_alike(repository: Path) -> None:
    """Both judge sources of single cells as the app does: same finder, same crops, same rule."""
    folder = repository / "weights" / "compact"
    figures = json.loads((folder / "evidence" / "evidence.json").read_text(encoding="utf-8"))
    table = pd.read_csv(folder / "held_out_external.csv")
    called = table.groupby("source").is_called.mean()
    rows = {row["name"]: row for row in figures["rows"] if row["kind"] == "source never seen"}
    assert rows.keys() == set(called.index)
    for source in ("lmu", "pbc_healthy_batch2", "tecom"):
        assert rows[source]["coverage"]["value"] == pytest.approx(called[source], abs=0.02)
