"""Folders of the server that a reviewer may read: one configured root and nothing outside it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from leukapp.errors import BatchSourceError

MAX_FILES: Final = 20_000
OUTSIDE: Final = (
    "This folder is outside the review folder of the server: choose one of those that are listed."
)

NOT_UNICODE: Final = (
    'The name "{name}" in this folder is not written in UTF-8, so it cannot be kept: rename it, '
    "and choose the folder again."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderListing:
    """Files and subfolders of one folder.

    Attributes:
        relative: the folder under the root, ``.`` for the root itself.
        folders: names of the folders in it, sorted.
        n_files: files in it, without hidden ones and without those in its folders.
        n_unnamed: files and folders that are left out, since their names are no Unicode.
    """

    relative: str
    folders: tuple[str, ...]
    n_files: int
    n_unnamed: int


def resolve_inside(root: Path, relative: str) -> Path:
    """Give an existing path under the root, links resolved.

    Args:
        root: the only folder that may be read.
        relative: path under it, of any origin.

    Raises:
        BatchSourceError: it leads out of the root, or there is nothing.
    """
    confines = root.resolve()
    try:
        path = (confines / relative).resolve()
        is_inside = path.is_relative_to(confines)
        exists = is_inside and path.exists()
    except (OSError, ValueError, RuntimeError) as error:
        # A name that no file system takes, e.g. with a NUL or too long, or a circle of links.
        raise BatchSourceError(OUTSIDE) from error
    if not is_inside:
        raise BatchSourceError(OUTSIDE)
    if not exists:
        raise BatchSourceError(
            "There is no such file or folder in the review folder of the server: it may have been "
            "moved since; choose it again."
        )
    return path


def list_folder(root: Path, relative: str = ".") -> FolderListing:
    """List one folder under the root; links that lead out of it are left out.

    Args:
        root: the only folder that may be read.
        relative: path under it, of any origin.

    Raises:
        BatchSourceError: it leads out of the root, is no folder, or cannot be read.
    """
    confines = root.resolve()
    folder = _folder(confines, relative)
    found = list(_entries(folder, confines))
    entries = [entry for entry in found if _is_unicode(entry.name)]
    return FolderListing(
        relative=folder.relative_to(confines).as_posix(),
        folders=tuple(sorted(entry.name for entry in entries if entry.is_dir())),
        n_files=sum(entry.is_file() for entry in entries),
        n_unnamed=len(found) - len(entries),
    )


def files_of(root: Path, relative: str = ".", *, with_subfolders: bool = True) -> tuple[str, ...]:
    """Give the files of a folder as paths under the root, sorted; hidden ones are left out.

    Files of every kind are given: one that is no image is reported with its reason later.

    Args:
        root: the only folder that may be read.
        relative: path under it, of any origin.
        with_subfolders: also files in folders below; a folder is never visited twice.

    Raises:
        BatchSourceError: the folder cannot be read, holds no file, more than ``MAX_FILES``, or one
            whose name is no Unicode: none is left out without a word.
    """
    files = []
    for file in walk_files(root, relative, with_subfolders=with_subfolders):
        files.append(file)
        if len(files) > MAX_FILES:
            raise BatchSourceError(
                f"This folder holds more than {MAX_FILES} files: choose one of its folders."
            )
    if not files:
        raise BatchSourceError("There is no file in this folder: choose another one.")
    return tuple(files)


def walk_files(root: Path, relative: str = ".", *, with_subfolders: bool = True) -> Iterator[str]:
    """Give the files of a folder as :func:`files_of` does, however many, a folder at a time.

    Args:
        root: the only folder that may be read.
        relative: path under it, of any origin.
        with_subfolders: also files in folders below; a folder is never visited twice.

    Yields:
        Paths under the root, sorted.

    Raises:
        BatchSourceError: a folder cannot be read, or holds a name that is no Unicode.
    """
    confines = root.resolve()
    visited = set[Path]()
    waiting = [(_folder(confines, relative), True)]
    while waiting:
        path, is_folder = waiting.pop()
        if not is_folder:
            yield path.relative_to(confines).as_posix()
            continue
        folder = path.resolve()
        if folder in visited or (visited and not with_subfolders):
            continue
        visited.add(folder)
        if not _is_unicode(str(folder)):
            raise BatchSourceError(NOT_UNICODE.format(name=_printable(folder.name)))
        found = []
        for entry in _entries(folder, confines):
            if not _is_unicode(entry.name):
                raise BatchSourceError(NOT_UNICODE.format(name=_printable(entry.name)))
            # Sorted as their paths are: what lies in a folder follows its name and a slash.
            if entry.is_dir():
                found.append((f"{entry.name}/", entry, True))
            elif entry.is_file():
                found.append((entry.name, entry, False))
        waiting += [(entry, is_dir) for _, entry, is_dir in sorted(found, reverse=True)]


def _is_unicode(name: str) -> bool:
    """Whether a name is one that a database and a browser take; others come as surrogates."""
    return not any("\ud800" <= sign <= "\udfff" for sign in name)


def _printable(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _folder(confines: Path, relative: str) -> Path:
    folder = resolve_inside(confines, relative)
    if not folder.is_dir():
        raise BatchSourceError("This is a file, not a folder: choose a folder.")
    return folder


def _entries(folder: Path, confines: Path) -> Iterator[Path]:
    """What lies in a folder and, links resolved, under the root; no hidden names."""
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise BatchSourceError(
            "This folder of the server cannot be read: ask whoever runs it for access."
        ) from error
    for entry in entries:
        try:
            is_inside = entry.resolve().is_relative_to(confines)
        except (OSError, RuntimeError):
            # A circle of links: RuntimeError before Python 3.13.
            continue
        if is_inside and not entry.name.startswith("."):
            yield entry
