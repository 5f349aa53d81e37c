"""Choosing a bundle whose card is read, with every file verified."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from leukapp.model.bundle import MANIFEST_FILE, Bundle, open_bundle
from leukapp.resources import weights_dir
from leukapp.ui.texts import model_card as texts


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
        """What widgets are told apart by."""
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


def choose_bundle() -> Bundle | None:
    """Ask for a bundle in the sidebar; None where there is none.

    Raises:
        BundleError: the chosen bundle is damaged or not understood.
    """
    names = sorted(path.parent.name for path in weights_dir().glob(f"*/{MANIFEST_FILE}"))
    if not names:
        return None
    with st.sidebar:
        name = st.selectbox(texts.BUNDLE_LABEL, names, key="bundle")
    folder = weights_dir() / name
    stamps = tuple(
        (path.name, path.stat().st_mtime_ns, path.stat().st_size)
        for path in sorted(folder.iterdir())
        if path.is_file()
    )
    return _verified_bundle(str(folder), stamps)


@st.cache_resource(show_spinner=False, max_entries=8)
def _verified_bundle(folder: str, stamps: tuple[tuple[str, int, int], ...]) -> Bundle:
    """Open a bundle once for the whole server, until one of its files changes."""
    return open_bundle(Path(folder))
