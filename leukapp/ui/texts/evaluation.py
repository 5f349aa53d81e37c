"""Texts of the page "Evaluation"."""

from typing import Final

TITLE: Final = "Evaluation"
