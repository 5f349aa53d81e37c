"""Frozen-backbone features on disk: each distinct image goes through each backbone once.

A file holds the pooled features of one image in all its variants, keyed by what they depend on: the
image's bytes, the backbone's weights, the input size, the enhancement and the kind of variants. A
killed run goes on where it stopped.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from leukapp.data.catalog import Sample
from leukapp.data.d4 import distinct_d4
from leukapp.errors import TrainingError
from leukapp.fields.crops import cut_cells
from leukapp.fields.learned_finder import LEARNED_VERSION, LearnedFinder
from leukapp.fields.leukocytes import FINDER_VERSION
from leukapp.imaging.arrays import RgbImage
from leukapp.imaging.cell_crop import CROP_PX, paint_cell_over
from leukapp.imaging.cut_out_cell import lay_on_smear
from leukapp.imaging.enhance import EnhancementConfig
from leukapp.imaging.image_io import decode_image
from leukapp.imaging.resize import prepare_inputs
from leukapp.model.dense import FloatArray
from leukapp.model.fusion import pool
from leukapp.model.presets import QuarterTurns
from leukapp.model.weights_io import Arrays, halve
from leukapp.training.cell_augmentation import augment_cell
from leukapp.whole_files import whole_file

ForwardFunction: TypeAlias = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True, slots=True, kw_only=True)
class D4Variants:
    """The whole image, squeezed, in its eight turned and mirrored forms.

    Attributes:
        n_turns: of the image as it is, as the network sees it; its features are the mean.
    """

    n_turns: QuarterTurns = 1

    @property
    def kind(self) -> str:
        """Part of the cache key; that of one turn is as it was before there were more."""
        return "d4" if self.n_turns == 1 else f"d4-{self.n_turns}"

    def draw(
        self, image: RgbImage, *, size_px: int, enhancement: EnhancementConfig, image_key: str
    ) -> Iterator[FloatArray]:
        """One item: its variants, float32 (8, size_px, size_px, 3), RGB 0-255, enhanced."""
        del image_key
        # D4 commutes with enhancement and with squeezing to a square, so it is applied last.
        prepared = prepare_inputs(lay_on_smear(image), enhancement, (size_px,)).inputs[0]
        yield np.asarray(distinct_d4(prepared), np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class CellViews:
    """Each leukocyte of an image: its crop as it is, then augmented views; see ``augment_cell``.

    Attributes:
        n_views: augmented views of each crop.
        n_turns: of the crop as it is, as the network sees it; its features are the mean.
        seed: of the views and of which cells are taken; the same image has the same in every run.
        max_cells: cells of one image at most, so that a crowded field does not cost most.
        finder: finds the leukocytes; None finds them by rules.
    """

    n_views: int
    n_turns: QuarterTurns
    seed: int = 0
    max_cells: int = 5
    finder: LearnedFinder | None = None

    @property
    def kind(self) -> str:
        """Part of the cache key."""
        found_by = name_finder(self.finder)
        return f"cells-{found_by}-{self.n_views}-{self.n_turns}-{self.seed}-{self.max_cells}"

    def draw(
        self, image: RgbImage, *, size_px: int, enhancement: EnhancementConfig, image_key: str
    ) -> Iterator[FloatArray]:
        """One item a cell: float32 (1 + n_views, size_px, size_px, 3), RGB 0-255, enhanced."""
        rng = np.random.default_rng([self.seed, int(image_key[:12], 16)])
        crops = cut_cells(image, finder=self.finder).crops
        chosen = np.sort(rng.permutation(len(crops))[: self.max_cells])
        for index in chosen:
            crop = crops[index].image
            views = [prepare_inputs(crop, enhancement, (size_px,)).inputs[0]]
            views += [
                augment_cell(
                    crop, window_px=CROP_PX, size_px=size_px, enhancement=enhancement, rng=rng
                )
                for _ in range(self.n_views)
            ]
            yield np.asarray(views, np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class BlankedCells:
    """Each leukocyte's crop, with or without its cell: what the surroundings alone tell.

    Attributes:
        is_blank: paint the cell over with the empty background.
        n_turns: of the crop, as the network sees it; its features are the mean.
        max_cells: cells of one image at most.
        finder: finds the leukocytes; None finds them by rules.
    """

    is_blank: bool
    n_turns: QuarterTurns
    max_cells: int = 5
    finder: LearnedFinder | None = None

    @property
    def kind(self) -> str:
        """Part of the cache key."""
        found_by = name_finder(self.finder)
        return f"cells-{found_by}-blank-{int(self.is_blank)}-{self.n_turns}-{self.max_cells}"

    def draw(
        self, image: RgbImage, *, size_px: int, enhancement: EnhancementConfig, image_key: str
    ) -> Iterator[FloatArray]:
        """One item a cell: float32 (1, size_px, size_px, 3), RGB 0-255, enhanced."""
        del image_key
        for crop in cut_cells(image, finder=self.finder).crops[: self.max_cells]:
            pixels = paint_cell_over(crop.image) if self.is_blank else crop.image
            yield np.asarray(
                [prepare_inputs(pixels, enhancement, (size_px,)).inputs[0]], np.float32
            )


def name_finder(finder: LearnedFinder | None) -> str:
    """Part of a cache key: features of other crops are not taken."""
    return str(FINDER_VERSION) if finder is None else f"{LEARNED_VERSION}.{finder.sha256[:12]}"


Variants: TypeAlias = D4Variants | CellViews | BlankedCells


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ItemFeatures:
    """Features of what the network judges: whole images, or the cells of images.

    Attributes:
        pooled: float32 (items, variants, channels).
        sample_indices: int64 (items,): the sample that an item is of, ascending.
    """

    pooled: FloatArray
    sample_indices: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FrozenBackbone:
    """A backbone that is ready to run.

    Attributes:
        key: hash of its weights, backbone and input size.
        input_size_px: side of its input in pixels.
        forward: float32 (n, size, size, 3), RGB 0-255, to activations (n, map, map, channels).
    """

    key: str
    input_size_px: int
    forward: ForwardFunction


def backbone_key(backbone: str, input_size_px: int, arrays: Arrays) -> str:
    """Hash of everything that a backbone's answer depends on besides its input."""
    digest = hashlib.sha256(f"{backbone} {input_size_px}".encode())
    for name in sorted(arrays):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(arrays[name], np.float32).tobytes())
    return digest.hexdigest()[:16]


