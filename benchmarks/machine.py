"""What a measurement was made on."""

import os
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

LIBRARIES = ("numpy", "opencv-python-headless", "openvino", "keras")


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Processor, cores, memory and versions.

    Attributes:
        processor: its name.
        n_cores: of them.
        memory_gb: in all.
        load_before: mean number of other running tasks in the minute before; near ``n_cores``
            or above it the absolute times are too long, and ratios are what counts.
        python: version.
        libraries: version of each.
    """

    processor: str
    n_cores: int
    memory_gb: float
    load_before: float
    python: str
    libraries: dict[str, str]


def describe_machine() -> Machine:
    """Describe this machine."""
    return Machine(
        processor=_processor(),
        n_cores=os.cpu_count() or 1,
        memory_gb=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        load_before=round(os.getloadavg()[0], 2),
        python=platform.python_version(),
        libraries={name: version(name) for name in LIBRARIES},
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()
