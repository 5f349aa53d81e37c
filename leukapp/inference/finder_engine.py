"""The finder on OpenVINO: converted once, compiled for each size at which it looks."""

import hashlib
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from leukapp.fields.learned_finder import SIDES_PX, LearnedFinder, LookNetwork
from leukapp.model.bundle import Bundle, FinderWeights

if TYPE_CHECKING:
    import keras
    import openvino


def open_finder(bundle: Bundle) -> LearnedFinder | None:
    """Open the finder of a bundle.

    Args:
        bundle: verified.

    Returns:
        The finder; None where the bundle finds leukocytes by rules.

    Raises:
        BundleError: its weights are missing, damaged or do not fit.
    """
    weights = bundle.read_finder()
    return None if weights is None else compile_finder(weights)


def compile_finder(weights: FinderWeights) -> LearnedFinder:
    """Compile a finder on the CPU; its conversion is kept in the user's cache.

    Args:
        weights: of the finder.
    """
    from leukapp.inference.openvino_engine import read_cached_network

    def build() -> "keras.Model":
        from leukapp.model.finder_network import build_finder

        return build_finder(weights)

    key = _hash_weights(weights)
    network = read_cached_network(key, build)
    return LearnedFinder(
        sha256=key, looks={side_px: _compile_look(network, side_px) for side_px in SIDES_PX}
    )


def _hash_weights(weights: FinderWeights) -> str:
    digest = hashlib.sha256()
    for arrays in (weights.backbone, weights.head):
        for name in sorted(arrays):
            digest.update(f"{name}{arrays[name].shape}".encode())
            digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()


def _compile_look(network: "openvino.Model", side_px: int) -> LookNetwork:
    from leukapp.inference.openvino_engine import compile_network

    fixed = network.clone()
    fixed.reshape([1, side_px, side_px, 3])
    compiled = compile_network(fixed)

    def look(batch: NDArray[np.float32]) -> NDArray[np.float32]:
        results = compiled.create_infer_request().infer([batch])
        return np.array(results[0][0], np.float32)

    return look
