"""Every reader of bytes from outside, in one shape: bytes and a folder in, or a plain error."""

import functools
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from leukapp.data.readers.manifest import read_manifest
from leukapp.errors import LeukappError
from leukapp.evaluation.held_out import read_held_out
from leukapp.fields.crops import cut_cells
from leukapp.imaging.cell_crop import CROP_PX
from leukapp.imaging.image_io import decode_image
from leukapp.imaging.quality import assess_quality
from leukapp.model.bundle import open_bundle
from leukapp.model.manifest import MANIFEST_FILE
from leukapp.model.weights_io import read_arrays
from leukapp.review.zip_files import read_zip

REPOSITORY: Final = Path(__file__).resolve().parents[2]
LONGEST_SENTENCE: Final = 1000


def feed_decoder(data: bytes, _folder: Path) -> None:
    image = decode_image(data)
    assert image.dtype == np.uint8
    assert image.ndim == 3
    assert image.shape[2] == 3
    assert not image.flags.writeable


def feed_held_out_csv(data: bytes, folder: Path) -> None:
    assert len(read_held_out(_write(folder, "held_out.csv", data)))


def feed_held_out_parquet(data: bytes, folder: Path) -> None:
    assert len(read_held_out(_write(folder, "held_out.parquet", data)))


def feed_manifest_csv(data: bytes, folder: Path) -> None:
    catalog = read_manifest(_write(folder, "samples.csv", data))
    assert all(sample.path.resolve().is_relative_to(folder.resolve()) for sample in catalog.samples)


def feed_manifest_parquet(data: bytes, folder: Path) -> None:
    assert read_manifest(_write(folder, "samples.parquet", data)).samples


def feed_bundle_manifest(data: bytes, folder: Path) -> None:
    bundle = open_bundle(_write(folder, MANIFEST_FILE, data).parent)
    assert bundle.sha256 == hashlib.sha256(data).hexdigest()


def feed_weights(data: bytes, folder: Path) -> None:
    read_arrays(_write(folder, "heads.npz", data))


def feed_finder(data: bytes, _folder: Path) -> None:
    """What a diagnosis does with pixels before the network sees them."""
    image = decode_image(data)
    assess_quality(image)
    assert all(crop.image.shape == (CROP_PX, CROP_PX, 3) for crop in cut_cells(image).crops)


def feed_zip(data: bytes, folder: Path) -> None:
    before = set(folder.rglob("*"))
    for file in read_zip(data):
        assert file.error is None or (not file.data and 15 < len(file.error) <= LONGEST_SENTENCE)
    assert set(folder.rglob("*")) == before


READERS: Final[dict[str, Callable[[bytes, Path], None]]] = {
    "decoder": feed_decoder,
    "finder": feed_finder,
    "zip": feed_zip,
    "held_out_csv": feed_held_out_csv,
    "held_out_parquet": feed_held_out_parquet,
    "manifest_csv": feed_manifest_csv,
    "manifest_parquet": feed_manifest_parquet,
    "bundle_manifest": feed_bundle_manifest,
    "weights": feed_weights,
}


def fate_of(reader: str, data: bytes, folder: Path) -> str | None:
    """Feed bytes to a reader.

    Returns:
        None if they were read, else the sentence of the refusal. Every other exception passes.
    """
    try:
        READERS[reader](data, folder)
    except LeukappError as error:
        sentence = str(error)
        assert 15 < len(sentence) <= LONGEST_SENTENCE, sentence
        assert sentence.isprintable(), sentence
        assert "Traceback" not in sentence
        assert str(folder) not in sentence, sentence
        return sentence
    return None


@functools.cache
def good_inputs(reader: str) -> tuple[bytes, ...]:
    """Sound files of a reader's kind, from which damaged ones are made."""
    import io

    import pandas as pd
    from corpus.bad_images import MUTATED_FORMATS, draw_field, encode, sound_zip

    if reader in {"decoder", "finder"}:
        return tuple(
            encode(draw_field(seed=5), file_format, **dict(options))
            for _, file_format, options in MUTATED_FORMATS
        )
    if reader == "zip":
        return (sound_zip(encode(draw_field(seed=5), "PNG")),)
    if reader == "bundle_manifest":
        return ((REPOSITORY / "weights" / "compact" / MANIFEST_FILE).read_bytes(),)
    if reader == "weights":
        buffer = io.BytesIO()
        np.savez_compressed(buffer, kernel=np.ones((4, 3), np.float16), bias=np.ones(3, np.float16))
        return (buffer.getvalue(),)
    if reader.startswith("held_out"):
        whole = pd.read_csv(REPOSITORY / "weights" / "compact" / "held_out.csv", dtype=str).fillna(
            ""
        )
        frame = whole.head(6)
        numbers = [column for column in frame.columns if "p_" in column]
        typed = frame.astype(dict.fromkeys(numbers, float))
    else:
        frame = typed = pd.DataFrame(
            {
                "path": ["a.png", "b/c.png"],
                "label": ["ALL", "Healthy"],
                "group": ["p1", ""],
                "source": ["here", "there"],
                "role": ["train", ""],
            }
        )
    if reader.endswith("csv"):
        return (frame.to_csv(index=False).encode(),)
    buffer = io.BytesIO()
    typed.to_parquet(buffer, index=False)
    return (buffer.getvalue(),)


def prepare_folder(folder: Path) -> None:
    """Put down what sound tables refer to."""
    (folder / "b").mkdir(exist_ok=True)
    for name in ("a.png", "b/c.png"):
        (folder / name).write_bytes(b"x")


def _write(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def json_manifest() -> dict[str, object]:
    """The shipped bundle's manifest, to change parts of."""
    parsed: dict[str, object] = json.loads(good_inputs("bundle_manifest")[0])
    return parsed
