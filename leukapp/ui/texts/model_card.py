"""Texts of the page "Model card"."""

from typing import Final

TITLE: Final = "Model card"
