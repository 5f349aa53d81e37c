"""The readers on the real images, where they are."""

from collections import Counter

import pytest

from experiments.backbones.archives import excluded_cell_names, read_cell_images, read_cells
from leukapp.data.duplicates import find_duplicates
from leukapp.data.readers import read_catalog
from leukapp.data.splits import split_grouped
from leukapp.imaging.image_io import read_image

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def catalog(data_root):
    return read_catalog(data_root)


def of_source(catalog, source):
    return [sample for sample in catalog.samples if sample.source == source]


def test_counts_of_each_source_and_label(catalog):
    assert len(catalog) == 5014
    assert catalog.findings == ()
    assert Counter((s.source, s.lab) for s in catalog.others) == {("itu", "itu"): 21}
    counted = Counter((s.source, s.label, s.role, s.groups_known) for s in catalog.samples)
    assert counted == {
        ("jhu_aml", "AML", "train", True): 864,
        ("jhu_aml", "Healthy", "train", True): 315,
        ("pbc_healthy", "Healthy", "train", False): 820,
        ("pbc_healthy_batch2", "Healthy", "external", False): 250,
        ("all_idb1", "ALL", "train", True): 49,
        ("all_idb1", "Healthy", "train", True): 59,
        ("all_idb2", "ALL", "train", True): 130,
        ("all_idb2", "Healthy", "train", True): 130,
        ("aria", "ALL", "train", True): 690,
        ("aria", "Healthy", "train", True): 230,
        ("lmu", "AML", "external", False): 30,
        ("lmu", "Healthy", "external", False): 40,
        ("lmu_more", "AML", "train", False): 220,
        ("lmu_more", "Healthy", "train", False): 220,
        ("itu", "ALL", "train", True): 45,
        ("itu", "AML", "train", True): 60,
        ("cnmc", "ALL", "train", True): 253,
        ("cnmc", "Healthy", "train", True): 169,
        ("raabin", "Healthy", "train", False): 200,
        ("bccd", "Healthy", "external", False): 120,
        ("tecom", "Healthy", "external", False): 120,
    }
    assert len({s.group for s in of_source(catalog, "jhu_aml")}) == 82


def test_fields_and_the_cells_cut_from_them_share_their_groups(catalog):
    fields = {s.group for s in of_source(catalog, "all_idb1")}
    assert {s.group for s in of_source(catalog, "all_idb2")} <= fields


def test_no_group_crosses_and_every_source_and_label_is_tested(catalog):
    training = [sample for sample in catalog.samples if sample.role == "train"]
    labels, groups, sources = zip(*((s.label, s.group, s.source) for s in training), strict=True)
    split = split_grouped(labels, groups, sources, seed=0)
    parts = [{groups[i] for i in part} for part in (split.train, split.validation)]
    tested = {groups[i] for i in split.test}
    assert not parts[0] & parts[1]
    assert not (parts[0] | parts[1]) & tested
    tested = {(sources[i], labels[i]) for i in split.test}
    # The healthy cells of C-NMC are of one person, who can only be on one side.
    assert set(zip(sources, labels, strict=True)) - tested == {("cnmc", "Healthy")}
    assert len(split.test) / len(training) == pytest.approx(0.2, abs=0.02)


def test_noted_near_duplicates_of_all_idb2_are_found(data_root):
    samples = read_catalog(data_root / "smears" / "all_idb2_103px", "all_idb2").samples
    names = [sample.path.stem[:5] for sample in samples]
    pairs = find_duplicates(read_image(sample.path) for sample in samples)
    found = {(names[pair.first], names[pair.second]) for pair in pairs}
    noted = {
        ("Im028", "Im031"),
        ("Im001", "Im067"),
        ("Im138", "Im146"),
        ("Im134", "Im245"),
        ("Im222", "Im256"),
        ("Im223", "Im257"),
    }
    assert noted <= found
    # The two more were seen by eye to show the same cells.
    assert found - noted == {("Im025", "Im031"), ("Im171", "Im211")}


def test_cells_of_held_out_samples_are_excluded(data_root, catalog):
    cells = read_cells(data_root)
    assert len(cells) == 21085
    patient = [s for s in catalog.samples if s.group == "jhu_aml:Patient_00"]
    excluded = excluded_cell_names(cells, patient)
    assert excluded == {c.name for c in cells if c.name.startswith("Patient_00/")}
    assert len(excluded) > 0
    # 683 of the 820 Barcelona images are among the cells, under the same file name.
    assert len(excluded_cell_names(cells, of_source(catalog, "pbc_healthy"))) == 683
    assert not excluded_cell_names(cells, of_source(catalog, "pbc_healthy_batch2"))
    assert read_cell_images([cells[-1], cells[0]]).std() > 0
