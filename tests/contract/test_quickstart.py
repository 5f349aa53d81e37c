"""The quickstart notebook runs from top to bottom, as it stands in the repository."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

pytestmark = pytest.mark.keras


def test_the_quickstart_runs_and_carries_no_output(repository: Path, tmp_path: Path) -> None:
    notebook = nbformat.read(repository / "docs" / "quickstart.ipynb", as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert cells
    assert all(not cell.outputs and cell.execution_count is None for cell in cells)

    client = NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(tmp_path)}})
    client.execute()

    printed = [
        "".join(output.get("text", "") for output in cell.outputs if output.name == "stdout")
        for cell in cells
        if all(output.output_type == "stream" for output in cell.outputs)
    ]
    assert any("9 images, 0 findings" in text for text in printed)
    assert any("| Source |" in text for text in printed)
