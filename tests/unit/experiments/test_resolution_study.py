"""What is changed, what is compared, and that a run which was killed goes on."""

import json
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
import pytest

from experiments.resolution.__main__ import choose_samples, find_pairs
from experiments.resolution.agreement import measure_agreement
from experiments.resolution.answers import AS_IT_IS, KeptAnswer, answer_copies, copies_of, pair_of
from experiments.resolution.changes import CHANGES
from experiments.resolution.page import write_page
from leukapp.data.catalog import Sample
from leukapp.imaging.image_io import decode_image
from leukapp.imaging.synthetic import draw_synthetic_cell


def answer(image, change, *, label, finding, leukemia):
    return KeptAnswer(
        bundle_sha256="b",
        image_sha256=image,
        source="lab",
        change=change,
        label=label,
        finding=finding,
        leukemia=leukemia,
    )


def sample(path, source="lab"):
    return Sample(path=path, label="ALL", group="g", source=source, sample_id=path.name)


def test_agreement_by_hand():
    answers = [
        answer("1", AS_IT_IS, label="ALL", finding="leukemia", leukemia=0.9),
        answer("1", "2x", label=None, finding="leukemia", leukemia=0.7),
        answer("1", "JPEG 60", label="ALL", finding="leukemia", leukemia=0.8),
        answer("2", AS_IT_IS, label=None, finding=None, leukemia=0.4),
        answer("2", "2x", label=None, finding=None, leukemia=None),
        answer("2", "JPEG 60", label=None, finding=None, leukemia=0.4),
    ]
    found = {(one.source, one.change): one for one in measure_agreement(answers)}
    twice = found["lab", "2x"]
    assert (twice.n_pairs, twice.same_answer, twice.same_finding) == (2, 0.5, 1.0)
    assert twice.same_readable == 0.5
    assert twice.median_change == pytest.approx(0.2)
    whole = found["all", "all"]
    assert (whole.n_pairs, whole.same_answer) == (4, 0.75)
    assert whole.median_change == pytest.approx(0.1)
    assert 0 < whole.same_answer_low < 0.75
    assert "| lab | 2x | 2 | 50.0% (9.5%) | 100.0% | 50.0% | 0.200 | 0.200 |" in write_page(
        [twice], "compact", "0" * 64
    )


def test_changes_keep_the_picture():
    image = draw_synthetic_cell("lymphoblast", seed=2, size_px=200)
    sizes = {name: decode_image(change(image)).shape[0] for name, change in CHANGES.items()}
    assert sizes == {
        "JPEG 60": 200, "JPEG 80": 200, "JPEG 100": 200, "0.5x": 100, "0.7x": 140, "1.4x": 280,
        "2x": 400, "10 % less frame": 180, "10 % more frame": 220,
    }  # fmt: skip
    assert np.array_equal(decode_image(CHANGES["10 % less frame"](image)), image[10:-10, 10:-10])
    more = decode_image(CHANGES["10 % more frame"](image))
    assert np.array_equal(more[10:-10, 10:-10], image)
    again = cv2.resize(decode_image(CHANGES["2x"](image)), (200, 200), interpolation=cv2.INTER_AREA)
    # Red and blue are not exchanged on the way.
    assert np.abs(again.astype(int) - image).mean() < 2


def test_answers_that_are_kept_are_not_asked_again(tmp_path):
    path = tmp_path / "cell.png"
    cv2.imwrite(str(path), draw_synthetic_cell("lymphoblast", seed=2, size_px=64))
    copies = copies_of(sample(path))
    expected = [
        answer(copies.image_sha256, change, label=None, finding=None, leukemia=0.5)
        for change in (AS_IT_IS, *CHANGES)
    ]
    kept = tmp_path / "answers.jsonl"
    lines = [json.dumps(asdict(one)) for one in expected]
    # The last line is what a killed run left.
    kept.write_text("\n".join([*lines, lines[0][:40]]))
    # No diagnoser: asking one would fail.
    assert list(answer_copies(None, "b", [copies], kept)) == expected
    with pytest.raises(AttributeError):
        list(answer_copies(None, "another bundle", [copies], kept))


def test_the_same_images_are_chosen_in_every_run(tmp_path):
    samples = [sample(tmp_path / f"{source}{i}.png", source) for source in "ab" for i in range(9)]
    chosen = choose_samples(samples, 3)
    assert [one.source for one in chosen] == ["a"] * 3 + ["b"] * 3
    assert chosen == choose_samples(samples, 3)


def test_pairs_are_found_by_name(tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    for path in (tmp_path / "Im001_1.jpg", small / "Im001_1.tif", tmp_path / "Im002_1.jpg"):
        path.write_bytes(path.name.encode())
    cells = [sample(tmp_path / f"Im00{i}_1.jpg", "all_idb2") for i in (1, 2)]
    ((cell, file),) = find_pairs(cells, small)
    assert (cell, file) == (cells[0], small / "Im001_1.tif")
    assert pair_of(cell, file).make() == (b"Im001_1.jpg", b"Im001_1.tif")
    assert find_pairs(cells, Path("nowhere")) == []
