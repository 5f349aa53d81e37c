"""Files that appear whole or not at all."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

ABANDONED_S: Final = 24 * 60 * 60
"""After this long nobody is still writing a file: a kill left it."""


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Write a file beside its place, and put it there once it is written.

    An error leaves the place as it was and nothing beside it. Two processes may write one place at
    once: what the last to finish wrote stays. A kill leaves one file beside it, which a writing a
    day later replaces.

    Args:
        path: the place; its folder exists.

    Yields:
        Where to write.
    """
    partial = _claim(path.with_name(f"{path.name}.partial"))
    try:
        yield partial
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _claim(partial: Path) -> Path:
    """A file that nobody else writes: this one, or one beside it where another process does."""
    try:
        partial.touch(exist_ok=False)
    except FileExistsError:
        try:
            is_abandoned = time.time() - partial.stat().st_mtime > ABANDONED_S
        except FileNotFoundError:
            is_abandoned = False
        if not is_abandoned:
            return partial.with_name(f"{partial.stem}.{secrets.token_hex(4)}.partial")
    return partial
