"""The end of the audit trail, signed and kept in another place, so that a cut or new trail shows.

Whoever owns the database can cut the last rows together with the recorded end, or write the whole
trail anew. A line that was signed before, and lies where that person cannot change it, shows both:
the trail must still have the row that the line names. The key must not lie with the database.
"""

import hmac
import json
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Final

from leukapp.errors import StoreAwayError, StoreError
from leukapp.review.audit_trail import canonical, utc_now
from leukapp.review.store import ReviewStore
from leukapp.structured_log import log_event

SYSLOG_SOCKET: Final = Path("/dev/log")
PRIORITY: Final = 4 * 8 + 6
"""Of syslog: facility auth, severity info."""
MIN_KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedHead:
    """One line of the file of heads.

    Attributes:
        store_id: of the store.
        n_rows: rows of its trail.
        row_hash: of the last one, hexadecimal.
        written_at: UTC, ISO 8601.
        signature: HMAC-SHA256 of the other fields, hexadecimal.
    """

    store_id: str
    n_rows: int
    row_hash: str
    written_at: str
    signature: str

    def to_line(self) -> str:
        """One JSON object on one line."""
        return canonical(asdict(self))


def make_key(path: Path) -> None:
    """Write a new random key that only this user may read.

    Args:
        path: of the new file.

    Raises:
        StoreError: the file exists or cannot be written.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"{secrets.token_hex(MIN_KEY_BYTES)}\n")
    except OSError as error:
        raise StoreError(
            f"No key can be written to {path.name}: name a new file in a folder that this user may "
            "write to."
        ) from error


def read_key(path: Path) -> bytes:
    """Read a key.

    Args:
        path: of a file that :func:`make_key` wrote.

    Raises:
        StoreError: there is none, or it is too short.
    """
    try:
        key = path.read_bytes().strip()
    except OSError as error:
        raise StoreError(
            f"There is no key in {path.name}: make one with leukapp head --new-key FILE."
        ) from error
    if len(key) < MIN_KEY_BYTES:
        raise StoreError(f"The key in {path.name} is shorter than {MIN_KEY_BYTES} bytes.")
    return key


def sign_head(store: ReviewStore, key: bytes) -> SignedHead:
    """Sign where the trail ends now.

    Args:
        store: whose trail it is.
        key: of :func:`read_key`.

    Raises:
        StoreError: the store cannot be read.
    """
    head = store.head()
    unsigned = SignedHead(
        store_id=store.store_id,
        n_rows=head.n_rows,
        row_hash=head.row_hash,
        written_at=utc_now(),
        signature="",
    )
    return replace(unsigned, signature=_signature(unsigned, key))


def publish_heads(
    store: ReviewStore, key: bytes, write: Callable[[str], None], *, every_seconds: float | None
) -> None:
    """Write the signed head once, or again and again whenever the trail has grown.

    Args:
        store: whose trail it is.
        key: of :func:`read_key`.
        write: takes one line.
        every_seconds: between two looks at the trail; None looks once.

    Raises:
        StoreError: the store cannot be read, or the line cannot be written.
    """
    written = -1
    while True:
        try:
            signed = sign_head(store, key)
        except StoreAwayError:
            if every_seconds is None:
                raise
            log_event("store_away")
            time.sleep(every_seconds)
            continue
        if signed.n_rows != written:
            write(signed.to_line())
            written = signed.n_rows
        if every_seconds is None:
            return
        time.sleep(every_seconds)


def append_line(path: Path, line: str) -> None:
    """Add a line to a file, on the disk for good.

    Args:
        path: of the file, which may be on another machine.
        line: to add.

    Raises:
        StoreError: it cannot be written.
    """
    try:
        with path.open("a", encoding="ascii") as file:
            file.write(f"{line}\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StoreError(
            f"The signed head cannot be written to {path.name}: make room, or give this user the "
            "right to write there."
        ) from error


def send_to_syslog(line: str, *, at: Path = SYSLOG_SOCKET) -> None:
    """Hand a line to the machine's syslog, which may send it on to another machine.

    Args:
        line: to send.
        at: socket of the syslog.

    Raises:
        StoreError: no syslog listens there.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as syslog:
            syslog.connect(str(at))
            syslog.send(f"<{PRIORITY}>leukapp: {line}".encode("ascii"))
    except OSError as error:
        raise StoreError(f"No syslog listens at {at}: start it, or name a file.") from error


def read_heads(path: Path) -> list[str]:
    """Read the lines of a file of heads.

    Args:
        path: of the file, or of a syslog's lines that ``leukapp:`` stands in.

    Raises:
        StoreError: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise StoreError(
            f"{path.name} cannot be read: name the file that leukapp head wrote."
        ) from error


def check_heads(store: ReviewStore, lines: Iterable[str], key: bytes) -> tuple[str, ...]:
    """Compare the trail with its signed heads.

    Args:
        store: whose trail it is.
        lines: that :func:`publish_heads` wrote, as they came; syslog's own words before the JSON
            object are left out, and so are empty lines.
        key: of :func:`read_key`.

    Returns:
        One sentence for each fault; that there is no line is one.

    Raises:
        StoreError: the store cannot be read.
    """
    faults = []
    n_lines = most_rows = 0
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        n_lines += 1
        head = _parse(line)
        if head is None or not _is_signed(head, key):
            faults.append(f"line {number} of the heads was not signed with this key")
            continue
        if head.store_id != store.store_id:
            faults.append(f"line {number} of the heads is of another store")
            continue
        if head.n_rows < most_rows:
            faults.append(
                f"the audit trail had {most_rows} rows and then {head.n_rows}, by line {number} of "
                "the heads"
            )
        most_rows = max(most_rows, head.n_rows)
        faults += _check_head(store, head)
    return tuple(faults) if n_lines else ("there is no signed head in the file",)


def _check_head(store: ReviewStore, head: SignedHead) -> list[str]:
    if head.n_rows == 0:
        return []
    row_hash = store.hash_of_row(head.n_rows)
    at = f"when its head was signed at {head.written_at}"
    if row_hash is None:
        return [f"the audit trail was cut: it had {head.n_rows} rows {at}"]
    if row_hash != head.row_hash:
        return [f"row {head.n_rows} of the audit trail is not the one it was {at}"]
    return []


def _parse(line: str) -> SignedHead | None:
    try:
        fields = json.loads(line[line.index("{") :])
        head = SignedHead(**fields)
    except (ValueError, TypeError, RecursionError):
        return None
    is_typed = type(head.n_rows) is int and all(
        isinstance(text, str)
        for text in (head.store_id, head.row_hash, head.written_at, head.signature)
    )
    return head if is_typed else None


def _is_signed(head: SignedHead, key: bytes) -> bool:
    return hmac.compare_digest(_signature(head, key).encode(), head.signature.encode())


def _signature(head: SignedHead, key: bytes) -> str:
    fields = {name: value for name, value in asdict(head).items() if name != "signature"}
    return hmac.new(key, canonical(fields).encode("ascii"), sha256).hexdigest()
