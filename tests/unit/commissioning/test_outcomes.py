"""Lists of what changed and what still fails: which image stands where, and a file keeps it."""

import pytest

from leukapp.commissioning.outcomes import (
    ImageOutcome,
    outcomes_to_markdown,
    read_outcomes,
    write_outcomes,
)
from leukapp.errors import LeukappError


def outcome(image, before, after, *, truth="ALL", is_doubtful=False):
    return ImageOutcome(
        image=image, patient="p", truth=truth, before=before, after=after, is_doubtful=is_doubtful
    )


OUTCOMES = (
    outcome("=now|wrong.png", None, "Healthy", is_doubtful=True),
    outcome("silent.png", None, None),
    outcome("mended.png", "Healthy", "ALL"),
    outcome("right.png", "ALL", "ALL"),
)


def test_each_image_stands_in_the_lists_that_it_belongs_to():
    changed, failing, doubtful = outcomes_to_markdown(OUTCOMES).split("## ")[1:]

    assert "wrong.png" in changed
    assert "| mended.png | p | ALL | Healthy | ALL |" in changed
    assert "wrong.png" in failing
    assert "| silent.png | p | ALL | no call | no call |" in failing
    assert "mended.png" not in failing
    assert doubtful.count("png") == 1
    assert "right.png" not in changed + failing + doubtful


def test_a_file_keeps_them_and_opens_harmlessly_in_a_spreadsheet(tmp_path):
    path = tmp_path / "images.csv"

    write_outcomes(path, OUTCOMES)

    assert read_outcomes(path) == OUTCOMES
    assert "\n'=now" in path.read_text()


def test_another_file_is_one_sentence(tmp_path):
    path = tmp_path / "images.csv"
    path.write_text("a,b\n1,2\n")

    with pytest.raises(LeukappError, match="cannot be read: commission once more"):
        read_outcomes(path)
