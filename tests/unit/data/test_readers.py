import pandas as pd
import pytest

from leukapp.data.catalog import Catalog
from leukapp.data.readers import detect_layout, read_catalog
from leukapp.data.readers.all_idb2 import block_group
from leukapp.data.readers.combined import read_combined
from leukapp.errors import CatalogError
from leukapp.labels import OTHER_LEUKEMIA


def rows(catalog: Catalog):
    return [(s.sample_id, s.label, s.group, s.source, s.groups_known) for s in catalog.samples]


def touch(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"not decoded by a reader")
    return path


def test_groups_of_one_laboratory_are_one_name_space(tmp_path):
    for name in ("a.png", "b.png", "c.png", "d.png"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "t.csv").write_text(
        "path,label,group,source,lab,note\n"
        'a.png,ALL,scene_1,fields,monza,"one, two"\n'
        "b.png,ALL,scene_1,cells,monza,\n"
        "c.png,AML,jhu_aml:Patient_00,jhu_aml,jhu,\n"
        "d.png,AML,,jhu_aml,jhu,\n"
    )
    catalog = read_catalog(tmp_path / "t.csv")
    assert [(sample.group, sample.groups_known) for sample in catalog.samples] == [
        ("monza:scene_1", True),
        ("monza:scene_1", True),
        ("jhu_aml:Patient_00", True),
        ("jhu_aml:d.png", False),
    ]


@pytest.mark.parametrize(
    ("number", "label", "group"),
    [
        (1, "ALL", "idb2_ALL_blk00"),
        (10, "ALL", "idb2_ALL_blk00"),
        (11, "ALL", "idb2_ALL_blk01"),
        (130, "ALL", "idb2_ALL_blk12"),
        (131, "Healthy", "idb2_H_blk00"),
        (141, "Healthy", "idb2_H_blk01"),
        (260, "Healthy", "idb2_H_blk12"),
    ],
)
def test_all_idb2_blocks(number, label, group):
    assert block_group(number, label) == group


def test_all_idb2(tmp_path):
    for name in ("Im011_1.tif", "Im131_0.png", "Im132_0.jpg", "cover.png", "._Im001_1.tif"):
        touch(tmp_path / "img" / name)
    catalog = read_catalog(tmp_path)
    assert detect_layout(tmp_path).name == "all_idb2"
    assert rows(catalog) == [
        ("img/Im011_1.tif", "ALL", "idb2_ALL_blk01", "all_idb2", True),
        ("img/Im131_0.png", "Healthy", "idb2_H_blk00", "all_idb2", True),
        ("img/Im132_0.jpg", "Healthy", "idb2_H_blk00", "all_idb2", True),
    ]
    assert [f.kind for f in catalog.findings] == ["unexpected_file"]
    assert catalog.findings[0].sample_ids == ("img/cover.png",)


def test_all_idb1(tmp_path):
    touch(tmp_path / "im" / "Im001_1.jpg")
    touch(tmp_path / "im" / "Im034_0.jpg")
    touch(tmp_path / "xyc" / "Im001_1.xyc")
    assert detect_layout(tmp_path).name == "all_idb1"
    assert rows(read_catalog(tmp_path)) == [
        ("im/Im001_1.jpg", "ALL", "all_idb1:im/Im001_1.jpg", "all_idb1", False),
        ("im/Im034_0.jpg", "Healthy", "all_idb1:im/Im034_0.jpg", "all_idb1", False),
    ]


def test_jpeg_names_that_fit_both_idb_sets_must_be_named(tmp_path):
    touch(tmp_path / "Im001_1.jpg")
    with pytest.raises(CatalogError, match="rename the folder ALL_IDB1 or ALL_IDB2"):
        read_catalog(tmp_path)
    assert len(read_catalog(tmp_path, "all_idb2")) == 1


