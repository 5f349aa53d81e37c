"""One clear sentence for each thing that is wrong with a laboratory's images."""

from pathlib import Path

import numpy as np
import pytest

from leukapp.commissioning.looking import SeenImage
from leukapp.commissioning.readiness import check_readiness
from leukapp.data.catalog import CatalogFinding, Sample
from leukapp.data.fingerprints import Fingerprints
from leukapp.errors import ImageError

NAMES = ("ALL", "AML", "Healthy")


def make(label, n, *, known=True, first=0):
    return [
        Sample(
            path=Path(f"{label}{i}.png"),
            label=label,
            group=f"{label}-p{i}",
            source="here",
            sample_id=f"{label}{i}.png",
            groups_known=known,
        )
        for i in range(first, first + n)
    ]


def seen(*, blocked=None, scale=60.0, is_copy=False, n_cells=1):
    return SeenImage(
        pooled=(np.ones((n_cells, 3), np.float32), np.ones((n_cells, 2), np.float32)),
        blocked_reason=blocked,
        erythrocyte_px=scale,
        stain=0.9,
        fingerprints=Fingerprints(pixels=("0" * 64,), looks=np.zeros((1, 32), np.uint8)),
        mode="cell",
        is_copy=is_copy,
    )


def check(samples, looks=None, findings=()):
    looks = [seen() for _ in samples] if looks is None else looks
    return check_readiness(samples, looks, findings, NAMES, risk=0.02, confidence=0.95)


def kinds(readiness):
    return {note.kind for note in readiness.notes}


def test_images_that_serve_become_numbers_by_patient():
    readiness = check(make("ALL", 10) + make("Healthy", 10))

    assert readiness.stopping is None
    assert len(readiness.images) == 20
    assert readiness.images.is_healthy.sum() == 10
    assert kinds(readiness) == {"class_missing", "cannot_certify"}


@pytest.mark.parametrize(
    ("samples", "sentence"),
    [
        (make("ALL", 20), "There are 0 healthy images"),
        (make("Healthy", 5), "There are 5 healthy images"),
        (make("Healthy", 20) + make("AML", 3), "There are 3 images of leukemia"),
    ],
)
def test_one_class_alone_or_too_few_images_stop_it(samples, sentence):
    assert check(samples).stopping.message.startswith(sentence)


def test_healthy_images_alone_serve_and_say_what_they_do_not_certify():
    readiness = check(make("Healthy", 20))

    assert readiness.stopping is None
    assert "healthy_only" in kinds(readiness)


def test_copies_of_training_images_unreadable_ones_and_other_classes_are_left_out():
    samples = make("Healthy", 12) + make("ALL", 9) + make("CLL", 1)
    looks = [seen(is_copy=True), ImageError("x"), *(seen() for _ in samples[2:])]

    readiness = check(samples, looks)

    assert {"copy", "unreadable", "class"} <= kinds(readiness)
    assert len(readiness.samples) == 19
    assert "Healthy0.png" not in {sample.sample_id for sample in readiness.samples}
    copy = next(note for note in readiness.notes if note.kind == "copy")
    assert "Healthy0.png" not in copy.message
    assert "Healthy0.png" in copy.named()


def test_quality_magnification_and_missing_patients_are_named():
    samples = make("Healthy", 10, known=False) + make("ALL", 10)
    looks = [seen(blocked="Too dark."), seen(n_cells=0), seen(scale=20.0)]
    looks += [seen() for _ in samples[3:]]

    readiness = check(samples, looks)

    assert {"quality", "no_leukocyte", "mixed_magnification", "no_patients"} <= kinds(readiness)
    assert readiness.images.is_blocked.tolist()[:2] == [True, False]
    assert len(readiness.images.of_image) == 19


def test_too_low_a_magnification_is_named_with_what_to_do():
    samples = make("Healthy", 10) + make("ALL", 10)

    readiness = check(samples, [seen(scale=9.0) for _ in samples])

    note = next(note for note in readiness.notes if note.kind == "magnification")
    assert "9 pixels wide" in note.message
    assert "100x oil objective" in note.message


def test_one_picture_in_two_groups_makes_them_one():
    samples = make("Healthy", 10) + make("ALL", 10)
    finding = CatalogFinding(
        kind="near_duplicate_across_groups", sample_ids=("ALL1.png", "ALL0.png"), message=""
    )

    readiness = check(samples, findings=(finding,))

    groups = readiness.images.groups.tolist()
    assert groups[10] == groups[11] == "ALL-p0"
    assert len(set(groups)) == 19


def test_a_few_patients_are_said_to_be_few():
    samples = make("Healthy", 10) + make("ALL", 10)
    one = [Sample(**{**_fields(s), "group": "p"}) for s in samples[:10]]

    assert "few_patients" in kinds(check(one + samples[10:]))


def _fields(sample):
    return {name: getattr(sample, name) for name in sample.__dataclass_fields__}
