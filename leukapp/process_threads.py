"""How many cores this process may take, and how many threads numpy's products and OpenCV."""

import os
import threading
from collections.abc import Callable
from contextlib import ContextDecorator
from functools import cache
from types import TracebackType

import cv2
from threadpoolctl import OpenBLASController, ThreadpoolController


def usable_cores() -> int:
    """Cores that this process may take: those of the machine, or what OMP_NUM_THREADS allows.

    Ray sets the variable to an actor's share of its node.
    """
    n_cores, allowed = os.cpu_count() or 1, os.environ.get("OMP_NUM_THREADS", "")
    return min(n_cores, int(allowed)) if allowed.isdecimal() and int(allowed) else n_cores


class _OneThread(ContextDecorator):
    """Keeps a number that belongs to the whole process at one, and puts it back at the end.

    Threads that set and restored it side by side would change it under each other. So the first of
    them sets it, and the last one that leaves restores it.

    Args:
        limit: sets the number to one; gives what puts it back.
    """

    def __init__(self, limit: Callable[[], Callable[[], None]]) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._n_inside = 0
        self._restore: Callable[[], None] | None = None

    def __enter__(self) -> None:
        with self._lock:
            if self._n_inside == 0:
                self._restore = self._limit()
            self._n_inside += 1

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        with self._lock:
            self._n_inside -= 1
            if self._n_inside == 0 and self._restore is not None:
                self._restore()
                self._restore = None


@cache
def one_blas_thread() -> _OneThread:
    """A scope, or decorator, in which BLAS takes one thread.

    BLAS would share each small product among its threads: where the cores are busy, as in a server,
    the threads' waiting for each other costs more than all of the products. And how many threads
    there are decides the order of a sum, and so the last bits of what is trained.
    """
    libraries = ThreadpoolController()

    def limit() -> Callable[[], None]:
        # threadpoolctl heeds one thread alone until it is told that this one has done; whoever
        # leaves last need not be the thread that came first.
        OpenBLASController.clear_controlling_thread(force=True)
        limiter = libraries.limit(limits=1, user_api="blas")

        def restore() -> None:
            OpenBLASController.clear_controlling_thread(force=True)
            limiter.restore_original_limits()
            OpenBLASController.clear_controlling_thread(force=True)

        return restore

    return _OneThread(limit)


@cache
def one_opencv_thread() -> _OneThread:
    """A scope, or decorator, in which OpenCV takes one thread.

    Where each core has an image of its own, OpenCV's threads would only take cores from others.
    """

    def limit() -> Callable[[], None]:
        n_threads = cv2.getNumThreads()
        cv2.setNumThreads(1)
        return lambda: cv2.setNumThreads(n_threads)

    return _OneThread(limit)
