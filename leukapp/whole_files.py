"""Files that appear whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Write a file beside its place, and put it there once it is written.

    An error leaves the place as it was and nothing beside it. A kill leaves one file beside it,
    which the next writing replaces.

    Args:
        path: the place; its folder exists.

    Yields:
        Where to write.
    """
    partial = path.with_name(f"{path.name}.partial")
    try:
        yield partial
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
