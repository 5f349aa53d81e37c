"""What a bundle carries beside its weights: report, model card, held-out tables, loss curves.

A bundle's identity is the hash of its manifest, which held-out tables name; so their own hashes are
listed in a file beside it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from leukapp.errors import HeldOutError
from leukapp.json_files import from_json, write_json
from leukapp.model.bundle import Bundle
from leukapp.model.commission_record import CommissionRecord
from leukapp.model.manifest import MANIFEST_FILE, file_sha256, read_header

MODEL_CARD_FILE: Final = "model_card.md"
HELD_OUT_FILE: Final = "held_out.csv"
REPORT_FILE: Final = "report.json"
LOSS_FILE: Final = "loss_curves.json"
HASHES_FILE: Final = "papers.json"
TABLE_PATTERNS: Final = ("held_out*.csv", "held_out*.parquet")


@dataclass(frozen=True, slots=True, kw_only=True)
class LossCurve:
    """Loss and accuracy an epoch of one stage of a training.

    Attributes:
        stage: ``branch:NAME``, ``fusion``, ``alone:NAME`` or ``fine-tuning``.
        loss: of training items.
        validation_loss: of validation items.
        validation_accuracy: 0-1; empty in a bundle from before it was kept.
        best_epoch: the epoch (from 0) whose weights were kept; None as above.
    """

    stage: str
    loss: tuple[float, ...]
    validation_loss: tuple[float, ...]
    validation_accuracy: tuple[float, ...] = ()
    best_epoch: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedBundle:
    """A folder that holds a bundle, or should.

    Attributes:
        folder: where it lies, links resolved.
        class_names: that it tells apart; empty where its manifest cannot be read, and then it
            cannot be opened either.
        commission: how it was fitted to one laboratory; None in a bundle for all.
    """

    folder: Path
    class_names: tuple[str, ...]
    commission: CommissionRecord | None = None

    @property
    def name(self) -> str:
        """Folder name."""
        return self.folder.name


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hashes:
    """The list of hashes: of which bundle the files are, and SHA-256 by file name."""

    bundle_sha256: str = ""
    files: Mapping[str, str]


def list_bundles(
    bundles: Sequence[Path], folders_of_bundles: Sequence[Path]
) -> tuple[ListedBundle, ...]:
    """List bundles, each once, without reading their weights.

    Args:
        bundles: folders that are listed even where there is no bundle in them.
        folders_of_bundles: folders whose subfolders are listed where they hold a manifest; may be
            missing.

    Returns:
        First ``bundles`` in their order, then the others by folder and name.
    """
    found = dict.fromkeys(folder.resolve() for folder in bundles)
    for parent in folders_of_bundles:
        for manifest in sorted(parent.glob(f"*/{MANIFEST_FILE}")):
            found[manifest.parent.resolve()] = None
    headers = {path: read_header(path) for path in found}
    return tuple(
        ListedBundle(folder=path, class_names=header.class_names, commission=header.commission)
        for path, header in headers.items()
    )


def list_held_out_tables(folder: Path) -> tuple[Path, ...]:
    """Find the held-out tables of one bundle, by file name.

    Args:
        folder: of the bundle; may be missing.
    """
    return tuple(sorted(path for pattern in TABLE_PATTERNS for path in folder.glob(pattern)))


def bundle_sha256(folder: Path) -> str:
    """Identity of a bundle: the hash of its manifest, hexadecimal; the weights are not read.

    Args:
        folder: of the bundle.

    Raises:
        HeldOutError: there is no readable manifest.
    """
    try:
        return file_sha256(folder / MANIFEST_FILE)
    except OSError as error:
        raise HeldOutError(
            f"The manifest of the bundle {folder.name} cannot be read; restore the bundle."
        ) from error


def seal_bundle(bundle: Bundle, names: tuple[str, ...]) -> None:
    """List the hashes of artifacts that lie in a bundle's folder.

    Args:
        bundle: theirs.
        names: of the files.
    """
    digests = {name: file_sha256(bundle.folder / name) for name in names}
    write_json(bundle.folder / HASHES_FILE, _Hashes(bundle_sha256=bundle.sha256, files=digests))


def read_artifact(folder: Path, name: str) -> bytes:
    """Bytes of a file that a bundle carries beside its weights, verified where its hash is listed.

    Args:
        folder: of the bundle.
        name: file name in that folder.

    Raises:
        HeldOutError: the file cannot be read, or is not what the list of hashes says.
    """
    try:
        data = (folder / name).read_bytes()
    except OSError as error:
        raise HeldOutError(
            f"{name} of the bundle {folder.name} cannot be read; restore the bundle."
        ) from error
    try:
        expected = from_json(_Hashes, (folder / HASHES_FILE).read_bytes()).files.get(name)
    except FileNotFoundError:
        return data
    except (OSError, ValueError) as error:
        raise HeldOutError(
            f"{HASHES_FILE} of the bundle {folder.name} is damaged; restore the bundle."
        ) from error
    if expected is not None and hashlib.sha256(data).hexdigest() != expected:
        raise HeldOutError(
            f"{name} of the bundle {folder.name} was changed after the bundle was judged; "
            "restore it or evaluate again."
        )
    return data


def read_loss_curves(folder: Path) -> tuple[LossCurve, ...]:
    """Read how each stage of a bundle's training went; empty where the bundle does not say it.

    Args:
        folder: of the bundle.

    Raises:
        HeldOutError: the file is damaged.
    """
    path = folder / LOSS_FILE
    if not path.is_file():
        return ()
    try:
        return from_json(tuple[LossCurve, ...], path.read_bytes())
    except (OSError, ValueError) as error:
        raise HeldOutError(f"{LOSS_FILE} is damaged; restore the bundle.") from error
