"""The tables and curves of docs/commissioning.md are those of the committed result."""

from pathlib import Path

from experiments.commissioning.curves import PICTURE, draw_curves
from experiments.commissioning.draws import Result
from experiments.commissioning.page import BEGIN, END, RESULT, tables
from leukapp.json_files import from_json


def test_the_page_shows_what_was_measured(repository: Path) -> None:
    result = from_json(Result, RESULT.read_text(encoding="utf-8"))
    page = (repository / "docs" / "commissioning.md").read_text(encoding="utf-8")
    assert page.split(BEGIN)[1].split(END)[0] == "\n" + tables(result)
    assert len(result.draws) == 150
    assert PICTURE.read_text(encoding="utf-8") == draw_curves(result)
