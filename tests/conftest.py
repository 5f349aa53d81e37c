"""Fixtures that every kind of test may use; nothing here reads a file or a network."""

import io
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image


def pytest_configure() -> None:
    """Let no test leave anything in the folders of who runs them, nor find anything there.

    Compiled networks are kept for the whole run: one that a test compiled is found by all others.
    """
    os.environ["XDG_DATA_HOME"] = tempfile.mkdtemp(prefix="leukapp-tests-")
    if "PYTEST_XDIST_WORKER" not in os.environ:
        os.environ["LEUKAPP_CACHE_DIR"] = tempfile.mkdtemp(prefix="leukapp-cache-")


def pytest_unconfigure() -> None:
    shutil.rmtree(os.environ["XDG_DATA_HOME"], ignore_errors=True)
    if "PYTEST_XDIST_WORKER" not in os.environ:
        shutil.rmtree(os.environ["LEUKAPP_CACHE_DIR"], ignore_errors=True)


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
