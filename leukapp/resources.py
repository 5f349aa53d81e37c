"""Where bundles, caches, stores and data lie; an environment variable moves each of them."""

import os
from pathlib import Path
from typing import Final

import platformdirs

from leukapp.errors import BundleError

BUNDLE_VARIABLE: Final = "LEUKAPP_BUNDLE"
WEIGHTS_VARIABLE: Final = "LEUKAPP_WEIGHTS_DIR"
BUNDLES_VARIABLE: Final = "LEUKAPP_BUNDLES_DIR"
SETTINGS_VARIABLE: Final = "LEUKAPP_SETTINGS"
BACKBONE_DIR_VARIABLE: Final = "LEUKAPP_BACKBONE_DIR"
KERAS_VARIABLE: Final = "KERAS_HOME"
CACHE_VARIABLE: Final = "LEUKAPP_CACHE_DIR"
STORE_VARIABLE: Final = "LEUKAPP_STORE_URL"
BATCH_VARIABLE: Final = "LEUKAPP_BATCH_DIR"
ROOT_VARIABLE: Final = "LEUKAPP_REVIEW_ROOT"
DATA_VARIABLE: Final = "LEUKAPP_DATA_DIR"
SITES_VARIABLE: Final = "LEUKAPP_SITES_DIR"

PACKAGE: Final = Path(__file__).resolve().parent
_IN_WHEEL: Final = PACKAGE / "_shipped"
# A wheel carries bundles, app.py and pages/ inside the package; in a checkout they lie beside it.
SHIPPED: Final = _IN_WHEEL if _IN_WHEEL.is_dir() else PACKAGE.parent
SHIPPED_WEIGHTS: Final = SHIPPED / "weights"
SHIPPED_COMPACT: Final = SHIPPED_WEIGHTS / "compact"
SHIPPED_BACKBONES: Final = SHIPPED_WEIGHTS / "backbones"
APP_FILE: Final = SHIPPED / "app.py"


def bundle_dir() -> Path:
    """Folder of the bundle that the app opens: ``LEUKAPP_BUNDLE``, else the shipped ``compact``."""
    return Path(os.environ.get(BUNDLE_VARIABLE) or SHIPPED_COMPACT)


def weights_dir() -> Path:
    """Folder that holds bundles: ``LEUKAPP_WEIGHTS_DIR``, else the shipped ones."""
    return Path(os.environ.get(WEIGHTS_VARIABLE) or SHIPPED_WEIGHTS)


def bundle_folders() -> tuple[Path, ...]:
    """Folders of bundles that pages list: :func:`weights_dir`, then those of others.

    They are ``LEUKAPP_BUNDLES_DIR`` and :func:`sites_dir`.
    """
    further = os.environ.get(BUNDLES_VARIABLE)
    return (weights_dir(), *((Path(further),) if further else ()), sites_dir())


def sites_dir() -> Path:
    """Folder of commissioned bundles that were accepted: ``LEUKAPP_SITES_DIR``, or the user's."""
    named = os.environ.get(SITES_VARIABLE)
    return Path(named) if named else data_folder() / "sites"


def laboratory_dir() -> Path:
    """Folder of commissionings that are not accepted yet, beside :func:`sites_dir`."""
    return sites_dir().with_name(f"{sites_dir().name}-in-work")


def find_bundle(bundle: str | Path) -> Path:
    """Find a bundle's folder.

    Args:
        bundle: path of a folder, or only the name of one in :func:`weights_dir`.

    Returns:
        The folder; it may be missing where a path was given.

    Raises:
        BundleError: a name stands for a bundle and for another folder here.
    """
    path = Path(bundle)
    named = weights_dir() / path.name
    if str(bundle) != path.name or not named.is_dir():
        return path
    if path.is_dir() and not path.samefile(named):
        raise BundleError(
            f"{path.name!r} is a bundle of LeukApp and also a folder here: name the folder with "
            "its whole path, or start in another one"
        )
    return named


def backbone_dir() -> Path | None:
    """Folder of keras.applications' weight files: ``LEUKAPP_BACKBONE_DIR``, or None."""
    named = os.environ.get(BACKBONE_DIR_VARIABLE)
    return Path(named) if named else None


def keras_models_dir() -> Path:
    """Folder in which Keras keeps the weight files that it downloads, under ``KERAS_HOME``."""
    named = os.environ.get(KERAS_VARIABLE)
    return (Path(named).expanduser() if named else Path.home() / ".keras") / "models"


def cache_dir() -> Path:
    """Folder of what can be made again: ``LEUKAPP_CACHE_DIR``, else the user's cache folder."""
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named) if named else Path(platformdirs.user_cache_dir("leukapp"))


def training_dir() -> Path:
    """Folder of features and checkpoints, under the cache."""
    return cache_dir() / "training"


def store_url() -> str:
    """Address of the review store: ``LEUKAPP_STORE_URL``, else a SQLite file of the user's."""
    return os.environ.get(STORE_VARIABLE) or f"sqlite:///{data_folder() / 'review.sqlite'}"


def settings_file() -> Path:
    """File of what an admin has set: ``LEUKAPP_SETTINGS``, else in the user's data folder."""
    named = os.environ.get(SETTINGS_VARIABLE)
    return Path(named) if named else data_folder() / "settings.json"


def batch_dir() -> Path:
    """Folder of kept images: ``LEUKAPP_BATCH_DIR``, else the user's data folder."""
    named = os.environ.get(BATCH_VARIABLE)
    return Path(named) if named else data_folder() / "batches"


def review_root() -> Path | None:
    """The folder that the environment's LEUKAPP_REVIEW_ROOT names, links resolved, or None."""
    named = os.environ.get(ROOT_VARIABLE)
    return Path(named).resolve() if named and Path(named).is_dir() else None


def review_address() -> str | None:
    """The address that LEUKAPP_REVIEW_ROOT names in place of a folder, as ``s3://...``, or None."""
    named = os.environ.get(ROOT_VARIABLE)
    return named.rstrip("/") if named and "://" in named else None


def data_root() -> Path | None:
    """The folder that the environment's LEUKAPP_DATA_DIR names, or None without one."""
    named = os.environ.get(DATA_VARIABLE)
    return Path(named) if named and Path(named).is_dir() else None


def find_pixels(root: Path, sample_id: str) -> Path | None:
    """The image file of a sample, or None where it is not at hand.

    Args:
        root: the only folder that is looked in, itself and its collection ``smears``; links that
            lead out of it are not followed.
        sample_id: relative path as a held-out table gives it, of any origin.

    Returns:
        An existing file below the root, links resolved.
    """
    confines = root.resolve()
    for subfolder in (".", "smears"):
        try:
            path = (confines / subfolder / sample_id).resolve()
            if path.is_relative_to(confines) and path.is_file():
                return path
        except (OSError, ValueError):
            # A name that no file system takes, e.g. with a NUL or too long, is no file.
            continue
    return None


def data_folder() -> Path:
    """Folder of what a user keeps, where no variable names another place."""
    return Path(platformdirs.user_data_dir("leukapp"))
