"""``leukapp diagnose``: files in, a table or JSON out, heatmaps beside it."""

import json
import os
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from leukapp.cells import CellAnswer, ModeChoice, summarize_cells
from leukapp.diagnosis import Diagnoser, Diagnosis
from leukapp.errors import ImageError, LeukappError
from leukapp.imaging.arrays import RgbImage
from leukapp.imaging.overlay import draw_overlay
from leukapp.inference.engine import EngineChoice
from leukapp.inference.gradcam import FUSED
from leukapp.labels import name_answer
from leukapp.quoted_names import one_line, quoted
from leukapp.result_record import (
    RESEARCH_USE_NOTICE,
    diagnosis_record,
    error_record,
    summary_record,
)

LONGEST_STEM_BYTES: Final = 150
"""File systems take names of 255 bytes; the branch and the ending need their part."""


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
        heatmap_dir: write ``<stem>.<branch>.png`` overlays and ``.npy`` raw maps there; no file
            that is there already is replaced.
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
        LeukappError: the heatmaps cannot be written, or would replace a file.
    """
    diagnoser = Diagnoser.open(options.bundle, engine=options.engine)
    stems = unique_stems(images)
    if options.heatmap_dir is not None:
        sources = (*(branch.name for branch in diagnoser.bundle.preset.branches), FUSED)
        _refuse_taken(options.heatmap_dir, stems, sources)
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
        # In ASCII, which every terminal takes, and which gives back a name that is no UTF-8.
        print(json.dumps(records, indent=2))
    else:
        for record in records:
            print(_line(record))
        print(RESEARCH_USE_NOTICE)
    return 1 if has_errors else 0


def unique_stems(images: Sequence[Path]) -> list[str]:
    """File stems for outputs, no two of which a file system takes for one.

    Images of one name get the next number that no other image has in its name.
    """
    own = [_short(path.stem) for path in images]
    names, taken = {_comparable(stem) for stem in own}, set[str]()
    stems = []
    for stem in own:
        number, unique = 1, stem
        while _comparable(unique) in taken or (number > 1 and _comparable(unique) in names):
            number += 1
            unique = f"{stem}-{number}"
        taken.add(_comparable(unique))
        stems.append(unique)
    return stems


def _short(stem: str) -> str:
    return os.fsencode(stem)[:LONGEST_STEM_BYTES].decode(errors="surrogateescape")


def _comparable(stem: str) -> str:
    """Two names that some file system takes for one have this in common."""
    return unicodedata.normalize("NFC", stem).casefold()


def _refuse_taken(folder: Path, stems: Iterable[str], sources: Iterable[str]) -> None:
    """Raise before anything is judged where a heatmap would replace a file."""
    sources = tuple(sources)
    for stem in stems:
        for source in sources:
            for path in _heatmap_paths(folder, stem, source):
                if os.path.lexists(path):
                    raise _taken(path)


def _heatmap_paths(folder: Path, stem: str, source: str) -> tuple[Path, Path]:
    """The overlay and the raw map."""
    return folder / f"{stem}.{source}.png", folder / f"{stem}.{source}.npy"


def _taken(path: Path) -> LeukappError:
    return LeukappError(
        f"{quoted(path)} is there already, and no file is replaced: name another folder for the "
        "heatmaps, or move that file away"
    )


def write_heatmaps(diagnosis: Diagnosis, folder: Path, stem: str) -> None:
    """Write an overlay and a raw map of each branch and of the fused decision.

    Raises:
        LeukappError: the folder cannot be written, or a file of this name is there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for heatmap in diagnosis.heatmaps:
            picture, raw_map = _heatmap_paths(folder, stem, heatmap.source)
            _write_new(picture, _png_bytes(draw_overlay(diagnosis.image, heatmap.values)))
            _write_new(raw_map, _npy_bytes(heatmap.values))
    except FileExistsError as error:
        raise _taken(Path(error.filename)) from error
    except OSError as error:
        raise LeukappError(
            f"the heatmaps cannot be written to {quoted(folder)}: {error.strerror}; name another "
            "folder"
        ) from error


def _write_new(path: Path, content: bytes) -> None:
    """Write a file that was not there; half a file is removed."""
    with path.open("xb") as stream:
        try:
            stream.write(content)
            stream.flush()
        except OSError:
            path.unlink(missing_ok=True)
            raise


def _png_bytes(image: RgbImage) -> bytes:
    buffer = BytesIO()
    Image.fromarray(image).save(buffer, format="PNG")
    return buffer.getvalue()


def _npy_bytes(values: NDArray[np.float32]) -> bytes:
    buffer = BytesIO()
    np.save(buffer, values, allow_pickle=False)
    return buffer.getvalue()


def _line(record: dict[str, Any]) -> str:
    if "case" in record:
        return f"case: {_count(record['case'])}"
    name = quoted(record["path"])
    if "error" in record:
        return f"{name}: {one_line(record['error'])}"
    if record["probabilities"] is None:
        return f"{name}: no call. {record['no_call_reason']}"
    shares = ", ".join(f"{name} {value:.1%}" for name, value in record["probabilities"].items())
    cells = f"; {_count(record['summary'])}" if record["mode"] == "field" else ""
    answer = name_answer(record["finding"], record["label"])
    if answer is None:
        return f"{name}: no call ({shares}{cells}). {record['no_call_reason']}"
    note = f". {record['type_note']}" if record["type_note"] else ""
    return f"{name}: {answer} ({shares}{cells}){note}"


def _count(summary: dict[str, Any]) -> str:
    """The leukocytes of a field or case in words."""
    text = f"{summary['n_blast_like']} of {summary['n_judged']} judged leukocytes called leukemia"
    if summary["share"] is None:
        return text
    interval = f"95% interval {summary['low']:.0%}-{summary['high']:.0%}"
    return f"{text}, {interval}" + ("" if summary["is_enough"] else ", too few cells")
