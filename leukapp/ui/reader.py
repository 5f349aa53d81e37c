"""Who reads, in which roles, and which pages these open."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

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