def load_features(
    samples: Sequence[Sample],
    backbone: FrozenBackbone,
    *,
    variants: Variants = D4Variants(),
    enhancement: EnhancementConfig,
    cache_dir: Path,
    report: Callable[[int, int], None] = lambda _done, _total: None,
) -> ItemFeatures:
    """Pooled features of every sample in all its variants, from the cache where it has them.

    Args:
        samples: images to read.
        backbone: frozen backbone.
        variants: which forms of each image go through the backbone.
        enhancement: that of the preset.
        cache_dir: made if missing.
        report: takes images done and images in all.

    Returns:
        Items in the order of the samples; a sample without a leukocyte has none.

    Raises:
        ImageError: an image cannot be read.
    """
    settings = json.dumps(asdict(enhancement), sort_keys=True)
    depends_on = f"{backbone.key} {settings} {variants.kind}"
    folder = cache_dir / hashlib.sha256(depends_on.encode()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    of_samples: list[FloatArray] = []
    with ThreadPoolExecutor(max_workers=2) as pool_of_readers:
        prepared = _ahead(
            pool_of_readers,
            lambda sample: _prepare(sample, folder, backbone, variants, enhancement),
            samples,
        )
        for index, (path, items) in enumerate(prepared):
            if items is None:
                of_samples.append(np.load(path, allow_pickle=False).astype(np.float32))
            else:
                features = _pooled(items, backbone, variants.n_turns)
                _save(path, features)
                of_samples.append(halve(features).astype(np.float32))
            report(index + 1, len(samples))
    n_items = [len(features) for features in of_samples]
    filled = [features for features in of_samples if len(features)]
    if not filled:
        raise TrainingError("no leukocyte was found in any image; check that they are stained")
    return ItemFeatures(
        pooled=np.concatenate(filled),
        sample_indices=np.repeat(np.arange(len(samples)), n_items).astype(np.int64),
    )


def _pooled(
    items: Sequence[FloatArray], backbone: FrozenBackbone, n_turns: QuarterTurns
) -> FloatArray:
    """Float32 (items, variants, channels); (0, 0, 0) for no item."""
    if not items:
        return np.zeros((0, 0, 0), np.float32)
    return np.asarray([_pool_variants(one, backbone, n_turns) for one in items], np.float32)


def _pool_variants(
    variants: FloatArray, backbone: FrozenBackbone, n_turns: QuarterTurns
) -> FloatArray:
    """Float32 (variants, channels): the first as the network sees it, in quarter turns."""
    turned = [np.rot90(variants[:1], turn, axes=(1, 2)) for turn in range(1, n_turns)]
    pooled = pool(backbone.forward(np.concatenate([variants, *turned])))
    n_variants = len(variants)
    pooled[0] = np.mean([pooled[0], *pooled[n_variants:]], axis=0)
    return pooled[:n_variants]


def _ahead(executor, function, items, n_ahead: int = 8):  # type: ignore[no-untyped-def]
    """Map in order, a few items ahead of the consumer, so that memory stays bounded."""
    pending = []
    for item in items:
        pending.append(executor.submit(function, item))
        if len(pending) > n_ahead:
            yield pending.pop(0).result()
    for future in pending:
        yield future.result()


def _prepare(
    sample: Sample,
    folder: Path,
    backbone: FrozenBackbone,
    variants: Variants,
    enhancement: EnhancementConfig,
) -> tuple[Path, list[FloatArray] | None]:
    data = sample.path.read_bytes()
    image_key = hashlib.sha256(data).hexdigest()
    path = folder / f"{image_key}.npy"
    if path.exists():
        return path, None
    items = variants.draw(
        decode_image(data),
        size_px=backbone.input_size_px,
        enhancement=enhancement,
        image_key=image_key,
    )
    return path, list(items)


def _save(path: Path, features: FloatArray) -> None:
    with whole_file(path) as partial, partial.open("wb") as stream:
        np.save(stream, halve(features), allow_pickle=False)
