"""The fast engine: OpenVINO on the CPU, compiled once from a bundle and kept in the user's cache.

A process that finds the compiled network imports neither TensorFlow nor Keras.
"""

import copy
import errno
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np
import openvino

from leukapp.errors import BundleError
from leukapp.inference.engine import NetworkOutput, split_outputs
from leukapp.json_files import from_json, write_json
from leukapp.model.bundle import Bundle
from leukapp.model.dense import FloatArray
from leukapp.model.manifest import file_sha256
from leukapp.process_threads import usable_cores
from leukapp.resources import CACHE_VARIABLE, cache_dir

if TYPE_CHECKING:
    import keras

NETWORK_FILE: Final = "network.xml"
WEIGHTS_FILE: Final = "network.bin"
DIGEST_FILE: Final = "sha256.json"
BUILDING_PREFIX: Final = ".building-"
ABANDONED_SECONDS: Final = 3600.0

FORM: Final = 2
"""Raise it when :func:`leukapp.model.network.build_network` lays the same network out anew."""

_BUILDING: Final = threading.Lock()
_MEETING_NUMPY: Final = threading.Lock()

Precision: TypeAlias = Literal["f32", "bf16"]
Hint: TypeAlias = Literal["LATENCY", "THROUGHPUT"]


def convert_network(model: "keras.Model") -> openvino.Model:
    """Convert a Keras model to OpenVINO's form, with a free batch size and what else is free.

    Inputs and outputs are named ``input_0``, ``output_0`` and so on in the order of the Keras
    model, because the conversion keeps no order of its own.
    """
    import keras

    # As lists the tensors keep their names; a lone input would be renamed by the conversion.
    listed = keras.Model(list(model.inputs), list(model.outputs))
    shapes = [[-1 if n is None else n for n in tensor.shape] for tensor in listed.inputs]
    network = openvino.convert_model(listed, input=shapes)
    for index, tensor in enumerate(listed.inputs):
        port = network.input(tensor.name) if len(shapes) > 1 else network.inputs[0]
        port.get_tensor().set_names({f"input_{index}"})
    # A network of one branch gives one tensor as two outputs: it takes both names.
    for index, tensor in enumerate(listed.outputs):
        port = network.output(tensor.name) if len(listed.outputs) > 1 else network.outputs[0]
        port.get_tensor().add_names({f"output_{index}"})
    return network


def compile_network(
    model: openvino.Model, precision: Precision = "f32", hint: Hint = "LATENCY"
) -> openvino.CompiledModel:
    """Compile for this machine's CPU.

    Args:
        model: converted network.
        precision: ``bf16`` computes with 8 bits of mantissa, where the processor can.
        hint: ``LATENCY`` gives one image all cores, ``THROUGHPUT`` each core its own image.
    """
    _meet_numpy()
    options: dict[str, str | int] = {
        "INFERENCE_PRECISION_HINT": precision,
        "PERFORMANCE_HINT": hint,
    }
    if usable_cores() < (os.cpu_count() or 1):
        options["INFERENCE_NUM_THREADS"] = usable_cores()
    return openvino.Core().compile_model(model, "CPU", options)


def _meet_numpy() -> None:
    """Let OpenVINO look NumPy up before threads share a network.

    Its first tensor of an array does so behind a lock that it waits for without letting other
    threads of Python run: two first tensors at once can wait for each other without end.
    """
    with _MEETING_NUMPY:
        openvino.Tensor(np.zeros(1, np.float32))


def has_bf16() -> bool:
    """Whether this processor computes in bfloat16."""
    return "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


