"""A field is answered again by its own rule, with what readers say of its cells."""

import numpy as np
import pytest
from test_decision import AGREEING, ALL_CELL, FAR, HEALTHY_CELL, NEAR, RULE, scores

from leukapp.inference.corrected_items import READER_CERTAINTY, decide_corrected
from leukapp.inference.decision import ItemScores
from leukapp.labels import TYPE_NOT_DETERMINED
from leukapp.model.fusion import NetworkLogits

FIELD = scores((HEALTHY_CELL, NEAR), (ALL_CELL, NEAR), (ALL_CELL, FAR))
NO_CELL = ItemScores(
    logits=NetworkLogits(branches=(np.zeros((0, 3)),) * 2, fused=np.zeros((0, 3))),
    distances=np.zeros(0, np.float32),
)


def test_nothing_corrected_is_the_answer_of_every_image():
    again = decide_corrected(RULE, FIELD, kept=[0, 1, 2], given=[])
    assert again.probabilities.values == RULE.decide(FIELD).probabilities.values


def test_a_removed_cell_counts_no_more():
    assert decide_corrected(RULE, FIELD, kept=[1], given=[]).probabilities.top_class == "ALL"
    assert decide_corrected(RULE, FIELD, kept=[0], given=[]).probabilities.top_class == "Healthy"


def test_a_reader_counts_as_networks_that_are_sure():
    alone = decide_corrected(AGREEING, FIELD, kept=[], given=["AML"])
    assert (alone.label, alone.no_call) == ("AML", None)
    assert alone.probabilities.of("AML") == pytest.approx(READER_CERTAINTY, abs=1e-5)
    open_type = decide_corrected(RULE, FIELD, kept=[], given=[TYPE_NOT_DETERMINED]).probabilities
    assert open_type.of("ALL") == pytest.approx(open_type.of("AML"))
    assert open_type.of("Healthy") == pytest.approx(1 - READER_CERTAINTY, abs=1e-5)


def test_marked_cells_alone_are_answered_where_the_networks_found_none():
    decision = decide_corrected(AGREEING, NO_CELL, kept=[], given=["Healthy", "Healthy"])
    assert decision.label == "Healthy"
    assert decide_corrected(AGREEING, NO_CELL, kept=[], given=[]).no_call is not None
