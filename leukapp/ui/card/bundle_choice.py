"""The bundle whose card is read, with every file verified."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from leukapp.model.artifacts import ListedBundle
from leukapp.model.bundle import Bundle, open_bundle


@dataclass(frozen=True, slots=True, kw_only=True)
class CardOrigin:
    """What a figure of the card is of; see ``leukapp.ui.evaluation.side.Origin``.

    Attributes:
        title: name of the bundle.
        source: which part of the card.
        protocol: of the training.
        bundle_sha256: hash of the bundle's manifest, hexadecimal.
    """

    title: str
    source: str
    protocol: str
    bundle_sha256: str

    @property
    def key(self) -> str:
        """Part of the keys of its widgets."""
        return f"{self.source}-{self.bundle_sha256[:12]}"


def card_origin(bundle: Bundle, part: str) -> CardOrigin:
    """Give what a figure of one part of a card is of.

    Args:
        bundle: whose card.
        part: of the card, in words.
    """
    return CardOrigin(
        title=bundle.name,
        source=part,
        protocol=bundle.training.protocol,
        bundle_sha256=bundle.sha256,
    )


def verified_bundle(chosen: ListedBundle) -> Bundle:
    """Open a bundle with every file verified.

    Args:
        chosen: whose card is read.

    Raises:
        BundleError: it is damaged or not understood.
    """
    files = sorted(chosen.folder.iterdir()) if chosen.folder.is_dir() else []
    stamps = tuple(
        (path.name, path.stat().st_mtime_ns, path.stat().st_size)
        for path in files
        if path.is_file()
    )
    return _verified_bundle(str(chosen.folder), stamps)


@st.cache_resource(show_spinner=False, max_entries=8)
def _verified_bundle(folder: str, stamps: tuple[tuple[str, int, int], ...]) -> Bundle:
    """Open a bundle once for the whole server, until one of its files changes."""
    return open_bundle(Path(folder))
