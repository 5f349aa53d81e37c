"""What fewer images would have given: the same judgement of fits on a part of the patients."""

from typing import Final

from leukapp.commissioning.fitting import Parent, Promise
from leukapp.commissioning.judging import SiteAnswers, answer_after
from leukapp.commissioning.local_images import LocalImages
from leukapp.commissioning.report import CurvePoint, measure_site

PARTS: Final = (0.25, 0.5, 0.75)
"""Shares of the patients of each class; the whole is judged already."""


def draw_learning_curve(
    parent: Parent, images: LocalImages, promise: Promise, after: SiteAnswers
) -> tuple[CurvePoint, ...]:
    """Judge fits on a quarter, a half and three quarters of the patients, then the whole.

    The images that are judged are the same at every point, and a smaller part lies in a larger one.

    Args:
        parent: that is commissioned.
        images: of the laboratory.
        promise: that each fit keeps.
        after: answers of fits on the whole.
    """
    parts = [(part, answer_after(parent, images, promise, part=part)) for part in PARTS]
    points = []
    for share, answers in [*parts, (1.0, after)]:
        figures = measure_site(answers, images)
        points.append(
            CurvePoint(
                share=share,
                n_images=answers.n_fitted,
                coverage=figures.coverage,
                wrong=figures.wrong,
            )
        )
    return tuple(points)
