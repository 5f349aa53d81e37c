"""The address of Batch review: written and read again; what makes no sense is named."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from leukapp.review.answer_keys import VERDICTS
from leukapp.review.worklist import (
    SAID,
    BranchFilter,
    QualityFilter,
    ReviewFilter,
    WorklistFilter,
    WorklistOrder,
)
from leukapp.ui.address import AddressValues
from leukapp.ui.review.batch_address import (
    BatchAddress,
    BatchSection,
    read_batch_address,
    write_batch_address,
)

numbers = st.integers(min_value=1, max_value=999_999_999)
percents = st.integers(min_value=0, max_value=100)
filters = st.builds(
    lambda wanted, ends: replace(
        wanted, min_confidence=min(ends) / 100, max_confidence=max(ends) / 100
    ),
    st.builds(
        WorklistFilter,
        verdicts=st.frozensets(st.sampled_from(VERDICTS)),
        branches=st.sampled_from(BranchFilter),
        quality=st.sampled_from(QualityFilter),
        review=st.sampled_from(ReviewFilter),
        said=st.frozensets(st.sampled_from(SAID)),
    ),
    st.tuples(percents, percents),
)
addresses = st.builds(
    BatchAddress,
    batch=st.none() | numbers,
    section=st.sampled_from(BatchSection),
    image=st.none() | numbers,
    first=numbers,
    wanted=filters,
    order=st.sampled_from(WorklistOrder),
    is_blinded=st.booleans(),
)


@settings(deadline=None)
@given(addresses)
def test_what_is_written_is_read_again(address: BatchAddress) -> None:
    values = AddressValues(write_batch_address(address))
    assert read_batch_address(values) == address
    assert values.ignored == []


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["batch", "part", "image", "show", "p", "x"]), st.text()))
def test_no_text_in_an_address_is_an_error(values: dict[str, str]) -> None:
    read_batch_address(AddressValues(values))


def test_the_first_screen_has_no_words_in_its_address() -> None:
    assert write_batch_address(BatchAddress()) == {}


def test_hidden_verdicts_cannot_be_told_by_filter_or_order() -> None:
    told = BatchAddress(
        wanted=WorklistFilter(
            verdicts=frozenset({"ALL"}),
            review=ReviewFilter.OVERRIDE,
            quality=QualityFilter.CLEAN,
            min_confidence=0.5,
        ),
        is_blinded=True,
    )
    assert told.shown_filter == WorklistFilter(quality=QualityFilter.CLEAN)
    assert told.shown_order is WorklistOrder.POSITION
