"""Runs a function in a process of its own, which may die in the middle of it."""

import multiprocessing
import sys
import types
from collections.abc import Callable
from multiprocessing.context import SpawnProcess
from typing import Any

import pytest

LONGEST_SECONDS = 120


def start_own_process(work: Callable[..., Any], *arguments: Any) -> SpawnProcess:
    """Start a function of a module in a new process, which begins with nothing of this one.

    A test of the app leaves a page behind as the main module, which a new process would run first.

    Args:
        work: at the top of its module, so that the new process finds it.
        arguments: what it is called with.
    """
    process = multiprocessing.get_context("spawn").Process(target=work, args=arguments)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "__main__", types.ModuleType("__main__"))
        process.start()
    return process


def in_own_process(work: Callable[..., Any], *arguments: Any) -> int:
    """Run a function of a module in a new process.

    The process is started anew and not forked: a copy of a process with several threads may hold a
    lock of a thread that it does not have, and then waits for ever.

    Args:
        work: at the top of its module, so that the new process finds it.
        arguments: what it is called with.

    Returns:
        Its exit status.
    """
    process = start_own_process(work, *arguments)
    process.join(LONGEST_SECONDS)
    if process.exitcode is None:
        process.kill()
        process.join()
        pytest.fail(f"{work.__name__} had not ended after {LONGEST_SECONDS} s")
    return process.exitcode
