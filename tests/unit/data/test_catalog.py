import dataclasses
import shutil

import pytest
from PIL import Image

from leukapp.data.catalog import Catalog, Sample, validate_catalog
from leukapp.data.d4 import D4Element, apply_d4
from leukapp.errors import CatalogError


@pytest.fixture
def catalog(tmp_path, write_picture):
    rows = [
        ("a.png", "AML", "p1", "lab1", "train"),
        ("b.png", "Healthy", "p1", "lab1", "train"),
        ("c.png", "ALL", "p2", "lab2", "external"),
    ]
    samples = [
        Sample(
            path=write_picture(tmp_path / name, seed),
            label=label,
            group=group,
            source=source,
            role=role,
            sample_id=name,
        )
        for seed, (name, label, group, source, role) in enumerate(rows)
    ]
    return Catalog(root=tmp_path, samples=tuple(samples))


def relabel(catalog, index, **changes):
    samples = list(catalog.samples)
    samples[index] = dataclasses.replace(samples[index], **changes)
    return dataclasses.replace(catalog, samples=tuple(samples))


def kinds(report):
    return [(finding.kind, finding.sample_ids) for finding in report.findings]


def test_sources_and_groups(catalog):
    assert catalog.source_names == ("lab1", "lab2")
    assert catalog.with_groups(["x", "y", "z"]).groups.tolist() == ["x", "y", "z"]


def test_repeated_id_is_refused(catalog):
    with pytest.raises(CatalogError, match=r"listed more than once, first 'a.png'"):
        relabel(catalog, 1, sample_id="a.png")


def test_hash_ignores_order_and_place_but_not_label_group_or_content(catalog, tmp_path):
    original = catalog.sha256()
    assert dataclasses.replace(catalog, samples=catalog.samples[::-1]).sha256() == original
    moved = shutil.copy(catalog.samples[0].path, tmp_path / "elsewhere.png")
    assert relabel(catalog, 0, path=moved).sha256() == original
    other_content = relabel(catalog, 0, path=catalog.samples[1].path)
    others = [relabel(catalog, 0, label="ALL"), relabel(catalog, 0, group="p9"), other_content]
    assert len({original, *(other.sha256() for other in others)}) == 4


def test_hash_of_a_missing_file_is_an_error(catalog):
    catalog.samples[1].path.unlink()
    with pytest.raises(CatalogError, match=r"b\.png cannot be read"):
        catalog.sha256()


def test_clean_catalog_has_no_findings(catalog):
    report = validate_catalog(catalog, compare_pixels=True)
    assert report.findings == ()
    assert (report.n_samples, report.n_groups) == (3, 2)


def test_unknown_label_missing_and_foreign_files_are_named(catalog):
    catalog.samples[0].path.unlink()
    catalog.samples[1].path.write_text("no image")
    assert kinds(validate_catalog(relabel(catalog, 2, label="CML"))) == [
        ("unknown_label", ("c.png",)),
        ("unreadable_file", ("a.png",)),
        ("unreadable_file", ("b.png",)),
    ]


def test_damaged_file_is_named_when_pixels_are_compared(catalog):
    path = catalog.samples[2].path
    path.write_bytes(path.read_bytes()[:-200])
    assert validate_catalog(catalog).findings == ()
    assert kinds(validate_catalog(catalog, compare_pixels=True)) == [
        ("unreadable_file", ("c.png",))
    ]


def test_same_bytes_across_labels_and_groups_are_named_once(catalog):
    shutil.copy(catalog.samples[0].path, catalog.samples[2].path)
    expected = [
        ("duplicate_across_labels", ("a.png", "c.png")),
        ("duplicate_across_groups", ("a.png", "c.png")),
    ]
    assert kinds(validate_catalog(catalog)) == expected
    assert kinds(validate_catalog(catalog, compare_pixels=True)) == expected


def test_same_bytes_within_one_group_and_label_are_no_finding(catalog):
    shutil.copy(catalog.samples[0].path, catalog.samples[1].path)
    assert validate_catalog(relabel(catalog, 1, label="AML")).findings == ()


def test_turned_and_recompressed_copies_are_named(catalog, tmp_path, make_picture):
    Image.fromarray(apply_d4(make_picture(0), D4Element.ROTATE_90)).save(catalog.samples[1].path)
    Image.fromarray(make_picture(0)).save(tmp_path / "c.jpg", quality=70)
    changed = relabel(catalog, 2, path=tmp_path / "c.jpg", sample_id="c.jpg", label="AML")
    assert validate_catalog(changed).findings == ()
    assert kinds(validate_catalog(changed, compare_pixels=True)) == [
        ("duplicate_across_labels", ("a.png", "b.png")),
        ("near_duplicate_across_groups", ("a.png", "c.jpg")),
        ("near_duplicate_across_labels", ("b.png", "c.jpg")),
        ("near_duplicate_across_groups", ("b.png", "c.jpg")),
    ]
