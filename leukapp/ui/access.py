"""Who may see which page: the network address, sign-in and roles; all checked before any page."""

import os
import string
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from leukapp.errors import AccessError, NotSignedInError
from leukapp.labels import join_with_or
from leukapp.structured_log import log_event
from leukapp.ui import texts
from leukapp.ui.kept_address import keep_address_for_sign_in, return_to_kept_address
from leukapp.ui.kept_session import forget_this_session
from leukapp.ui.page_list import ADMIN, PAGES, ROLES, PageEntry
from leukapp.ui.reader import READER_KEY, Reader
from leukapp.ui.sign_ins import sign_ins
from leukapp.ui.upload_gate import let_this_session_upload

OPEN_NETWORK_VARIABLE: Final = "LEUKAPP_ALLOW_OPEN_NETWORK"
LOCAL_ADDRESSES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
PAGE_KEY: Final = "page-title"
NEW_PAGE_KEY: Final = "page-is-new"
SINCE_KEY: Final = "admitted-since"
REFUSAL_KEY: Final = "refused-because"

_TO_LOWER_CASE: Final = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def pages_of(reader: Reader, folder: Path) -> list[StreamlitPage]:
    """The pages that are open to a reader, whose files lie in a folder.

    The others are not in the menu, and say to whom they are open where a link leads to one.
    """
    pages = [
        st.Page(folder / page.file, title=page.title, icon=page.icon, default=page is PAGES[0])
        for page in PAGES
        if reader.may_open(page.title)
    ]
    return pages + [_refused(page) for page in PAGES if not reader.may_open(page.title)]


def note_page(title: str) -> None:
    """Remember which page is open, whose role ``reader_now`` asks for.

    Args:
        title: of the page.
    """
    st.session_state[NEW_PAGE_KEY] = st.session_state.get(PAGE_KEY) != title
    st.session_state[PAGE_KEY] = title


def is_page_new() -> bool:
    """Whether another page was open until this run."""
    return bool(st.session_state.get(NEW_PAGE_KEY, True))


def open_page() -> str:
    """Give the title of the page that is open; the app's name where app.py has not run yet."""
    return str(st.session_state.get(PAGE_KEY, texts.APP_NAME))


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
    st.session_state.setdefault(SINCE_KEY, time.monotonic())
    try:
        reader = _find_reader()
    except NotSignedInError:
        let_this_session_upload(is_admitted=False)
        st.title(texts.APP_NAME, anchor=False)
        st.info(texts.RESEARCH_USE)
        keep_address_for_sign_in()
        st.button(texts.SIGN_IN, on_click=st.login, type="primary", icon=":material/login:")
        st.stop()
    except AccessError as error:
        let_this_session_upload(is_admitted=False)
        _offer_sign_out()
        _note_refusal(str(error))
        st.title(texts.APP_NAME, anchor=False)
        st.error(str(error), icon=":material/lock:")
        st.stop()
    _offer_sign_out()
    let_this_session_upload(is_admitted=True)
    st.session_state[READER_KEY] = reader
    if is_sign_in_configured():
        return_to_kept_address()
    return reader


def _note_refusal(reason: str) -> None:
    """Count a refusal once for a session, which is drawn anew at every click."""
    if st.session_state.get(REFUSAL_KEY) != reason:
        st.session_state[REFUSAL_KEY] = reason
        sign_ins().note_refusal(reason)


def reader_now() -> Reader:
    """Give who is in front of an open page, by the sign-in and the roles of this moment.

    A page stays open while its reader signs out elsewhere or loses a role; whatever runs in it
    without starting at app.py asks here.

    Raises:
        AccessError: the reader may not use the open page any more.
    """
    reader = _find_reader()
    title = st.session_state.get(PAGE_KEY)
    if title is not None and not reader.may_open(title):
        log_event("refused_page")
        raise AccessError(texts.NO_ROLE_FOR_PAGE)
    return reader


def is_admitted_still() -> bool:
    """Whether the reader whom app.py let in may go on with the open page."""
    try:
        return reader_now() == st.session_state.get(READER_KEY)
    except AccessError:
        return False


def _refused(page: PageEntry) -> StreamlitPage:
    """A page that says which role opens the one that a link leads to."""

    def refuse() -> None:
        log_event("refused_page")
        roles = join_with_or(sorted(page.roles | {ADMIN}))
        st.error(texts.NOT_YOUR_PAGE.format(page=page.title, roles=roles), icon=":material/lock:")

    address = Path(page.file).stem
    return st.Page(refuse, title=page.title, url_path=address, visibility="hidden")


