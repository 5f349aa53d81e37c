"""Who reads, and which pages their roles open."""

from dataclasses import dataclass
from typing import Final

from leukapp.ui.page_list import roles_of_page

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
        return not self.roles.isdisjoint(roles_of_page(title))
