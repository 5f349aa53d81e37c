"""Fixtures that every kind of test may use; nothing here reads a file or a network."""

import io
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image


def pytest_configure() -> None:
    """Let no test leave anything in the data folder of who runs them, nor find anything there."""
    os.environ["XDG_DATA_HOME"] = tempfile.mkdtemp(prefix="leukapp-tests-")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The folder that holds app.py."""
    return Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def encode_png() -> Callable[[NDArray[np.uint8]], bytes]:
    """Turns pixels, uint8 (height, width, 3), into the bytes of a PNG file."""

    def encode(image: NDArray[np.uint8]) -> bytes:
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, format="PNG")
        return buffer.getvalue()

    return encode
