"""Which batch, case, image, filter and page of the list are open; the address says it all."""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

import streamlit as st

from leukapp.review.answer_keys import VERDICTS
from leukapp.review.worklist import (
    SAID,
    BranchFilter,
    QualityFilter,
    ReviewFilter,
    WorklistEntry,
    WorklistFilter,
    WorklistOrder,
)
from leukapp.ui.address import (
    LIST_SIGN,
    RANGE_SIGN,
    AddressValues,
    as_word,
    changed_address,
    write_address,
)
from leukapp.ui.texts import batch as texts

PLACE_KEY: Final = "batch-place"
BLINDED_REVIEWS: Final = (ReviewFilter.ANY, ReviewFilter.OPEN, ReviewFilter.REVIEWED)
"""The filters by review that say nothing about a verdict."""


class Density(StrEnum):
    """How close the thumbnails of the list lie."""

    COMFORTABLE = "comfortable"
    COMPACT = "compact"


class BatchSection(StrEnum):
    """Part of the page."""

    READING = "reading"
    WORKLIST = "worklist"
    AGREEMENT = "agreement"
    EXPORT = "export"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchAddress:
    """Where a reviewer is.

    Attributes:
        batch: its number; None for a new one.
        case: number of the case that is open, whose images alone the worklist then has; or None.
        section: which part is open.
        image: number of the open image in its batch, from 1; None for the list.
        first: place of the first image of the list's page, from 1.
        wanted: which images are in the list.
        order: how they are sorted.
        is_blinded: verdicts are hidden until there is a decision.
        density: how close the thumbnails lie.
    """

    batch: int | None = None
    case: int | None = None
    section: BatchSection = BatchSection.READING
    image: int | None = None
    first: int = 1
    wanted: WorklistFilter = field(default_factory=WorklistFilter)
    order: WorklistOrder = WorklistOrder.UNCERTAIN_FIRST
    is_blinded: bool = False
    density: Density = Density.COMFORTABLE

    @property
    def shown_filter(self) -> WorklistFilter:
        """The filter without what would tell a verdict, where verdicts are hidden."""
        if not self.is_blinded:
            return self.wanted
        review = self.wanted.review
        return WorklistFilter(
            quality=self.wanted.quality,
            review=review if review in BLINDED_REVIEWS else ReviewFilter.ANY,
        )

    @property
    def shown_order(self) -> WorklistOrder:
        """The order, or as the images came where verdicts are hidden."""
        return WorklistOrder.POSITION if self.is_blinded else self.order


def read_batch_address(values: AddressValues) -> BatchAddress:
    """Read where a link leads to.

    Args:
        values: of the address; what makes no sense is noted there.
    """
    low, high = values.percents("p")
    return BatchAddress(
        batch=values.number("batch"),
        case=values.number("case"),
        section=values.choice("part", BatchSection.READING),
        image=values.number("image"),
        first=values.number("from") or 1,
        wanted=WorklistFilter(
            verdicts=values.choices("show", VERDICTS),
            min_confidence=low / 100,
            max_confidence=high / 100,
            branches=values.choice("branches", BranchFilter.ANY),
            quality=values.choice("quality", QualityFilter.ANY),
            review=values.choice("review", ReviewFilter.ANY),
            said=values.choices("said", SAID),
        ),
        order=values.choice("sort", WorklistOrder.UNCERTAIN_FIRST),
        is_blinded=values.flag("vote-first"),
        density=values.choice("density", Density.COMFORTABLE),
    )


def write_batch_address(address: BatchAddress) -> dict[str, str]:
    """Give the address as name to text; the reverse of :func:`read_batch_address`.

    Args:
        address: where a reviewer is; what is as at first is left out.
    """
    wanted = address.wanted
    low, high = round(wanted.min_confidence * 100), round(wanted.max_confidence * 100)
    verdicts = LIST_SIGN.join(as_word(name) for name in VERDICTS if name in wanted.verdicts)
    is_first = address.section is BatchSection.READING
    texts_of = {
        "batch": "" if address.batch is None else str(address.batch),
        "case": "" if address.case is None else str(address.case),
        "part": "" if is_first else address.section.value,
        "image": "" if address.image is None else str(address.image),
        "from": "" if address.first == 1 else str(address.first),
        "show": verdicts,
        "said": LIST_SIGN.join(as_word(name) for name in SAID if name in wanted.said),
        "p": "" if (low, high) == (0, 100) else f"{low}{RANGE_SIGN}{high}",
        "branches": _unless(wanted.branches, BranchFilter.ANY),
        "quality": _unless(wanted.quality, QualityFilter.ANY),
        "review": _unless(wanted.review, ReviewFilter.ANY),
        "sort": _unless(address.order, WorklistOrder.UNCERTAIN_FIRST),
        "vote-first": "1" if address.is_blinded else "",
        "density": _unless(address.density, Density.COMFORTABLE),
    }
    return {name: text for name, text in texts_of.items() if text}


def _unless(chosen: StrEnum, default: StrEnum) -> str:
    return "" if chosen is default else as_word(chosen)


def where() -> BatchAddress:
    """Give where this session's reviewer is."""
    place: BatchAddress = st.session_state.setdefault(PLACE_KEY, BatchAddress())
    return place


def go_to(address: BatchAddress) -> None:
    """Go somewhere; the page is drawn there next.

    Args:
        address: where to.
    """
    st.session_state[PLACE_KEY] = address


def go_to_batch(batch: int | None) -> None:
    """Open another batch, at its beginning; how its images are hidden and sorted stays.

    Args:
        batch: its number; None for a new one.
    """
    here = where()
    if batch != here.batch:
        kept = replace(here, section=BatchSection.READING, image=None, first=1)
        go_to(replace(kept, batch=batch, case=None, wanted=WorklistFilter()))


def go_to_case(case: int | None) -> None:
    """Open a case, or close it; how images are hidden and sorted stays.

    Args:
        case: its number; None for none.
    """
    kept = replace(where(), section=BatchSection.READING, image=None, first=1)
    go_to(replace(kept, batch=None, case=case, wanted=WorklistFilter()))


def go_to_section(section: BatchSection) -> None:
    """Open another part of the page; the list stays as it is.

    Args:
        section: which.
    """
    go_to(replace(where(), section=section, image=None))


def go_to_image(entry: WorklistEntry | None) -> None:
    """Open an image in the worklist of its batch, or the list again.

    Args:
        entry: the image; None for the list.
    """
    if entry is None:
        go_to(replace(where(), image=None))
        return
    number, batch = entry.item.position + 1, entry.item.run_id
    go_to(replace(where(), batch=batch, section=BatchSection.WORKLIST, image=number))


def follow_address() -> None:
    """Go where the address leads, once it was changed, and say what in it was not understood."""
    values = changed_address()
    if values is None:
        return
    go_to(read_batch_address(values))
    if values.ignored:
        names = ", ".join(values.ignored)
        st.warning(texts.ADDRESS_IGNORED.format(names=names), icon=":material/link_off:")


def keep_address() -> None:
    """Write where the reviewer is into the address."""
    write_address(write_batch_address(where()))


def seed(key: str, value: object) -> None:
    """Make a widget show a value, unless it does.

    Args:
        key: of the widget, which is drawn after this.
        value: as the widget holds it.
    """
    if st.session_state.get(key) != value:
        st.session_state[key] = value
