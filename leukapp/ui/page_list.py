"""The pages of the app in the order of its menu: a new page is one more entry here."""

from dataclasses import dataclass
from typing import Final

ADMIN: Final = "admin"
ROLES: Final = ("reviewer", "researcher", ADMIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageEntry:
    """One page.

    Attributes:
        file: its name below ``pages/``.
        title: in the menu.
        icon: Streamlit's name of its icon.
        roles: who may open it, beside admins.
    """

    file: str
    title: str
    icon: str
    roles: frozenset[str] = frozenset()


PAGES: Final = (
    PageEntry(
        file="diagnose.py",
        title="Diagnose",
        icon=":material/biotech:",
        roles=frozenset({"reviewer"}),
    ),
    PageEntry(
        file="batch_review.py",
        title="Batch review",
        icon=":material/rate_review:",
        roles=frozenset({"reviewer"}),
    ),
    PageEntry(
        file="evaluation.py",
        title="Evaluation",
        icon=":material/query_stats:",
        roles=frozenset({"researcher"}),
    ),
    PageEntry(
        file="laboratory.py",
        title="Your laboratory",
        icon=":material/science:",
        roles=frozenset({"researcher"}),
    ),
    PageEntry(
        file="model_card.py",
        title="Model card",
        icon=":material/fact_check:",
        roles=frozenset({"reviewer", "researcher"}),
    ),
    PageEntry(
        file="glossary.py",
        title="Glossary",
        icon=":material/menu_book:",
        roles=frozenset({"reviewer", "researcher"}),
    ),
    PageEntry(file="status.py", title="Status", icon=":material/monitor_heart:"),
)


def roles_of_page(title: str) -> frozenset[str]:
    """Which roles open the page of a title; a page that is not listed is for admins."""
    listed = (page.roles for page in PAGES if page.title == title)
    return next(listed, frozenset[str]()) | {ADMIN}
