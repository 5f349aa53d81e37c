"""Who may see which page: the network address, sign-in and roles; all checked before any page."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from leukapp.structured_log import log_event
from leukapp.ui import texts

OPEN_NETWORK_VARIABLE: Final = "LEUKAPP_ALLOW_OPEN_NETWORK"
LOCAL_ADDRESSES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
ROLES: Final = ("reviewer", "researcher", "admin")

PAGE_ROLES: Final[Mapping[str, frozenset[str]]] = {
    "Diagnose": frozenset({"reviewer", "admin"}),
    "Batch review": frozenset({"reviewer", "admin"}),
    "Evaluation": frozenset({"researcher", "admin"}),
    "Model card": frozenset(ROLES),
}
"""Which roles open a page, by its title; a page that is not listed is for admins."""

READER_KEY: Final = "reader"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who is in front of the screen.

    Attributes:
        email: as the provider vouches for it; None where nobody signs in.
        roles: by configuration; every role where sign-in is not set up.
    """

    email: str | None
    roles: frozenset[str]

    def may_open(self, title: str) -> bool:
        """Whether the page of a title is open to this reader."""
        return bool(self.roles & PAGE_ROLES.get(title, frozenset({"admin"})))


def pages_of(reader: Reader, pages: Sequence[StreamlitPage]) -> list[StreamlitPage]:
    """The pages that are open to a reader."""
    return [page for page in pages if reader.may_open(page.title)]


def require_admission() -> None:
    """Admit the reader of a page that was reached without app.py, as Streamlit allows at first."""
    if READER_KEY not in st.session_state:
        admit()


def admit() -> Reader:
    """Let the reader in, or show why not and end the script.

    Returns:
        The reader, who has at least one role.
    """
    st.session_state.pop(READER_KEY, None)
    reader = _admit()
    st.session_state[READER_KEY] = reader
    return reader


def _admit() -> Reader:
    is_configured = is_sign_in_configured()
    if not is_configured and is_open_to_others() and not is_open_network_wanted():
        log_event("refused_open_network")
        st.error(texts.OPEN_NETWORK.format(variable=OPEN_NETWORK_VARIABLE), icon=":material/lock:")
        st.stop()
    if not is_configured:
        return Reader(email=None, roles=frozenset(ROLES))
    if not st.user.is_logged_in:
        st.title(texts.APP_NAME, anchor=False)
        st.info(texts.RESEARCH_USE)
        st.button(texts.SIGN_IN, on_click=st.login, type="primary", icon=":material/login:")
        st.stop()
    reader = reader_of(st.user.to_dict(), st.secrets.get("roles", {}))
    st.sidebar.button(texts.SIGN_OUT, on_click=st.logout, icon=":material/logout:")
    if not reader.roles:
        log_event("refused_without_role")
        st.error(texts.NO_ROLE, icon=":material/lock:")
        st.stop()
    return reader


def reader_of(claims: Mapping[str, object], configured: Mapping[str, object]) -> Reader:
    """Look up the roles of who has signed in.

    Args:
        claims: of the provider's identity token; an address it calls unverified has no role.
        configured: role to a list of mail addresses, the section ``[roles]`` of secrets.toml.
    """
    email = str(claims.get("email") or "").strip().casefold()
    if not email or claims.get("email_verified", True) is not True:
        return Reader(email=None, roles=frozenset())
    roles = {
        role
        for role in ROLES
        if email in {str(member).strip().casefold() for member in _members(configured.get(role))}
    }
    return Reader(email=email, roles=frozenset(roles))


def is_sign_in_configured() -> bool:
    """Whether secrets.toml holds Streamlit's section ``[auth]``."""
    return st.secrets.load_if_toml_exists() and "auth" in st.secrets


def is_open_to_others() -> bool:
    """Whether the server listens on more than this machine; no address means every address."""
    return str(st.get_option("server.address") or "") not in LOCAL_ADDRESSES


def is_open_network_wanted() -> bool:
    """Whether whoever started the server has allowed readers without sign-in explicitly."""
    return os.environ.get(OPEN_NETWORK_VARIABLE) == "1"


def _members(value: object) -> list[object]:
    """A list of the configuration; a lone text would otherwise be read letter by letter."""
    return [value] if isinstance(value, str) else list(value) if isinstance(value, list) else []
