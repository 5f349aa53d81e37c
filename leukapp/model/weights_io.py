"""Arrays on disk: one ``.npz`` file a part, half precision, no pickle, replaced as a whole."""

import re
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from leukapp.errors import BundleError
from leukapp.whole_files import whole_file

if TYPE_CHECKING:
    import keras

MAX_ARRAY_BYTES: Final = 2_000_000_000

MAX_FILE_BYTES: Final = 45_000_000
"""Unpacked size from which arrays are written as several files: hosts refuse files of 50 MB."""

# What zipfile, zlib and NumPy raise on damaged archives; RuntimeError is for encrypted members.
ARCHIVE_ERRORS: Final = (
    OSError,
    ValueError,
    TypeError,
    EOFError,
    LookupError,
    AttributeError,
    RuntimeError,
    MemoryError,
    OverflowError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
)

_AUTOMATIC_NAME: Final = re.compile(
    r"(?P<stem>normalization|batch_normalization|(separable_|depthwise_)?conv2d)(_\d+)?"
)
"""What Keras calls layers with weights that the backbones leave unnamed."""

Arrays: TypeAlias = dict[str, NDArray[np.float32]]


def write_arrays(path: Path, arrays: Mapping[str, NDArray[np.floating]]) -> None:
    """Write named arrays as float16, under a temporary name first so that no half file is left.

    Values beyond the range of float16 (the variances of a batch normalization may be) are kept as
    float32.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as partial, partial.open("wb") as stream:
        halved: dict[str, Any] = {name: halve(value) for name, value in arrays.items()}
        np.savez_compressed(stream, **halved)


def write_array_parts(
    path: Path, arrays: Mapping[str, NDArray[np.floating]], *, max_bytes: int = MAX_FILE_BYTES
) -> tuple[str, ...]:
    """Write named arrays as one file, or as several where one would be too large.

    Args:
        path: of the first file; the others are called ``NAME.part2.npz`` and so on.
        arrays: by name; a single array is never cut.
        max_bytes: largest unpacked size of a file, in bytes.

    Returns:
        Names of the files written; parts of an earlier, larger set are removed.
    """
    parts: list[dict[str, NDArray[np.floating]]] = [{}]
    size = 0
    for name, array in arrays.items():
        n_bytes = halve(array).nbytes
        if parts[-1] and size + n_bytes > max_bytes:
            parts.append({})
            size = 0
        parts[-1][name] = array
        size += n_bytes
    paths = [path, *(_part_path(path, number) for number in range(2, len(parts) + 1))]
    for part_path, part in zip(paths, parts, strict=True):
        write_arrays(part_path, part)
    for stale in path.parent.glob(f"{path.stem}.part*{path.suffix}"):
        if stale not in paths:
            stale.unlink()
    return tuple(part_path.name for part_path in paths)


def is_part_of(name: str, first: str) -> bool:
    """Whether a file is the first, or a further part, of a set of arrays.

    Example:
        >>> is_part_of("trunk_a.part2.npz", "trunk_a.npz"), is_part_of("heads.npz", "trunk_a.npz")
        (True, False)
    """
    stem = first.removesuffix(".npz")
    return name == first or (name.startswith(f"{stem}.part") and name.endswith(".npz"))


def _part_path(path: Path, number: int) -> Path:
    return path.with_name(f"{path.stem}.part{number}{path.suffix}")


def halve(array: NDArray[np.floating]) -> NDArray[np.floating]:
    """Precision an array is stored in: float16 where that is enough, else float32."""
    largest = float(np.abs(array).max(initial=0))
    nonzero = np.abs(array[array != 0])
    smallest = float(nonzero.min(initial=np.inf))
    # A tiny variance rounds to a float16 denormal, and its reciprocal root would be off.
    is_variance_like = array.ndim == 1 and (smallest < 1e-3 or largest > 1e3)
    return array.astype(np.float32 if largest > 6e4 or is_variance_like else np.float16)


def read_arrays(path: Path) -> Arrays:
    """Read what :func:`write_arrays` wrote, as float32.

    Raises:
        BundleError: the file is missing or no such archive.
    """
    try:
        with zipfile.ZipFile(path) as members:
            n_bytes = sum(member.file_size for member in members.infolist())
        if n_bytes > MAX_ARRAY_BYTES:
            raise BundleError(
                f"the weight file {path.name} unpacks to {n_bytes / 1e9:.1f} GB, more than any "
                "network here needs; restore it"
            )
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name].astype(np.float32) for name in archive.files}
    except FileNotFoundError:
        raise BundleError(f"the weight file {path.name} is missing; restore it") from None
    except ARCHIVE_ERRORS as error:
        raise BundleError(f"the weight file {path.name} is damaged; restore it") from error


def model_arrays(model: "keras.Model") -> Arrays:
    """Weights of a flat Keras model, keyed by ``layer/variable``."""
    return {
        name: np.asarray(variable, np.float32) for name, variable in _named_variables(model).items()
    }


def set_model_arrays(model: "keras.Model", arrays: Mapping[str, NDArray[np.float32]]) -> None:
    """Load arrays of :func:`model_arrays` into a model of the same architecture.

    Raises:
        BundleError: names or shapes are not those of the model.
    """
    variables = _named_variables(model)
    if variables.keys() != arrays.keys():
        raise BundleError(f"the weights given are not those of {model.name}; rebuild the file")
    for name, variable in variables.items():
        if tuple(variable.shape) != arrays[name].shape:
            raise BundleError(f"weight {name} of {model.name} has another shape; rebuild the file")
        variable.assign(arrays[name])


def _named_variables(model: "keras.Model") -> dict[str, Any]:
    """Variables keyed by ``layer/variable``, alike for every build of one architecture.

    Keras numbers layers without a name through the whole process, so that a second EfficientNet
    has a ``normalization_1``; here they are numbered through the model.
    """
    n_of_stem = Counter[str]()
    variables = {}
    for layer in model.layers:
        name = layer.name
        automatic = _AUTOMATIC_NAME.fullmatch(name)
        if automatic and layer.weights:
            stem = automatic["stem"]
            name = f"{stem}_{n_of_stem[stem]}" if n_of_stem[stem] else stem
            n_of_stem[stem] += 1
        for variable in layer.weights:
            if "seed" not in variable.name:
                variables[f"{name}/{variable.name}"] = variable
    return variables
