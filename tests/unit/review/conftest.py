"""Judged images with decisions, made by hand."""

from collections.abc import Callable

import pytest
from review_records import make_decision, make_item

from leukapp.review.records import DecisionKind
from leukapp.review.worklist import WorklistEntry


@pytest.fixture
def reviewed() -> Callable[[str | None, DecisionKind | None, str | None], WorklistEntry]:
    """Makes an entry from the network's label, the reviewer's decision, and its label."""
    made: list[int] = []

    def make(network: str | None, kind: DecisionKind | None, label: str | None) -> WorklistEntry:
        made.append(len(made))
        item = make_item(len(made), label=network)
        decision = None if kind is None else make_decision(len(made), item.id, kind, label)
        return WorklistEntry(item=item, decision=decision)

    return make
