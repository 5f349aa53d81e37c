from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from leukapp.errors import HeldOutError
from leukapp.evaluation.held_out import BranchPredictions, read_held_out, write_held_out

SUFFIXES = pytest.mark.parametrize("suffix", [".csv", ".parquet"])


def read_changed(path: Path, held_out, change) -> None:
    """Write a table, change it as text, and read it again."""
    write_held_out(held_out, path)
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    change(table).to_csv(path, index=False)
    read_held_out(path)


@SUFFIXES
def test_every_value_survives_the_disk_exactly(make_held_out, tmp_path, suffix):
    probabilities = np.random.default_rng(0).dirichlet([1, 1, 1], size=8)
    written = make_held_out(
        sample_ids=("NA", "a,b", 'quo"te', "new\nline", "ümlaut", "=1+1", "007", "null"),
        groups=("", "a", "b", "b", "c", "d", "d", "1"),
        groups_known=np.array([False, *[True] * 7]),
        sources=("x", "y", "y", "x", "x", "x", "x", "y"),
        probabilities=probabilities,
        branches=(
            BranchPredictions(name="second", probabilities=probabilities[::-1]),
            BranchPredictions(name="first__odd", probabilities=probabilities),
        ),
        protocol="external",
    )
    path = tmp_path / f"held_out{suffix}"
    write_held_out(written, path)
    read = read_held_out(path)
    for name in ("sample_ids", "groups", "sources", "no_call_reasons", "protocol", "bundle_sha256"):
        assert getattr(read, name) == getattr(written, name), name
    for name in ("groups_known", "true_labels", "probabilities", "is_called"):
        assert np.array_equal(getattr(read, name), getattr(written, name)), name
        assert getattr(read, name).dtype == getattr(written, name).dtype
    assert [branch.name for branch in read.branches] == ["second", "first__odd"]
    assert np.array_equal(read.branches[0].probabilities, probabilities[::-1])


def test_a_spreadsheet_runs_nothing_of_the_table_and_it_reads_back(make_held_out, tmp_path):
    names = ("=1+1", "'=1+1", "＝1", "-1.jpg", "a", "b", "c", "d")
    held_out = make_held_out(sample_ids=names, sources=("@lab",) * 8)
    path = tmp_path / "held_out.csv"
    write_held_out(held_out, path)
    lines = path.read_text().splitlines()
    assert [line.partition(",")[0] for line in lines[1:5]] == [f"'{name}" for name in names[:4]]
    read = read_held_out(path)
    assert (read.sample_ids, read.source_names) == (names, ("@lab",))


def test_the_columns_are_the_documented_ones(make_held_out, tmp_path):
    write_held_out(make_held_out(), tmp_path / "held_out.csv")
    lines = (tmp_path / "held_out.csv").read_text().splitlines()
    assert lines[0] == (
        "sample_id,group,groups_known,source,label,protocol,bundle_sha256,p_ALL,p_AML,p_Healthy,"
        "first__p_ALL,first__p_AML,first__p_Healthy,is_called,no_call_reason"
    )
    assert lines[2] == (
        f"image1.jpg,a,true,lab,ALL,grouped,{'ab' * 32},0.3,0.5,0.2,0.2,0.2,0.6,false,Not sure."
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: table.drop(columns="group"), "Column group is missing"),
        (lambda table: table.drop(columns="p_AML"), "Column p_AML is missing"),
        (lambda table: table.drop(columns="first__p_AML"), "Column first__p_AML is missing"),
        (lambda table: table.assign(label="CML"), "Label 'CML' .* use ALL, AML, Healthy"),
        (lambda table: table.assign(p_ALL="0.9"), r"image0.jpg .* sum to 1\.1, not 1"),
        (lambda table: table.assign(p_ALL="nan"), r"image0.jpg \(and 7 more\) has a missing"),
        (lambda table: table.assign(first__p_AML="inf"), "infinite value in first__p_ALL"),
        (lambda table: table.assign(p_ALL=""), "must hold numbers"),
        (lambda table: table.assign(p_ALL="high"), "must hold numbers"),
        (lambda table: table.iloc[:0], "holds no images"),
        (lambda table: table.assign(sample_id="one"), "stand more than once, first 'one'"),
        (lambda table: table.assign(sample_id=""), "empty sample_id"),
        (lambda table: table.assign(group=""), "no group though groups are known"),
        (lambda table: table.assign(is_called="yes"), "Column is_called holds 'yes'"),
        (lambda table: table.assign(protocol="random"), "Protocol 'random' is not known"),
        (lambda table: table.assign(protocol=["paper"] * 4 + ["grouped"] * 4), "holds 2 values"),
    ],
)
def test_a_wrong_table_is_refused_in_one_sentence(make_held_out, tmp_path, change, message):
    with pytest.raises(HeldOutError, match=message) as refusal:
        read_changed(tmp_path / "held_out.csv", make_held_out(), change)
    assert str(refusal.value).endswith(".")
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("name", ["absent.csv", "absent.parquet", "damaged.csv", "damaged.parquet"])
def test_a_file_that_is_no_table_is_refused(tmp_path, name):
    path = tmp_path / name
    if name.startswith("damaged"):
        path.write_bytes(b"\xff\xfe\x00\x81" * 10)
    with pytest.raises(HeldOutError, match=name):
        read_held_out(path)


