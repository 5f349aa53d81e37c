"""The chooser of bundles: one choice on every page, a default that admins set, broken ones said."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from site_record import site_record
from streamlit.testing.v1 import AppTest

from leukapp.json_files import to_plain
from leukapp.model.artifacts import list_bundles
from leukapp.resources import BUNDLES_VARIABLE, WEIGHTS_VARIABLE
from leukapp.ui import access, texts
from leukapp.ui.bundle_choice import names_of
from leukapp.ui.wording import escape_markdown

PAGES = ("diagnose", "batch_review", "evaluation")


@pytest.fixture
def folders(tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of bundles with one of two classes and a broken one, and a further folder."""
    for name, classes in (("two", ["ALL", "Healthy"]), ("three", ["ALL", "AML", "Healthy"])):
        (tmp_path / "weights" / name).mkdir(parents=True)
        manifest = json.dumps({"class_names": classes})
        (tmp_path / "weights" / name / "manifest.json").write_text(manifest)
    (tmp_path / "weights" / "broken").mkdir()
    (tmp_path / "weights" / "broken" / "manifest.json").write_text("{")
    shutil.copytree(tmp_path / "weights" / "two", tmp_path / "site" / "two")
    monkeypatch.setenv(WEIGHTS_VARIABLE, str(tmp_path / "weights"))
    monkeypatch.setenv(BUNDLES_VARIABLE, str(tmp_path / "site"))
    return tmp_path


def chooser(app: AppTest) -> tuple[list[str], str]:
    """Lines of the menu, and the chosen one."""
    box = app.selectbox(key="bundle-choice")
    assert box.index is not None
    return box.options, box.options[box.index]


def test_bundles_are_listed_once_with_name_and_classes(folders: Path) -> None:
    three = folders / "weights" / "three"
    found = list_bundles([three, folders / "gone"], [folders / "weights", folders / "absent"])

    assert [one.name for one in found] == ["three", "gone", "broken", "two"]
    assert [len(one.class_names) for one in found] == [3, 0, 0, 2]


def test_two_bundles_of_one_name_have_names_of_their_own() -> None:
    folders = [Path("/a/x/two"), Path("/a/y/two"), Path("/b/y/two")]

    assert list(names_of(folders).values()) == ["two", "two (y)", "two (y) 2"]


def test_a_choice_holds_on_every_page(folders: Path, start_app: Callable[..., AppTest]) -> None:
    app = start_app(folders / "weights" / "three")
    options, chosen = chooser(app)
    assert chosen == "three · ALL, AML, Healthy"
    assert options == [
        chosen,
        f"broken · {texts.BUNDLE_BROKEN}",
        "two · ALL, Healthy",
        "two (site) · ALL, Healthy",
    ]
    app.selectbox(key="bundle-choice").select_index(2).run()
    for page in PAGES:
        app.switch_page(f"pages/{page}.py").run()
        assert not app.exception
        assert chooser(app)[1] == "two · ALL, Healthy"


def test_a_broken_bundle_is_one_sentence_and_another_can_be_chosen(
    folders: Path, start_app: Callable[..., AppTest]
) -> None:
    app = start_app(folders / "weights" / "three")
    # The stand-in of the networks takes any folder, the card opens the bundle itself.
    app.switch_page("pages/model_card.py").run()
    app.selectbox(key="bundle-choice").select_index(1).run()

    assert not app.exception
    assert len(app.error) == 1
    assert "damaged" in app.error[0].value
    assert len(chooser(app)[0]) == 4


def test_an_admin_sets_the_default_of_new_sessions(
    folders: Path, start_app: Callable[..., AppTest]
) -> None:
    app = start_app(folders / "weights" / "three")
    assert not [one for one in app.button if one.label == texts.BUNDLE_MAKE_DEFAULT]
    app.selectbox(key="bundle-choice").select_index(2).run()
    app.button(key="bundle-make-default").click().run()
    assert not app.exception
    assert not [one for one in app.button if one.label == texts.BUNDLE_MAKE_DEFAULT]
    assert chooser(start_app(folders / "weights" / "three"))[1] == "two · ALL, Healthy"

    shutil.rmtree(folders / "weights" / "two")
    app = start_app(folders / "weights" / "three")
    assert chooser(app)[1] == "three · ALL, AML, Healthy"
    assert texts.BUNDLE_DEFAULT_GONE.format(name="two") in [one.value for one in app.warning]


def test_who_is_no_admin_sets_no_default(
    folders: Path, start_app: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "ROLES", ("reviewer", "researcher"))
    app = start_app(folders / "weights" / "three")
    app.selectbox(key="bundle-choice").select_index(2).run()

    assert not app.exception
    assert not [one for one in app.button if one.label == texts.BUNDLE_MAKE_DEFAULT]


def test_settings_that_cannot_be_read_are_said(
    folders: Path, tmp_path: Path, start_app: Callable[..., AppTest]
) -> None:
    (tmp_path / "settings.json").write_text("[]")
    app = start_app(folders / "weights" / "three")

    assert not app.exception
    assert "settings\\.json" in app.warning[0].value


def test_a_commissioned_bundle_says_for_which_laboratory_it_answers(
    folders: Path, start_app: Callable[..., AppTest]
) -> None:
    record = site_record("St. Anna_1")
    manifest = {"class_names": ["ALL", "Healthy"], "commission": to_plain(record)}
    (folders / "weights" / "two" / "manifest.json").write_text(json.dumps(manifest))
    plain = "Commissioned for St. Anna_1 on 2026-11-30 with 40 images of 12 patients"
    assert record.told() == plain
    told = f"{escape_markdown(plain)}."

    app = start_app(folders / "weights" / "three")
    assert told not in [one.value for one in app.caption]
    app.selectbox(key="bundle-choice").select_index(2).run()

    assert told in [one.value for one in app.caption]
