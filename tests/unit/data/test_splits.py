from collections import Counter

import numpy as np
import pytest

from leukapp.data.catalog import Catalog, Sample
from leukapp.data.duplicates import DuplicatePair
from leukapp.data.splits import (
    AugmentedSplit,
    grouped_folds,
    keep_duplicates_together,
    measure_leakage,
    merge_duplicate_groups,
    split_grouped,
    split_paper,
)
from leukapp.errors import CatalogError


def make_columns(n_groups=40, seed=3):
    """Patients of very different size; those of lab1 have cells of two labels."""
    rng = np.random.default_rng(seed)
    rows = []
    for group in range(n_groups):
        source = "lab1" if group % 2 else "lab2"
        for _ in range(rng.integers(1, 30)):
            label = rng.choice(["AML", "Healthy"]) if source == "lab1" else "ALL"
            rows.append((str(label), f"{source}:{group}", source))
    return tuple(list(column) for column in zip(*rows, strict=True))


def test_groups_never_cross_and_every_sample_is_used_once():
    labels, groups, sources = make_columns()
    for seed in range(10):
        split = split_grouped(labels, groups, sources, seed=seed)
        parts = [split.train, split.validation, split.test]
        assert sorted(index for part in parts for index in part) == list(range(len(labels)))
        in_part = [{groups[index] for index in part} for part in parts]
        assert not in_part[0] & in_part[1]
        assert not in_part[0] & in_part[2]
        assert not in_part[1] & in_part[2]


def test_shares_are_kept_for_each_source_and_label():
    labels, groups, sources = make_columns()
    totals = Counter(zip(sources, labels, strict=True))
    split = split_grouped(labels, groups, sources, seed=1)
    for stratum, total in totals.items():
        share = [
            sum((sources[i], labels[i]) == stratum for i in part) / total
            for part in (split.train, split.validation, split.test)
        ]
        assert share == pytest.approx([0.7, 0.1, 0.2], abs=0.06)


def test_equal_groups_give_exact_counts():
    labels = ["ALL"] * 100
    groups = [f"g{index // 10}" for index in range(100)]
    split = split_grouped(labels, groups, ["lab"] * 100, seed=5)
    assert (len(split.train), len(split.validation), len(split.test)) == (70, 10, 20)
    assert split.protocol == "grouped"
    assert not split.is_leaking


def test_three_groups_reach_all_three_parts_in_each_source_and_label():
    labels, groups, sources = [], [], []
    for source, label in (("a", "ALL"), ("a", "Healthy"), ("b", "AML")):
        for group in range(3):
            for _ in range(5 + 20 * group):
                labels.append(label)
                groups.append(f"{source}{label}{group}")
                sources.append(source)
    for seed in range(10):
        split = split_grouped(labels, groups, sources, seed=seed)
        for part in (split.train, split.validation, split.test):
            assert {(sources[i], labels[i]) for i in part} == {
                ("a", "ALL"),
                ("a", "Healthy"),
                ("b", "AML"),
            }


def test_same_seed_same_split_other_seed_other_split():
    columns = make_columns()
    assert split_grouped(*columns, seed=1) == split_grouped(*columns, seed=1)
    assert split_grouped(*columns, seed=1).test != split_grouped(*columns, seed=2).test


def test_a_part_may_be_left_out():
    split = split_grouped(["ALL"] * 10, list("abcdefghij"), ["x"] * 10, fractions=(0.8, 0, 0.2))
    assert (len(split.train), len(split.validation), len(split.test)) == (8, 0, 2)


def test_split_refuses_what_cannot_be_split():
    with pytest.raises(CatalogError, match="needs at least 3 groups, got 2"):
        split_grouped(["ALL"] * 4, ["a", "a", "b", "b"], ["x"] * 4)
    with pytest.raises(ValueError, match="sum to 1"):
        split_grouped(["ALL"], ["a"], ["x"], fractions=(0.7, 0.1, 0.1))
    with pytest.raises(ValueError, match="equally long, got 1, 2 and 1"):
        split_grouped(["ALL"], ["a", "b"], ["x"])


