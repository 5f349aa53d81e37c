"""Which engine runs a bundle on this machine."""

from leukapp.errors import BundleError
from leukapp.inference.engine import Engine, EngineChoice
from leukapp.model.bundle import Bundle


def open_engine(bundle: Bundle, choice: EngineChoice = "auto") -> Engine:
    """Load a bundle on an engine; engines are imported only when they are opened.

    Args:
        bundle: verified.
        choice: ``openvino``, ``keras``, or ``auto`` for OpenVINO on the CPU.

    Raises:
        BundleError: the weights do not fit the preset, or the engine is unknown.
    """
    if choice in {"auto", "openvino"}:
        from leukapp.inference.openvino_engine import OpenVinoEngine

        return OpenVinoEngine(bundle)
    if choice == "keras":
        from leukapp.inference.keras_engine import KerasEngine

        return KerasEngine(bundle)
    raise BundleError(f"there is no engine {choice!r}; choose auto, openvino or keras")
