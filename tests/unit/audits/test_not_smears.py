"""Pictures that are no smear: many, distinct, the same every time."""

import hashlib
from collections import Counter

import pytest

from leukapp.audits.not_smears import NotSmear, draw_not_smears


@pytest.fixture(scope="module")
def pictures() -> list[NotSmear]:
    return list(draw_not_smears())


def test_there_are_over_three_hundred_and_no_two_are_the_same(pictures: list[NotSmear]) -> None:
    digests = {hashlib.sha256(p.image.tobytes()).hexdigest() for p in pictures}
    assert len(pictures) > 300
    assert len(digests) == len({p.name for p in pictures}) == len(pictures)
    assert min(Counter(p.kind for p in pictures).values()) >= 4


def test_the_same_seed_gives_the_same_pictures_and_another_seed_others(
    pictures: list[NotSmear],
) -> None:
    def digest(some: list[NotSmear]) -> str:
        return hashlib.sha256(b"".join(p.image.tobytes() for p in some)).hexdigest()

    again = list(draw_not_smears())
    assert digest(again) == digest(pictures)
    assert digest(list(draw_not_smears(seed=1))) != digest(pictures)
