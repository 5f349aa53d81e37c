"""A link that is opened before its reader has signed in leads on after the sign-in.

The sign-in ends at the app's first page, whatever address was asked for. So the browser's tab keeps
the address, which is one of this server, until its reader is in.
"""

from typing import Final

import streamlit as st

KEEP: Final = """
<script>
sessionStorage.setItem("leukapp-address", location.pathname + location.search);
</script>
"""
RETURN: Final = """
<script>
(() => {
  const kept = sessionStorage.getItem("leukapp-address");
  sessionStorage.removeItem("leukapp-address");
  const isSame = kept === location.pathname + location.search;
  // The sign-in ends at the first page; who is elsewhere by now has chosen that page.
  const isFirst = !location.search && kept?.startsWith(location.pathname);
  // Two slashes would name another server.
  if (isFirst && !isSame && !kept.startsWith("//")) location.replace(kept);
})();
</script>
"""


def keep_address_for_sign_in() -> None:
    """Let the browser's tab keep its address until its reader has signed in."""
    st.html(KEEP, unsafe_allow_javascript=True)


def return_to_kept_address() -> None:
    """Lead on to the address that was kept, once."""
    st.html(RETURN, unsafe_allow_javascript=True)
