import subprocess
import sys

import pytest

PROGRAM = """
import ctypes, sys, threading
from leukapp.ui.server_memory import share_heaps
if sys.argv[1] == "shared":
    share_heaps()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
gate = threading.Barrier(8)
def work():
    libc.malloc(5000)
    gate.wait()
threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
libc.malloc_info(0, ctypes.c_void_p.in_dll(libc, "stdout"))
libc.fflush(None)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's heaps")
def test_threads_share_two_heaps():
    heaps = {}
    for how in ("shared", "as it is"):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True
        )
        heaps[how] = done.stdout.count("<heap nr=")
    assert heaps["shared"] <= 2 < heaps["as it is"]
