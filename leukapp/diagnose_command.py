"""``leukapp diagnose``: files in, a table or JSON out, heatmaps beside it."""

import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from leukapp.cells import CellAnswer, ModeChoice, summarize_cells
from leukapp.diagnosis import Diagnoser, Diagnosis
from leukapp.errors import ImageError, LeukappError
from leukapp.imaging.arrays import RgbImage
from leukapp.imaging.overlay import draw_overlay
from leukapp.inference.engine import EngineChoice
from leukapp.result_record import (
    RESEARCH_USE_NOTICE,
    diagnosis_record,
    error_record,
    summary_record,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnoseOptions:
    """What ``leukapp diagnose`` was asked for.

    Attributes:
        bundle: folder of the bundle.
        engine: which engine runs it.
        mode: how each image is judged; ``auto`` does what the bundle was trained for.
        is_case: sum the leukocytes of all images up; in JSON the array gets a last object
            ``{"case": ...}``.
        as_json: print one JSON array instead of a table.
        heatmap_dir: write ``<stem>.<branch>.png`` overlays and ``.npy`` raw maps there.
    """

    bundle: Path
    engine: EngineChoice = "auto"
    mode: ModeChoice = "auto"
    is_case: bool = False
    as_json: bool = False
    heatmap_dir: Path | None = None


def diagnose_files(images: Sequence[Path], options: DiagnoseOptions) -> int:
    """Diagnose files and print the answers in their order.

    Args:
        images: files of any kind; an unreadable one gives an error and the others go on.
        options: what is asked for.

    Returns:
        0, or 1 if an image could not be read.

    Raises:
        BundleError: the bundle is missing, damaged or not understood.
        LeukappError: the heatmaps cannot be written.
    """
    diagnoser = Diagnoser.open(options.bundle, engine=options.engine)
    stems = unique_stems(images)
    records: list[dict[str, Any]] = []
    cells: list[CellAnswer] = []
    answers = diagnoser.diagnose_many(images, mode=options.mode)
    for path, stem, diagnosis in zip(images, stems, answers, strict=True):
        if isinstance(diagnosis, ImageError):
            records.append(error_record(str(diagnosis), path=str(path)))
            continue
        if options.heatmap_dir is not None and diagnosis.branches:
            write_heatmaps(diagnosis, options.heatmap_dir, stem)
        cells.extend(diagnosis.cells)
        records.append(diagnosis_record(diagnosis, path=str(path)))
    has_errors = any("error" in record for record in records)
    if options.is_case:
        records.append({"case": summary_record(summarize_cells(cells))})
    if options.as_json:
        print(json.dumps(records, indent=2, ensure_ascii=False))
    else:
        for record in records:
            print(_line(record))
        print(RESEARCH_USE_NOTICE)
    return 1 if has_errors else 0


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
        for heatmap in diagnosis.heatmaps:
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


def _line(record: dict[str, Any]) -> str:
    if "case" in record:
        return f"case: {_count(record['case'])}"
    if "error" in record:
        return f"{record['path']}: {record['error']}"
    if record["probabilities"] is None:
        return f"{record['path']}: no call. {record['no_call_reason']}"
    shares = ", ".join(f"{name} {value:.1%}" for name, value in record["probabilities"].items())
    cells = f"; {_count(record['summary'])}" if record["mode"] == "field" else ""
    if record["label"] is None:
        return f"{record['path']}: no call ({shares}{cells}). {record['no_call_reason']}"
    return f"{record['path']}: {record['label']} ({shares}{cells})"


def _count(summary: dict[str, Any]) -> str:
    """The leukocytes of a field or case in words."""
    text = f"{summary['n_blast_like']} of {summary['n_judged']} judged leukocytes called leukemia"
    if summary["share"] is None:
        return text
    interval = f"95% interval {summary['low']:.0%}-{summary['high']:.0%}"
    return f"{text}, {interval}" + ("" if summary["is_enough"] else ", too few cells")
