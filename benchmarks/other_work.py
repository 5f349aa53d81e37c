"""How much of the machine other processes took while something was measured."""

import os
import time
from pathlib import Path


class OtherWork:
    """Counts the cores that other processes keep busy from its making on (Linux)."""

    def __init__(self) -> None:
        self._started_s = time.perf_counter()
        self._busy_s = _machine_busy_s() - _own_busy_s()

    def mean_cores(self) -> float:
        """Mean number of cores that were busy with other processes."""
        busy_s = _machine_busy_s() - _own_busy_s() - self._busy_s
        return round(max(0.0, busy_s / (time.perf_counter() - self._started_s)), 2)


def _machine_busy_s() -> float:
    """Processor time that all processes together have had, in seconds."""
    user, nice, system, _, _, irq, softirq, *_ = (
        int(one)
        for one in Path("/proc/stat").read_text(encoding="utf-8").split("\n")[0].split()[1:]
    )
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def _own_busy_s() -> float:
    """Processor time of this process and of those it started and waited for, in seconds."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
