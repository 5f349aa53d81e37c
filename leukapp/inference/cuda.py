"""Whether Keras can use a CUDA device here, found out without TensorFlow where there is none."""

import os
from functools import cache
from pathlib import Path
from typing import Final

DRIVER_FILES: Final = (Path("/dev/nvidiactl"), Path("/proc/driver/nvidia/version"))
"""What the NVIDIA driver puts there on Linux; none of them means that there is no device."""

VISIBLE_VARIABLE: Final = "CUDA_VISIBLE_DEVICES"
HIDDEN: Final = frozenset({"", "-1", "none"})


@cache
def has_cuda() -> bool:
    """Whether Keras runs on a CUDA device in this process.

    TensorFlow, which takes seconds to import, is asked only where the driver is there and
    ``CUDA_VISIBLE_DEVICES`` does not hide every device.
    """
    visible = os.environ.get(VISIBLE_VARIABLE)
    if visible is not None and visible.strip().lower() in HIDDEN:
        return False
    if not any(path.exists() for path in DRIVER_FILES):
        return False
    # The processor computes in f32, so that answers are those of the tables; TF32 would not.
    os.environ.setdefault("NVIDIA_TF32_OVERRIDE", "0")
    # Else TensorFlow takes the whole memory of the device at its first use.
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    import keras

    return bool(keras.distribution.list_devices("gpu"))