def _find_reader() -> Reader:
    """Look up who this is; an ``AccessError`` says why nobody is let in."""
    is_configured = is_sign_in_configured()
    if sign_ins().is_required_now(is_configured=is_configured) and not is_configured:
        log_event("refused_sign_in_settings_gone")
        raise AccessError(texts.SIGN_IN_SETTINGS_GONE)
    if not is_configured and is_open_to_others() and not is_open_network_wanted():
        log_event("refused_open_network")
        raise AccessError(texts.OPEN_NETWORK.format(variable=OPEN_NETWORK_VARIABLE))
    if not is_configured:
        return Reader(email=None, roles=frozenset(ROLES))
    claims = st.user.to_dict()
    if not st.user.is_logged_in or sign_ins().has_ended(claims, st.session_state.get(SINCE_KEY, 0)):
        raise NotSignedInError(texts.NOT_SIGNED_IN)
    is_verified = is_address_verified(claims, _section("sign_in"))
    reader = reader_of(claims if is_verified else {}, _section("roles"))
    if not reader.roles:
        log_event("refused_without_role", is_address_verified=is_verified)
        raise AccessError(texts.NO_ROLE if is_verified else texts.UNVERIFIED)
    return reader


def _offer_sign_out() -> None:
    if is_sign_in_configured() and st.user.is_logged_in:
        st.sidebar.button(texts.SIGN_OUT, on_click=_sign_out, icon=":material/logout:")


def _sign_out() -> None:
    """End the sign-in in every open page of this browser, not in this one alone."""
    forget_this_session()
    sign_ins().end(st.user.to_dict())
    st.logout()


def reader_of(claims: Mapping[str, object], configured: Mapping[str, object]) -> Reader:
    """Look up the roles of who has signed in.

    Args:
        claims: of the provider's identity token, whose address is verified.
        configured: role to a list of mail addresses, the section ``[roles]`` of secrets.toml.
    """
    email = claims.get("email")
    if not isinstance(email, str) or not email:
        return Reader(email=None, roles=frozenset())
    email = _comparable(email)
    roles = {
        role
        for role in ROLES
        if email in {_comparable(str(member)) for member in _members(configured.get(role))}
    }
    return Reader(email=email, roles=frozenset(roles))


def is_address_verified(claims: Mapping[str, object], configured: Mapping[str, object]) -> bool:
    """Whether the mail address of who has signed in is known to be theirs.

    Anybody can give somebody else's address at a provider that does not check it.

    Args:
        claims: of the provider's identity token.
        configured: the section ``[sign_in]`` of secrets.toml; with ``provider_verifies_addresses``
            the administrator answers for a provider that leaves the claim out. Where the provider
            calls an address unverified, it is.
    """
    if "email_verified" in claims:
        return claims["email_verified"] is True
    return configured.get("provider_verifies_addresses") is True


def _section(name: str) -> Mapping[str, object]:
    """A section of secrets.toml; nothing where a lone value has its name."""
    section = st.secrets.get(name)
    return section if isinstance(section, Mapping) else {}


def _comparable(email: str) -> str:
    """An address without the case of its ASCII letters.

    Nothing else is folded: the long s and the Kelvin sign are not s and k, and make another
    address.
    """
    return email.translate(_TO_LOWER_CASE)


def is_sign_in_configured() -> bool:
    """Whether secrets.toml holds Streamlit's section ``[auth]``."""
    return st.secrets.load_if_toml_exists() and "auth" in st.secrets


def is_open_to_others() -> bool:
    """Whether others than this machine's own may open the app.

    They may where the server listens on more than this machine (no address means every address),
    and where it answers to another name, as it does behind a proxy (no name means every name).
    """
    address = str(st.get_option("server.address") or "")
    names = {str(name).strip().lower() for name in st.get_option("server.allowedHosts") or ["*"]}
    return address not in LOCAL_ADDRESSES or not names <= LOCAL_ADDRESSES


def is_open_network_wanted() -> bool:
    """Whether whoever started the server has allowed readers without sign-in explicitly."""
    return os.environ.get(OPEN_NETWORK_VARIABLE) == "1"


def _members(value: object) -> list[object]:
    """A list of the configuration; a lone text would otherwise be read letter by letter."""
    return [value] if isinstance(value, str) else list(value) if isinstance(value, list) else []
