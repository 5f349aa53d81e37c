"""The one bundle of a session, on every page: chosen in the sidebar, its default by an admin."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import streamlit as st

from leukapp.errors import LeukappError
from leukapp.model.artifacts import ListedBundle, list_bundles
from leukapp.resources import bundle_dir, bundle_folders
from leukapp.structured_log import log_event
from leukapp.ui import access, texts
from leukapp.ui.default_bundle import read_default_bundle, write_default_bundle
from leukapp.ui.guarded import guarded
from leukapp.ui.kept_session import this_session
from leukapp.ui.wording import escape_markdown, shown_name

CHOICE_KEY: Final = "bundle-choice"


def found_bundles() -> tuple[ListedBundle, ...]:
    """Give the bundles of this server: the one it was started with, then those of its folders."""
    return list_bundles([bundle_dir()], bundle_folders())


def choose_bundle() -> ListedBundle:
    """Ask in the sidebar which bundle answers, where there are several; the same on every page.

    Returns:
        The chosen one; it may turn out to be broken when it is opened.
    """
    bundles = {bundle.folder: bundle for bundle in found_bundles()}
    lines = {folder: _line_of(name, bundles[folder]) for folder, name in names_of(bundles).items()}
    default = _default_among(tuple(bundles))
    session = this_session()
    chosen = session.bundle if session.bundle in bundles else default
    with st.sidebar:
        if len(bundles) == 1:
            # Which one it is stands with the answer, under "Details for researchers".
            _show_commission(bundles[chosen])
            return bundles[chosen]
        # The session remembers it: a widget's own state goes with its page.
        st.session_state[CHOICE_KEY] = chosen

        def keep() -> None:
            session.bundle = st.session_state[CHOICE_KEY]

        st.selectbox(
            texts.BUNDLE,
            list(bundles),
            format_func=lines.__getitem__,
            help=texts.BUNDLE_HELP,
            on_change=guarded(keep),
            key=CHOICE_KEY,
        )
        _show_commission(bundles[chosen])
        if chosen != default and "admin" in access.reader_now().roles:
            st.button(
                texts.BUNDLE_MAKE_DEFAULT,
                on_click=guarded(_make_default),
                args=(chosen,),
                icon=":material/push_pin:",
                type="tertiary",
                key="bundle-make-default",
            )
    return bundles[chosen]


def _show_commission(bundle: ListedBundle) -> None:
    """Say for which laboratory a bundle answers, where it is for one alone."""
    if bundle.commission is not None:
        st.caption(f"{escape_markdown(bundle.commission.told())}.")


def _default_among(folders: tuple[Path, ...]) -> Path:
    """The bundle that a session begins with, and why where it is not the one that was set."""
    try:
        default = read_default_bundle()
    except LeukappError as error:
        st.sidebar.warning(escape_markdown(str(error)), icon=":material/settings_alert:")
        return folders[0]
    if default is None or default in folders:
        return default or folders[0]
    st.sidebar.warning(
        texts.BUNDLE_DEFAULT_GONE.format(name=escape_markdown(shown_name(default.name))),
        icon=":material/settings_alert:",
    )
    return folders[0]


def _make_default(folder: Path) -> None:
    reader = access.reader_now()
    if "admin" not in reader.roles:
        raise LeukappError(texts.BUNDLE_ADMIN_ONLY)
    write_default_bundle(folder)
    log_event("default_bundle_set", bundle=folder.name, user=reader.email)


def names_of(folders: Iterable[Path]) -> dict[Path, str]:
    """Give each bundle a name of its own as plain text: menus tell choices apart by their words.

    Args:
        folders: of the bundles, in the order in which they were found.
    """
    names: dict[Path, str] = {}
    for folder in folders:
        name = shown_name(folder.name)
        if name in names.values():
            name = f"{name} ({shown_name(folder.parent.name)})"
        taken, number = name, 2
        while name in names.values():
            name, number = f"{taken} {number}", number + 1
        names[folder] = name
    return names


def _line_of(name: str, bundle: ListedBundle) -> str:
    """A bundle as a line of plain text: its name and what it tells apart."""
    return f"{name} · {', '.join(bundle.class_names) or texts.BUNDLE_BROKEN}"
