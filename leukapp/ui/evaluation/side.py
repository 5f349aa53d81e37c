"""One held-out set on the screen: a table, one of its sources, and the figures of that source."""

from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from leukapp.evaluation.held_out_tables import HeldOutTable
from leukapp.evaluation.report import PROTOCOL_TEXTS
from leukapp.evaluation.source_evaluation import SourceEvaluation

SideName: TypeAlias = Literal["A", "B"]


class Origin(Protocol):
    """What a figure or a table is of; it stands in every picture and file that is saved."""

    @property
    def title(self) -> str:
        """Bundle or table."""

    @property
    def source(self) -> str:
        """Data set, laboratory or part."""

    @property
    def protocol(self) -> str:
        """How the images were held out, in words."""

    @property
    def bundle_sha256(self) -> str:
        """Hash of the bundle's manifest, hexadecimal; may be empty."""

    @property
    def key(self) -> str:
        """Part of the keys of its widgets, the same at every rerun."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Side:
    """What one column of the page shows.

    Attributes:
        name: ``A``, or ``B`` for the set that is compared with.
        table: the whole table.
        source: the source looked at.
        evaluation: the figures of that source alone.
        is_upload: whether a user brought the table.
        is_alone: nothing is compared with it, so that it has the page's whole width.
        network: whose answers the figures are of, in words; None for the fused decision.
    """

    name: SideName
    table: HeldOutTable
    source: str
    evaluation: SourceEvaluation
    is_upload: bool
    is_alone: bool = True
    network: str | None = None

    @property
    def title(self) -> str:
        """Title of the table, and of the branch where the figures are of one alone."""
        return self.table.title if self.network is None else f"{self.table.title} · {self.network}"

    @property
    def protocol(self) -> str:
        """How the images were held out, in words."""
        return PROTOCOL_TEXTS[self.evaluation.held_out.protocol]

    @property
    def bundle_sha256(self) -> str:
        """Hash of the bundle's manifest, hexadecimal; may be empty."""
        return self.evaluation.held_out.bundle_sha256

    @property
    def key(self) -> str:
        """Part of the keys of its widgets, the same at every rerun."""
        of_branch = "" if self.network is None else f"-{self.network}"
        return f"{self.name}-{self.table.sha256[:12]}-{self.source}{of_branch}"