def test_ash_and_combined(tmp_path):
    touch(tmp_path / "ALL-IDB2" / "Im001_1.tif")
    touch(tmp_path / "ALL-IDB2" / "Im131_0.tif")
    touch(tmp_path / "ALL-IDB2" / "cover.tif")
    touch(tmp_path / "ASH" / "7.jpg")
    assert detect_layout(tmp_path / "ASH").name == "ash"
    assert detect_layout(tmp_path).name == "combined"
    catalog = read_catalog(tmp_path)
    assert rows(catalog) == [
        ("all_idb2/Im001_1.tif", "ALL", "idb2_ALL_blk00", "all_idb2", True),
        ("all_idb2/Im131_0.tif", "Healthy", "idb2_H_blk00", "all_idb2", True),
        ("ash/7.jpg", "AML", "ash:7.jpg", "ash", False),
    ]
    assert catalog.findings[0].sample_ids == ("all_idb2/cover.tif",)
    assert read_combined(tmp_path / "ALL-IDB2", tmp_path / "ASH") == catalog


def test_cnmc(tmp_path):
    root = tmp_path / "C-NMC_training_data"
    for name in (
        "fold_0/all/UID_11_10_1_all.bmp",
        "fold_0/hem/UID_H22_20_10_hem.bmp",
        "fold_1/all/UID_11_3_2_ALL.bmp",
        "fold_1/hem/UID_5_1_1_all.bmp",
        "fold_1/hem/1.bmp",
    ):
        touch(root / name)
    assert detect_layout(root).name == detect_layout(root / "fold_0").name == "cnmc"
    catalog = read_catalog(root)
    assert rows(catalog) == [
        ("fold_0/all/UID_11_10_1_all.bmp", "ALL", "cnmc:UID_11", "cnmc", True),
        ("fold_0/hem/UID_H22_20_10_hem.bmp", "Healthy", "cnmc:UID_H22", "cnmc", True),
        ("fold_1/all/UID_11_3_2_ALL.bmp", "ALL", "cnmc:UID_11", "cnmc", True),
    ]
    assert [(found.kind, found.sample_ids) for found in catalog.findings] == [
        ("unexpected_file", ("fold_1/hem/1.bmp",)),
        ("unexpected_file", ("fold_1/hem/UID_5_1_1_all.bmp",)),
    ]
    assert "named all and lies in folder hem" in catalog.findings[1].message


def test_folder_per_class(tmp_path):
    root = tmp_path / "ward"
    for name in ("all/1.png", "AML/p1/2.png", "hem/p1/3.png", "Benign/4.png", "CML/5.png"):
        touch(root / name)
    catalog = read_catalog(root)
    assert rows(catalog) == [
        ("AML/p1/2.png", "AML", "ward:p1", "ward", True),
        ("Benign/4.png", "Healthy", "ward:Benign/4.png", "ward", False),
        ("all/1.png", "ALL", "ward:all/1.png", "ward", False),
        ("hem/p1/3.png", "Healthy", "ward:p1", "ward", True),
    ]
    assert [(f.kind, f.sample_ids) for f in catalog.findings] == [("unknown_label", ("CML/5.png",))]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_manifest(tmp_path, suffix):
    touch(tmp_path / "x" / "1.png")
    touch(tmp_path / "x" / "2.png")
    frame = pd.DataFrame(
        {
            "path": ["x/1.png", "x/2.png", "x/3.png", "x/1.png"],
            "label": ["AML", "Healthy", "ALL", "CML"],
            "group": ["7", None, "8", "9"],
            "source": ["lab"] * 4,
            "role": ["", "external", "train", "train"],
        }
    )
    table = tmp_path / f"t.{suffix}"
    if suffix == "csv":
        frame.to_csv(table, index=False)
    else:
        frame.to_parquet(table)
    catalog = read_catalog(table)
    assert rows(catalog) == [
        ("x/1.png", "AML", "lab:7", "lab", True),
        ("x/2.png", "Healthy", "lab:x/2.png", "lab", False),
    ]
    assert [s.role for s in catalog.samples] == ["train", "external"]
    assert [(f.kind, f.sample_ids) for f in catalog.findings] == [
        ("unreadable_file", ("x/3.png",)),
        ("unknown_label", ("x/1.png",)),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path,label,group,source\n../secret.png,AML,1,lab\n", "outside its own folder"),
        ("path,label,group,source\n/etc/hostname,AML,1,lab\n", "outside its own folder"),
        ("path,label,group,source\nlink.png,AML,1,lab\n", "outside its own folder"),
        ("path,label,source\na.png,AML,lab\n", "lacks the columns group"),
        ("path,label,group,source,role\na.png,AML,1,lab,judge\n", "role must be one of"),
        ("path,label,group,source\na.png,AML,1,lab\na.png,AML,1,lab\n", "more than once"),
        ("path,label,group,source\na.png,CML,1,lab\n", "Label 'CML' is not one of"),
        ("", "cannot be read as a table"),
    ],
)
def test_manifest_that_is_refused(tmp_path, text, message):
    folder = tmp_path / "set"
    touch(folder / "a.png")
    (folder / "link.png").symlink_to(touch(tmp_path / "secret.png"))
    table = folder / "t.csv"
    table.write_text(text)
    with pytest.raises(CatalogError, match=message):
        read_catalog(table)


