"""Folders that fsspec opens, as a bucket of S3: what lies in them, and the bytes of one file."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from leukapp.errors import BatchSourceError, ImageError
from leukapp.imaging.image_io import DEFAULT_LIMITS

ADDRESS: Final = re.compile(r"[a-z][a-z0-9+.-]*://[^@]+")
N_TRIES: Final = 4
PAUSE_SECONDS: Final = 1.0
NOT_THERE: Final = "The file cannot be opened: check that it is there and may be read."
EXTRA: Final = "Addresses need fsspec and Ray: install them with pip install leukapp[cluster]."


def is_address(text: str) -> bool:
    """Whether a source or a batch's folder is an address rather than a path."""
    return "://" in text


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFolder:
    """One folder behind an address; credentials come from where its library looks for them.

    Attributes:
        address: e.g. ``s3://bucket/folder``, without a slash at its end.
    """

    address: str

    @classmethod
    def at(cls, address: str) -> "RemoteFolder":
        """Give the folder of an address.

        Args:
            address: of any origin.

        Raises:
            BatchSourceError: it is none, holds a password, or what opens it is not installed.
        """
        if not ADDRESS.fullmatch(address):
            raise BatchSourceError(
                "Give the address as KIND://PLACE/FOLDER, without a name and a password in it: "
                "what opens it finds them in its own settings."
            )
        folder = cls(address=address.rstrip("/"))
        folder._opened()
        return folder

    def walk_files(self) -> Iterator[str]:
        """Give the files as paths under the folder, a folder at a time; hidden ones are left out.

        Raises:
            BatchSourceError: the address cannot be listed.
        """
        files, root = self._opened()
        waiting = [(root, True)]
        while waiting:
            path, is_folder = waiting.pop()
            if is_folder:
                waiting += sorted(_entries(files, path), key=_order, reverse=True)
            else:
                yield path[len(root) + 1 :]

    def read(self, source: str) -> bytes:
        """Read a file that may be an image, unless it is too large to be one.

        Args:
            source: path under the folder.

        Raises:
            ImageError: the file is missing, too large or may not be read.
            BatchSourceError: the address does not answer.
        """
        if ".." in source.split("/"):
            raise ImageError(NOT_THERE)
        files, root = self._opened()
        for n_tried in range(1, N_TRIES + 1):
            try:
                with files.open(f"{root}/{source}", "rb") as stream:
                    data: bytes = stream.read(DEFAULT_LIMITS.max_bytes + 1)
            except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
                raise ImageError(NOT_THERE) from error
            except OSError as error:
                if n_tried == N_TRIES:
                    raise BatchSourceError(
                        f"{self.address} does not answer: check the network and go on with "
                        "--resume; what was judged is kept."
                    ) from error
                time.sleep(PAUSE_SECONDS * n_tried)
            else:
                break
        if len(data) > DEFAULT_LIMITS.max_bytes:
            raise ImageError(
                f"The file is larger than {DEFAULT_LIMITS.max_bytes // 1_000_000} MB: save the "
                "image smaller."
            )
        return data

    def _opened(self) -> tuple[Any, str]:
        """The file system, which its library keeps for the next call, and the folder on it."""
        try:
            import fsspec

            files, root = fsspec.core.url_to_fs(self.address)
        except ImportError as error:
            raise BatchSourceError(f"{EXTRA} {error}.") from error
        except (ValueError, OSError) as error:
            raise BatchSourceError(
                f"Nothing opens {self.address}: check how the address begins."
            ) from error
        return files, str(root).rstrip("/")


def _entries(files: Any, folder: str) -> list[tuple[str, bool]]:
    """Paths in a folder, and whether each is a folder; no hidden ones."""
    try:
        found = files.ls(folder, detail=True)
        # A listing of very many names is large, and each folder is listed once.
        files.invalidate_cache()
    except (OSError, ValueError) as error:
        raise BatchSourceError(
            f"{folder} cannot be listed: check the address and the right to read it."
        ) from error
    named = [(str(one["name"]).rstrip("/"), one["type"] == "directory") for one in found]
    return [
        (path, is_folder)
        for path, is_folder in named
        # A bucket lists the folder itself beside what lies in it.
        if path != folder and not path.rpartition("/")[2].startswith(".")
    ]


def _order(entry: tuple[str, bool]) -> str:
    """As paths are sorted: what lies in a folder follows its name and a slash."""
    path, is_folder = entry
    return f"{path}/" if is_folder else path
