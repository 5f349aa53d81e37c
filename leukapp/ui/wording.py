"""Numbers and names turned into words that are safe to show."""

import re
from pathlib import PureWindowsPath

from leukapp.model.backbone_list import BACKBONES

MAX_NAME_LENGTH = 60
_MARKDOWN_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:&^=/@\"'])")


def percent(value: float) -> str:
    """Write a probability (0-1) in percent; never 0 % or 100 %, which no network can know.

    Args:
        value: probability, 0-1.

    Example:
        >>> percent(0.934), percent(0.99996), percent(0.0001)
        ('93.4 %', '> 99.9 %', '< 0.1 %')
    """
    if value > 0.999:
        return "> 99.9 %"
    if value < 0.001:
        return "< 0.1 %"
    return f"{value * 100:.1f} %"


def branch_title(name: str) -> str:
    """Give a branch's name as people write it; an unknown one stays as it is."""
    return BACKBONES[name].title if name in BACKBONES else name


def shown_name(file_name: str) -> str:
    r"""Give an uploaded file's name without folders and control characters, shortened.

    Args:
        file_name: the name the browser sent; anything a user can type.

    Example:
        >>> shown_name("C:\\cells\\a\u202eb.png")
        'ab.png'
    """
    last_part = PureWindowsPath(file_name).name
    printable = "".join(letter for letter in last_part if letter.isprintable())
    if len(printable) > MAX_NAME_LENGTH:
        half = MAX_NAME_LENGTH // 2 - 1
        printable = f"{printable[:half]}…{printable[-half:]}"
    return printable or "image"


def escape_markdown(text: str) -> str:
    r"""Make a text mean only itself where Streamlit renders Markdown.

    Args:
        text: anything, e.g. an uploaded file's name.

    Example:
        >>> escape_markdown("*a*")
        '\\*a\\*'
    """
    return _MARKDOWN_SPECIAL.sub(r"\\\1", text)