def test_folds_test_each_sample_once_and_keep_groups_together():
    labels, groups, _ = make_columns()
    folds = grouped_folds(labels, groups, n_folds=5, seed=1)
    assert sorted(index for fold in folds for index in fold.test) == list(range(len(labels)))
    for fold in folds:
        assert not {groups[i] for i in fold.train} & {groups[i] for i in fold.test}
        assert {labels[i] for i in fold.test} == {"ALL", "AML", "Healthy"}


def test_folds_refuse_too_few_groups():
    with pytest.raises(CatalogError, match="got 2 groups and 3 samples"):
        grouped_folds(["ALL"] * 3, ["a", "b", "b"], n_folds=3)
    with pytest.raises(ValueError, match="at least 2"):
        grouped_folds(["ALL"] * 3, ["a", "b", "c"], n_folds=1)


def test_paper_split_has_the_papers_counts_and_covers_every_copy():
    labels = ["ALL"] * 130 + ["AML"] * 130 + ["Healthy"] * 130
    split = split_paper(labels, seed=4)
    parts = (split.train, split.validation, split.test)
    assert [part.shape for part in parts] == [(4368, 2), (624, 2), (1248, 2)]
    items = {tuple(item) for part in parts for item in part.tolist()}
    assert items == {(sample, copy) for sample in range(390) for copy in range(16)}
    assert Counter(labels[sample] for sample in split.test[:, 0]) == {
        "ALL": 416,
        "AML": 416,
        "Healthy": 416,
    }
    assert split.is_leaking
    assert split.protocol == "paper"
    assert not split.test.flags.writeable


def test_paper_split_leaks_as_chance_says():
    leaks = [measure_leakage(split_paper(["ALL"] * 390, seed=seed)) for seed in range(20)]
    # The twin of a test item is any of the other 6,239 items; 4,368 of them are in training.
    mean = np.mean([leak.identical_fraction for leak in leaks])
    assert mean == pytest.approx(4368 / 6239, abs=0.01)
    assert min(leak.sibling_fraction for leak in leaks) > 0.999
    assert leaks[0].n_test == 1248


def test_leakage_of_a_split_made_by_hand():
    # 0 degrees with both flips (index 3) is 180 degrees without a flip (index 8).
    split = AugmentedSplit(
        train=np.array([[0, 3], [1, 0]]),
        validation=np.empty((0, 2), np.int64),
        test=np.array([[0, 8], [1, 1], [2, 0], [2, 1]]),
        seed=0,
    )
    leak = measure_leakage(split)
    assert (leak.n_test, leak.identical_fraction, leak.sibling_fraction) == (4, 0.25, 0.5)


def test_paper_split_checks_its_arguments():
    with pytest.raises(ValueError, match="n_augmented must be 1-16, got 17"):
        split_paper(["ALL"], n_augmented=17)
    with pytest.raises(ValueError, match="at least 1 item"):
        measure_leakage(split_paper(["ALL"], n_augmented=1))


def pair(first, second):
    return DuplicatePair(first=first, second=second, kind="near", distance=3)


def test_groups_that_share_copies_are_joined_through_chains():
    groups = ["e", "d", "c", "b", "a", "c"]
    merged = merge_duplicate_groups(groups, [pair(0, 1), pair(1, 2), pair(3, 4)])
    assert merged == ("c", "c", "c", "a", "a", "c")
    assert merge_duplicate_groups(groups, []) == tuple(groups)


def test_copies_in_two_groups_stay_together(tmp_path, write_picture):
    samples = tuple(
        Sample(
            path=write_picture(tmp_path / f"{index}.png", seed),
            label="ALL",
            group=f"g{index}",
            source="lab",
            sample_id=f"{index}.png",
        )
        for index, seed in enumerate([0, 1, 2, 0, 3])
    )
    catalog = keep_duplicates_together(Catalog(root=tmp_path, samples=samples))
    assert catalog.groups.tolist() == ["g0", "g1", "g2", "g0", "g4"]
    samples[1].path.write_bytes(b"")
    with pytest.raises(CatalogError, match=r"^1\.png: "):
        keep_duplicates_together(catalog)
