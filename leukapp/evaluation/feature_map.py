"""Where the networks place the images of a held-out table: their features, cut to a few numbers.

A map is a file beside the table, ``held_out_map.npz`` for ``held_out.csv``. It holds no pixels, no
names and no pickled object: ``components`` float32 (images, components), one row for each of the
table, NaN for an image without a leukocyte; ``shares`` float64 (components,); ``table_sha256``, the
hash of the table's bytes as 32 numbers uint8.
"""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from leukapp.errors import HeldOutError
from leukapp.model.artifacts import read_artifact

N_COMPONENTS: Final = 4
MAP_PATTERN: Final = "held_out*_map.npz"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FeatureMap:
    """Principal components of the features of a table's images.

    Attributes:
        components: float32 (images, components), in the order of the table's rows; NaN for an image
            in which no leukocyte was found.
        shares: of the variance that each component holds, float64 (components,), 0-1.
    """

    components: NDArray[np.float32]
    shares: NDArray[np.float64]

    def nearest(self, row: int, among: NDArray[np.int64], n: int) -> NDArray[np.int64]:
        """The images that lie nearest to one, itself first, int64 (at most n,).

        Args:
            row: of the image, which lies on the map.
            among: rows that are asked, int64 (rows,).
            n: how many at most.
        """
        distances = np.linalg.norm(self.components[among] - self.components[row], axis=1)
        order = np.argsort(distances, kind="stable")
        return np.asarray(among[order[np.isfinite(distances[order])][:n]], np.int64)


def map_name(table: str) -> str:
    """File name of the map of a table, by the table's own."""
    return f"{Path(table).stem}_map.npz"


def fit_feature_map(features: NDArray[np.float32]) -> FeatureMap:
    """Cut features to their first principal components.

    Args:
        features: float32 (images, features), NaN for an image without a leukocyte.

    Raises:
        ValueError: fewer than two images have features.
    """
    # Only a training needs it: whoever looks at a map does not wait for it.
    from sklearn.decomposition import PCA

    has_any = np.isfinite(features).all(axis=1)
    n = min(N_COMPONENTS, int(has_any.sum()) - 1, features.shape[1])
    if n < 1:
        raise ValueError("a map needs at least two images with a leukocyte")
    # Exact for a few images, and in seconds for thousands; the seed makes it the same each time.
    analysis = PCA(n, random_state=0, svd_solver="auto")
    components = np.full((len(features), n), np.nan, np.float32)
    components[has_any] = analysis.fit_transform(features[has_any])
    return FeatureMap(components=components, shares=analysis.explained_variance_ratio_)


def write_feature_map(made: FeatureMap, path: Path, *, table_sha256: str) -> None:
    """Write a map beside its table.

    Args:
        made: of the table's images.
        path: of the file.
        table_sha256: of the table's bytes, hexadecimal.
    """
    np.savez_compressed(
        path,
        components=made.components,
        shares=made.shares,
        table_sha256=np.frombuffer(bytes.fromhex(table_sha256), np.uint8),
    )


def find_feature_map(folder: Path, table_sha256: str, n_images: int) -> FeatureMap | None:
    """Read the map of a table, or None where its bundle carries none.

    Args:
        folder: of the bundle.
        table_sha256: of the table's bytes, hexadecimal.
        n_images: rows of the table.

    Raises:
        HeldOutError: a map is damaged, or was changed since the bundle was judged.
    """
    for path in sorted(folder.glob(MAP_PATTERN)):
        arrays = _read_arrays(read_artifact(folder, path.name), path.name)
        if arrays["table_sha256"].tobytes().hex() != table_sha256:
            continue
        components, shares = arrays["components"], arrays["shares"]
        if components.ndim != 2 or components.shape != (n_images, len(shares)):
            raise _damaged(path.name)
        return FeatureMap(
            components=components.astype(np.float32), shares=shares.astype(np.float64)
        )
    return None


def _read_arrays(data: bytes, name: str) -> dict[str, NDArray[np.generic]]:
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            return {key: file[key] for key in ("components", "shares", "table_sha256")}
    except (EOFError, OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise _damaged(name) from error


def _damaged(name: str) -> HeldOutError:
    return HeldOutError(f"The map {name} is damaged; restore the bundle or remove the file.")
