"""Runs a function in a process of its own, which may die in the middle of it."""

import multiprocessing
from collections.abc import Callable
from typing import Any

import pytest

LONGEST_SECONDS = 120


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
    process = multiprocessing.get_context("spawn").Process(target=work, args=arguments)
    process.start()
    process.join(LONGEST_SECONDS)
    if process.exitcode is None:
        process.kill()
        process.join()
        pytest.fail(f"{work.__name__} had not ended after {LONGEST_SECONDS} s")
    return process.exitcode