def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "empty.csv").touch()
    with pytest.raises(HeldOutError, match=r"empty\.csv cannot be read"):
        read_held_out(tmp_path / "empty.csv")


def test_only_two_formats_and_existing_folders(make_held_out, tmp_path):
    with pytest.raises(HeldOutError, match="neither"):
        write_held_out(make_held_out(), tmp_path / "held_out.xlsx")
    with pytest.raises(HeldOutError, match="cannot be written"):
        write_held_out(make_held_out(), tmp_path / "absent" / "held_out.csv")


def test_a_sum_within_the_tolerance_is_taken(make_held_out):
    probabilities = np.tile([0.5, 0.25, 0.2505], (8, 1))
    assert np.array_equal(make_held_out(probabilities=probabilities).probabilities, probabilities)
    with pytest.raises(HeldOutError, match="not 1"):
        make_held_out(probabilities=probabilities + 0.001)
    with pytest.raises(HeldOutError, match="0-1"):
        make_held_out(probabilities=np.tile([1.2, -0.2, 0.0], (8, 1)))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"groups": ("a",)}, "groups must hold one value for each of the 8 images; it holds 1"),
        ({"true_labels": np.full(8, 4)}, "0 to 2, or 3 for another leukemia"),
        ({"probabilities": np.full((8, 2), 0.5)}, "8 rows and 3 columns"),
        (
            {
                "branches": (
                    BranchPredictions(name="one", probabilities=np.full((8, 3), 1 / 3)),
                    BranchPredictions(name="one", probabilities=np.full((8, 3), 1 / 3)),
                )
            },
            "Two branches have one name",
        ),
    ],
)
def test_a_set_that_contradicts_itself_is_refused(make_held_out, changes, message):
    with pytest.raises(HeldOutError, match=message):
        make_held_out(**changes)


def test_where_keeps_rows_in_order(make_held_out):
    kept = make_held_out().where(np.array([0, 1, 0, 0, 0, 0, 0, 1], bool))
    assert kept.sample_ids == ("image1.jpg", "image7.jpg")
    assert kept.groups == ("a", "e")
    assert kept.no_call_reasons == ("Not sure.", None)
    assert kept.true_labels.tolist() == [0, 2]
    assert kept.is_called.tolist() == [False, True]
    assert kept.probabilities.tolist() == [[0.3, 0.5, 0.2], [0.5, 0.1, 0.4]]
    assert kept.branches[0].probabilities.shape == (2, 3)
    with pytest.raises(HeldOutError, match="no images"):
        make_held_out().where(np.zeros(8, bool))


def test_sources_and_independent_groups(make_held_out):
    held_out = make_held_out(
        sources=("y",) * 2 + ("x",) * 6,
        groups=("a", "a", "a", "a", "", "", "b", "b"),
        groups_known=np.array([True] * 4 + [False] * 4),
    )
    assert held_out.source_names == ("x", "y")
    assert held_out.of_source("y").sample_ids == ("image0.jpg", "image1.jpg")
    numbers = held_out.independent_groups
    # Group a of y, group a of x, two images without a group, group b.
    assert numbers[0] == numbers[1]
    assert numbers[2] == numbers[3]
    assert numbers[6] == numbers[7]
    assert sorted(set(numbers.tolist())) == [0, 1, 2, 3, 4]


def test_arrays_cannot_be_changed_from_outside(make_held_out):
    labels = np.array([0, 0, 1, 1, 1, 2, 2, 2])
    held_out = make_held_out(true_labels=labels)
    labels[0] = 2
    assert held_out.true_labels[0] == 0
    with pytest.raises(ValueError, match="read-only"):
        held_out.probabilities[0, 0] = 1


def test_every_fault_of_a_table_is_named_at_once(make_held_out, tmp_path):
    def spoil(table):
        table = table.drop(columns="group").assign(is_called="yes", p_ALL="0.9")
        return table.assign(label=["CML", "MDS"] * 4, sample_id="one")

    with pytest.raises(HeldOutError) as refusal:
        read_changed(tmp_path / "held_out.csv", make_held_out(), spoil)
    faults = refusal.value.faults
    parts = ("Column group is missing", "2 labels", "stand more than once", "is_called", "not 1")
    assert len(faults) == len(parts)
    assert all(part in fault for part, fault in zip(parts, faults, strict=True))
    assert str(refusal.value) == " ".join(faults)