class OpenVinoEngine:
    """Runs a bundle compiled for the CPU.

    Args:
        bundle: verified.
        precision: only ``f32`` gives the probabilities that the committed tables hold. ``bf16`` is
            faster where the processor has it, and less exact, most where an image is uncertain.

    Raises:
        BundleError: bf16 is asked for and the processor does not have it.
    """

    def __init__(self, bundle: Bundle, *, precision: Precision = "f32") -> None:
        self._network = read_cached_network(bundle.sha256, partial(_build_keras, bundle))
        if precision == "bf16" and not has_bf16():
            raise BundleError("this processor does not compute in bf16; choose openvino-f32")
        self._precision: Precision = precision
        self._compiled = compile_network(self._network, precision)
        self._lock = threading.Lock()
        self._for_many: OpenVinoEngine | None = None

    @property
    def name(self) -> str:
        """Engine, device and precision."""
        return f"openvino-cpu-{self._precision}"

    def for_many(self) -> "OpenVinoEngine":
        """The same network with one stream a core; compiled at the first call."""
        with self._lock:
            if self._for_many is None:
                engine = copy.copy(self)
                engine._compiled = compile_network(self._network, self._precision, "THROUGHPUT")
                engine._for_many = engine
                self._for_many = engine
            return self._for_many

    def run(self, inputs: tuple[FloatArray, ...]) -> NetworkOutput:
        """Run one batch; see :class:`leukapp.inference.engine.Engine`."""
        return _infer(self._compiled, inputs)


def _infer(compiled: openvino.CompiledModel, inputs: tuple[FloatArray, ...]) -> NetworkOutput:
    request = compiled.create_infer_request()
    named = {f"input_{index}": batch for index, batch in enumerate(inputs)}
    results = request.infer(named, share_inputs=True)
    n_outputs = 2 * len(inputs) + 1
    return split_outputs(
        [np.array(results[f"output_{index}"], np.float32) for index in range(n_outputs)]
    )


def _is_intact(folder: Path) -> bool:
    try:
        expected = from_json(dict[str, str], (folder / DIGEST_FILE).read_bytes())
        return all(
            file_sha256(folder / name) == expected[name] for name in (NETWORK_FILE, WEIGHTS_FILE)
        )
    except (OSError, ValueError, KeyError):
        return False


def _build_keras(bundle: Bundle) -> "keras.Model":
    """The Keras model to convert; one at a time, as Keras names layers by counters of its own."""
    import keras

    from leukapp.model.network import build_network

    weights = bundle.read_weights()
    try:
        return build_network(bundle.preset, weights)
    except ValueError:
        # Seen once, in a thread of the server: two layers got one name. The counters start
        # anew, and what is wrong with the weights themselves is said by the second build.
        keras.utils.clear_session()
        return build_network(bundle.preset, weights)


def read_cached_network(key: str, build: Callable[[], "keras.Model"]) -> openvino.Model:
    """Read a converted network from the user's cache, converting it before if it is not there.

    Args:
        key: hexadecimal hash of everything that the network is made of.
        build: gives the Keras model.

    Raises:
        BundleError: the cache cannot be written.
    """
    folder = cache_dir() / f"{key[:20]}-openvino-{openvino.__version__[:12]}-{FORM}"
    if not _is_intact(folder):
        _build(build, folder)
    return openvino.Core().read_model(folder / NETWORK_FILE)


def _build(build: Callable[[], "keras.Model"], folder: Path) -> None:
    # TensorFlow greets on stderr while it is imported; a user's terminal is no place for that.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with _BUILDING:
        network = convert_network(build())
    try:
        _keep(network, folder)
    except OSError as error:
        raise BundleError(
            f"the compiled networks cannot be kept in the cache folder ({error.strerror}); make "
            f"room, or name a folder that may be written to with {CACHE_VARIABLE}"
        ) from error


def _keep(network: openvino.Model, folder: Path) -> None:
    """Put a network into the cache, as a whole."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(folder.parent)
    building = Path(tempfile.mkdtemp(dir=folder.parent, prefix=BUILDING_PREFIX))
    try:
        _save(network, building / NETWORK_FILE)
        digests = {name: file_sha256(building / name) for name in (NETWORK_FILE, WEIGHTS_FILE)}
        write_json(building / DIGEST_FILE, digests)
        if folder.exists() and not _is_intact(folder):
            shutil.rmtree(folder)
        try:
            building.rename(folder)
        except OSError:
            # Another process finished the same network first; its result is as good.
            if not _is_intact(folder):
                raise
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _save(network: openvino.Model, path: Path) -> None:
    try:
        openvino.save_model(network, path, compress_to_fp16=False)
    except RuntimeError as error:
        # OpenVINO's way to say that the disk took nothing.
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error


def _remove_abandoned(folder: Path) -> None:
    """Remove what a process left that was killed while it built; a build takes minutes at most."""
    for left in folder.glob(f"{BUILDING_PREFIX}*"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > ABANDONED_SECONDS:
                shutil.rmtree(left)