def test_row_without_source_is_a_finding(tmp_path):
    touch(tmp_path / "a.png")
    table = tmp_path / "t.csv"
    table.write_text("path,label,group,source\na.png,AML,1,\na.png,AML,1,lab\n")
    catalog = read_catalog(table)
    assert len(catalog) == 1
    assert catalog.findings[0].kind == "incomplete_row"


def test_a_folder_with_a_table_of_samples_is_that_table(tmp_path):
    """Laboratory and cell are taken where they stand; a leukemia that is no class is kept apart."""
    for name in ("ALL/1.png", "2.png", "3.png"):
        touch(tmp_path / name)
    (tmp_path / "samples.csv").write_text(
        "path,label,group,source,lab,role,cell_label,note\n"
        "ALL/1.png,ALL,7,first,clinic,train,blast,x\n"
        "2.png,Healthy,,second,clinic,external,,\n"
        "3.png,other_leukemia,8,second,clinic,external,CLL,\n"
        "gone.png,other_leukemia,9,second,clinic,external,CLL,\n"
    )
    assert detect_layout(tmp_path).name == "manifest"
    catalog = read_catalog(tmp_path)
    assert rows(catalog) == [
        ("ALL/1.png", "ALL", "clinic:7", "first", True),
        ("2.png", "Healthy", "second:2.png", "second", False),
    ]
    assert [(s.laboratory, s.cell_label) for s in catalog.samples] == [
        ("clinic", "blast"),
        ("clinic", ""),
    ]
    (other,) = catalog.others
    assert (other.label, other.cell_label) == (OTHER_LEUKEMIA, "CLL")
    assert [f.kind for f in catalog.findings] == ["unreadable_file"]


def test_the_paper_s_sets_are_not_pooled_without_ash(tmp_path):
    touch(tmp_path / "ALL_IDB1" / "im" / "Im001_1.jpg")
    touch(tmp_path / "ALL_IDB2" / "img" / "Im131_0.tif")
    with pytest.raises(CatalogError, match="holds ALL_IDB1 and ALL_IDB2, which are not one data"):
        read_catalog(tmp_path)
    assert [s.source for s in read_catalog(tmp_path / "ALL_IDB1").samples] == ["all_idb1"]
    touch(tmp_path / "ASH" / "7.jpg")
    catalog = read_catalog(tmp_path)
    assert {sample.source for sample in catalog.samples} == {"all_idb2", "ash"}
    assert [f.sample_ids for f in catalog.findings] == [("ALL_IDB1",)]


def test_unrecognised_and_empty_folders_say_what_is_understood(tmp_path):
    touch(tmp_path / "picture.png")
    with pytest.raises(CatalogError, match=r"not recognised.*folder_per_class"):
        read_catalog(tmp_path)
    (tmp_path / "ALL").mkdir()
    with pytest.raises(CatalogError, match=r"No labelled image.*Layouts understood: manifest"):
        read_catalog(tmp_path)
    with pytest.raises(CatalogError, match="is not there"):
        read_catalog(tmp_path / "nowhere")
    with pytest.raises(CatalogError, match=r"Layout 'idb9' is not known"):
        read_catalog(tmp_path, "idb9")
    with pytest.raises(CatalogError, match="is not a folder"):
        read_catalog(tmp_path / "picture.png", "ash")
    with pytest.raises(CatalogError, match="named ALL-IDB2 and one named ASH"):
        read_catalog(tmp_path, "combined")
