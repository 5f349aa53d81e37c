"""Which engine runs a bundle on this machine."""

import os
from typing import Final, Literal

from leukapp.errors import BundleError
from leukapp.inference.cuda import has_cuda
from leukapp.inference.engine import Engine, EngineChoice
from leukapp.model.bundle import Bundle

ENGINE_VARIABLE: Final = "LEUKAPP_ENGINE"
PRECISIONS: Final[dict[str, Literal["f32", "bf16"]]] = {
    "openvino": "f32",
    "openvino-f32": "f32",
    "openvino-bf16": "bf16",
}


def open_engine(bundle: Bundle, choice: EngineChoice = "auto") -> Engine:
    """Load a bundle on an engine; engines are imported only when they are opened.

    Args:
        bundle: verified.
        choice: ``openvino`` on the CPU, which is ``openvino-f32``; ``openvino-bf16``, faster and
            less exact; ``keras``; or ``auto`` for what the environment's LEUKAPP_ENGINE names, else
            Keras where it has a CUDA device, else OpenVINO.

    Raises:
        BundleError: the weights do not fit the preset, or the engine is unknown.
    """
    named = os.environ.get(ENGINE_VARIABLE, "auto") if choice == "auto" else choice
    if named in ("", "auto"):
        named = "keras" if has_cuda() else "openvino"
    if named in PRECISIONS:
        from leukapp.inference.openvino_engine import OpenVinoEngine

        return OpenVinoEngine(bundle, precision=PRECISIONS[named])
    if named == "keras":
        from leukapp.inference.keras_engine import KerasEngine

        return KerasEngine(bundle)
    raise BundleError(
        f"there is no engine {named!r}; choose auto, {', '.join(PRECISIONS)} or keras"
    )
