"""Kills a restore before each of its steps on the disk."""

import os
import shutil
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from leukapp.errors import StoreError
from leukapp.review.backup import back_up, put_back
from leukapp.review.records import DecisionKind
from leukapp.review.store import ReviewStore

EVENTS = frozenset(
    {"open", "os.link", "os.mkdir", "os.remove", "os.rename", "shutil.copyfile", "sqlite3.connect"}
)
MAX_STEPS = 200


def url_of(folder: Path) -> str:
    return f"sqlite:///{folder / 'review.sqlite'}"


def in_child(work: Callable[[], None]) -> int:
    """Do it in a copy of this process, which must have one thread; gives what signal ended it."""
    child = os.fork()
    if child == 0:
        status = 1
        # Ends without closing anything, as a killed process does.
        with suppress(BaseException):
            work()
            status = 0
        os._exit(status)
    _, state = os.waitpid(child, 0)
    if os.WIFSIGNALED(state):
        return os.WTERMSIG(state)
    assert os.WEXITSTATUS(state) == 0
    return 0


def decide(folder: Path, n: int) -> None:
    store = ReviewStore.open(url_of(folder))
    for number in range(n):
        store.record_decision(
            image_sha256=f"{number:064x}",
            image_name="image",
            bundle_sha256="ab" * 32,
            kind=DecisionKind.AGREE,
            label="ALL",
            reason="",
            initials="AB",
        )


def prepare(folder: Path) -> Path:
    """A store of five decisions, two of them in the log of a process that ended; its copy of three.

    Returns:
        The copy.
    """
    copy = folder / "copy.sqlite"
    in_child(lambda: decide(folder, 3))
    back_up(copy, url=url_of(folder))
    in_child(lambda: decide(folder, 2))
    assert (folder / "review.sqlite-wal").stat().st_size > 0
    return copy


def restore_until(step: int, folder: Path, copy: Path) -> None:
    """Restore, and kill this process before the step of a number."""
    steps = 0

    def count(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal steps
        if event not in EVENTS or str(folder) not in str(arguments):
            return
        if steps == step:
            os.kill(os.getpid(), signal.SIGKILL)
        steps += 1

    sys.addaudithook(count)
    put_back(copy, url=url_of(folder))


def decisions_in(folder: Path) -> tuple[int, tuple[str, ...]]:
    """How many decisions the store has, and what is wrong with it."""
    try:
        store = ReviewStore.open(url_of(folder))
    except StoreError as error:
        return -1, (str(error),)
    try:
        return len(store.decisions()), store.verify().faults
    finally:
        store.close()


def kill_at_every_step(folder: Path) -> list[tuple[int, tuple[str, ...]]]:
    """Kill a restore before each step; the last one is not killed.

    Returns:
        What the store held after each.
    """
    base = folder / "base"
    base.mkdir()
    copy = prepare(base)
    left = []
    for step in range(MAX_STEPS):
        place = folder / f"step-{step}"
        shutil.copytree(base, place)
        was_killed = in_child(lambda: restore_until(step, place, copy))  # noqa: B023
        left.append(decisions_in(place))
        shutil.rmtree(place)
        if not was_killed:
            return left
    raise AssertionError(f"a restore takes more than {MAX_STEPS} steps")
