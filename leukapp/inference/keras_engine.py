"""The reference engine: the Keras model itself, on whatever device Keras has."""

import threading

import keras

from leukapp.inference.cuda import has_cuda
from leukapp.inference.engine import NetworkOutput, split_outputs
from leukapp.model.bundle import Bundle
from leukapp.model.dense import FloatArray
from leukapp.model.network import build_network


class KerasEngine:
    """Runs a bundle's Keras model, one batch at a time."""

    def __init__(self, bundle: Bundle) -> None:
        self._model = build_network(bundle.preset, bundle.read_weights())
        self._on_gpu = has_cuda()
        # Keras models are not safe to call from several threads (tensorflow #61298).
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """Backend and device; the processor is not named."""
        device = "-gpu" if self._on_gpu else ""
        return f"keras-{keras.backend.backend()}{device}-f32"

    def for_many(self) -> "KerasEngine":
        """Itself: one batch at a time is all that Keras does safely."""
        return self

    def run(self, inputs: tuple[FloatArray, ...]) -> NetworkOutput:
        """Run one batch; see :class:`leukapp.inference.engine.Engine`."""
        with self._lock:
            # Compiled for a device, where a layer at a time would wait for Python in between.
            outputs = (
                self._model.predict_on_batch(list(inputs))
                if self._on_gpu
                else self._model(list(inputs), training=False)
            )
        return split_outputs([keras.ops.convert_to_numpy(output) for output in outputs])

    @property
    def model(self) -> keras.Model:
        """The Keras model, for checks against textbook methods."""
        return self._model
