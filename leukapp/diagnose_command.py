"""``leukapp diagnose``: files in, a table or JSON out, heatmaps beside it."""

import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from leukapp.diagnosis import Diagnoser, Diagnosis
from leukapp.errors import ImageError, LeukappError
from leukapp.imaging.arrays import RgbImage
from leukapp.imaging.overlay import draw_overlay
from leukapp.inference.engine import EngineChoice
from leukapp.result_record import RESEARCH_USE_NOTICE, diagnosis_record, error_record


def diagnose_files(
    images: Sequence[Path],
    *,
    bundle: Path,
    engine: EngineChoice = "auto",
    as_json: bool = False,
    heatmap_dir: Path | None = None,
) -> int:
    """Diagnose files one after the other and print the answers.

    Args:
        images: files of any kind; an unreadable one gives an error and the others go on.
        bundle: folder of the bundle.
        engine: which engine runs it.
        as_json: print one JSON array instead of a table.
        heatmap_dir: write ``<stem>.<branch>.png`` overlays and ``.npy`` raw maps there.

    Returns:
        0, or 1 if an image could not be read.

    Raises:
        BundleError: the bundle is missing, damaged or not understood.
        LeukappError: the heatmaps cannot be written.
    """
    diagnoser = Diagnoser.open(bundle, engine=engine)
    stems = unique_stems(images)
    records = []
    for path, stem in zip(images, stems, strict=True):
        try:
            diagnosis = diagnoser.diagnose(path)
        except ImageError as error:
            records.append(error_record(str(error), path=str(path)))
            continue
        if heatmap_dir is not None:
            write_heatmaps(diagnosis, heatmap_dir, stem)
        records.append(diagnosis_record(diagnosis, path=str(path)))
    if as_json:
        print(json.dumps(records, indent=2, ensure_ascii=False))
    else:
        for record in records:
            print(_line(record))
        print(RESEARCH_USE_NOTICE)
    return 1 if any("error" in record for record in records) else 0


def unique_stems(images: Sequence[Path]) -> list[str]:
    """File stems for outputs; images of one name get a number, so that none is overwritten."""
    seen: dict[str, int] = {}
    stems = []
    for path in images:
        count = seen.get(path.stem, 0)
        seen[path.stem] = count + 1
        stems.append(path.stem if count == 0 else f"{path.stem}-{count + 1}")
    return stems


def write_heatmaps(diagnosis: Diagnosis, folder: Path, stem: str) -> None:
    """Write an overlay and a raw map of each branch and of the fused decision.

    Raises:
        LeukappError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for heatmap in (*(vote.heatmap for vote in diagnosis.branches), diagnosis.fused_heatmap):
            overlay = draw_overlay(diagnosis.image, heatmap.values)
            _write_png(folder / f"{stem}.{heatmap.source}.png", overlay)
            np.save(folder / f"{stem}.{heatmap.source}.npy", heatmap.values, allow_pickle=False)
    except OSError as error:
        raise LeukappError(
            f"the heatmaps cannot be written to {folder}: {error.strerror}; name another folder"
        ) from error


def _write_png(path: Path, image: RgbImage) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".partial")
    with os.fdopen(handle, "wb") as stream:
        Image.fromarray(image).save(stream, format="PNG")
    Path(name).replace(path)


def _line(record: dict[str, object]) -> str:
    if "error" in record:
        return f"{record['path']}: {record['error']}"
    probabilities = record["probabilities"]
    if not isinstance(probabilities, dict):
        raise TypeError("a record without error holds probabilities")
    shares = ", ".join(f"{name} {value:.1%}" for name, value in probabilities.items())
    if record["label"] is None:
        return f"{record['path']}: no call ({shares}). {record['no_call_reason']}"
    return f"{record['path']}: {record['label']} ({shares})"
