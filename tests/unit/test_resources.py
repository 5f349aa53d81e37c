"""Every place has one default and one variable, and a bundle is found by its name or its path."""

import re
from pathlib import Path

import pytest

from leukapp import resources
from leukapp.errors import BundleError
from leukapp.model.backbone_list import BACKBONES
from leukapp.resources import find_bundle

PLACES = {
    "bundle_dir": resources.BUNDLE_VARIABLE,
    "weights_dir": resources.WEIGHTS_VARIABLE,
    "backbone_dir": resources.BACKBONE_DIR_VARIABLE,
    "cache_dir": resources.CACHE_VARIABLE,
    "batch_dir": resources.BATCH_VARIABLE,
    "review_root": resources.ROOT_VARIABLE,
    "data_root": resources.DATA_VARIABLE,
}


@pytest.mark.parametrize("place", PLACES)
def test_a_variable_moves_a_place(
    place: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    find = getattr(resources, place)
    monkeypatch.delenv(PLACES[place], raising=False)
    default = find()
    monkeypatch.setenv(PLACES[place], str(tmp_path))

    assert find() == tmp_path
    assert default != tmp_path


def test_the_store_is_a_file_of_the_user_or_what_the_variable_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(resources.STORE_VARIABLE, raising=False)
    assert resources.store_url().startswith("sqlite:///")
    assert resources.store_url().endswith("review.sqlite")
    monkeypatch.setenv(resources.STORE_VARIABLE, "postgresql://host/name")
    assert resources.store_url() == "postgresql://host/name"


def test_what_is_shipped_lies_where_this_module_says(repository: Path) -> None:
    assert repository / "weights" / "compact" == resources.SHIPPED_COMPACT
    assert (resources.SHIPPED_COMPACT / "manifest.json").is_file()
    assert (resources.SHIPPED_BACKBONES / BACKBONES["efficientnet_lite2"].weight_file).is_file()
    assert repository / "app.py" == resources.APP_FILE


def test_no_other_module_says_where_something_lies(repository: Path) -> None:
    names = "|".join({*PLACES.values(), resources.STORE_VARIABLE})
    elsewhere = re.compile(rf'"({names})"|platformdirs|"weights"|/ "compact"')
    found = [
        path.relative_to(repository)
        for path in sorted((repository / "leukapp").rglob("*.py"))
        if elsewhere.search(path.read_text(encoding="utf-8"))
    ]

    assert found == [Path("leukapp/resources.py")]


def test_a_bundle_is_found_by_name_and_any_folder_by_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "weights" / "mine").mkdir(parents=True)
    (tmp_path / "mine").mkdir()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.setenv(resources.WEIGHTS_VARIABLE, str(tmp_path / "weights"))
    monkeypatch.chdir(tmp_path / "elsewhere")

    assert find_bundle("mine") == tmp_path / "weights" / "mine"
    assert find_bundle("./mine") == Path("mine")
    assert find_bundle("no_bundle_has_this_name") == Path("no_bundle_has_this_name")
    assert find_bundle(tmp_path / "mine") == tmp_path / "mine"
    monkeypatch.chdir(tmp_path / "weights")
    assert find_bundle("mine").resolve() == tmp_path / "weights" / "mine"


def test_a_name_that_stands_for_two_folders_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "weights" / "mine").mkdir(parents=True)
    (tmp_path / "mine").mkdir()
    monkeypatch.setenv(resources.WEIGHTS_VARIABLE, str(tmp_path / "weights"))
    monkeypatch.chdir(tmp_path)

    with pytest.raises(BundleError, match="whole path"):
        find_bundle("mine")
