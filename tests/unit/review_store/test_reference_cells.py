"""Signed leukocytes are found again by where the networks place them, and hold no picture."""

import json

import numpy as np
import pytest
from fake_diagnoser import FIELD, make_field
from sqlalchemy import select

from leukapp.review.records import REMOVED
from leukapp.review.reference_cells import (
    SignedCell,
    decode_features,
    encode_features,
    nearest_signed,
)
from leukapp.review.tables import AUDIT_TRAIL

IMAGE = make_field(FIELD, ["ALL", "Healthy", "ALL", None])
EAST, NORTH = np.eye(2, 64, dtype=np.float32)


def test_half_precision_is_kept_in_172_letters_and_nothing_else_is_read():
    vector = np.linspace(-1, 1, 64, dtype=np.float32)
    text = encode_features(vector)
    assert len(text) == 172
    assert decode_features(text) == pytest.approx(vector, abs=5e-4)
    with pytest.raises(ValueError, match="Only base64 data"):
        decode_features("no numbers")


def test_the_nearest_signed_cells_of_the_same_networks_are_given(store):
    first, second, third, fourth = (cell.box for cell in IMAGE.cells)
    near = (EAST + 0.1 * NORTH) / np.linalg.norm(EAST + 0.1 * NORTH)
    store.correct_cell(IMAGE, first, "AML", initials="KM", features=encode_features(NORTH))
    store.correct_cell(IMAGE, second, "ALL", initials="KM", features=encode_features(near))
    store.correct_cell(IMAGE, third, REMOVED, initials="KM", features=encode_features(EAST))
    store.correct_cell(IMAGE, fourth, "ALL", initials="KM")
    made = store.all_cell_corrections()
    signed = [
        SignedCell(image_sha256=image, correction=one) for image in made for one in made[image]
    ]

    def nearest(bundle_sha256, but):
        found = nearest_signed(
            EAST, signed, bundle_sha256=bundle_sha256, but=(IMAGE.image_sha256, but), n=4
        )
        return [(one.signed.correction.box, round(one.similarity, 2)) for one in found]

    assert nearest(IMAGE.bundle.sha256, fourth) == [(second, 1.0), (first, 0.0)]
    assert nearest(IMAGE.bundle.sha256, second) == [(first, 0.0)]
    assert nearest("cd" * 32, fourth) == []
    assert store.verify().is_whole
    with store._reader() as connection:
        details = [json.loads(row) for row in connection.scalars(select(AUDIT_TRAIL.c.detail))]
    assert {"box", "answer", "initials", "features"} == set(details[0])
