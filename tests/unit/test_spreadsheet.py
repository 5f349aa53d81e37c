"""What leaves as CSV runs nothing in a spreadsheet, and comes back as it was."""

import csv
import io

import pandas as pd
import pytest

from leukapp.spreadsheet import inert_table, make_inert, restore, write_csv_rows

FORMULAS = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " \n =1", "\u00a0=1", "\ufeff=1",
    "＝1+1", "＋1", "－1", "＠SUM(A1)", "﹢1", "﹣1", "−1", "\n＝1", "'=1", "''=1", "'\n＝1",
]  # fmt: skip
TEXTS = ["", "ALL", "a=b", "'t Hooft", "1-2", "(=1)", "é", " a", "'"]


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_formula_becomes_text_and_comes_back(formula: str) -> None:
    assert make_inert(formula) == f"'{formula}"
    assert restore(make_inert(formula)) == formula


@pytest.mark.parametrize("text", TEXTS)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert make_inert(text) == text
    assert restore(text) == text


def test_rows_keep_numbers_and_empty_cells() -> None:
    stream = io.StringIO()
    write_csv_rows(stream, [["=name", "value"], ["＝a", -0.5], [None, True]])
    assert list(csv.reader(io.StringIO(stream.getvalue()))) == [
        ["'=name", "value"],
        ["'＝a", "-0.5"],
        ["", "True"],
    ]


def test_a_table_keeps_its_numbers() -> None:
    table = inert_table(pd.DataFrame({"=source": ["@a", None], "p": [-0.5, 1.0]}))
    assert table.to_csv(index=False) == "'=source,p\n'@a,-0.5\n,1.0\n"
