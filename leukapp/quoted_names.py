"""Names of files as a terminal may show them: one line each, told from the words around them."""

from pathlib import Path


def quoted(name: str | Path) -> str:
    r"""Put a name in quotes, with every sign escaped that could pass for more than a name.

    Args:
        name: of a file or folder, with whatever signs it may have; bytes that are no UTF-8 come as
            Python's lone surrogates.

    Example:
        >>> print(quoted("a\nb.png: ALL"))
        "a\nb.png: ALL"
    """
    return '"' + "".join(_shown(sign) for sign in str(name)) + '"'


def one_line(text: str) -> str:
    """A text whose line breaks and other signs that are not printable are escaped.

    Args:
        text: words of this program that may have a name in them.
    """
    return "".join(sign if sign.isprintable() else _escaped(sign) for sign in text)


def _shown(sign: str) -> str:
    if sign in {'"', "\\"}:
        return f"\\{sign}"
    return sign if sign.isprintable() else _escaped(sign)


def _escaped(sign: str) -> str:
    # A byte that is no UTF-8 is one of U+DC80 to U+DCFF.
    code = ord(sign)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return sign.encode("unicode_escape").decode() if code < 0xD800 or code > 0xDFFF else "�"
