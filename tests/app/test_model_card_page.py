"""Page "Model card and audit": the bundle that ships, and what is missing or damaged."""

import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from leukapp.audits import report_texts
from leukapp.errors import BundleError
from leukapp.model.artifacts import seal_bundle
from leukapp.model.bundle import open_bundle
from leukapp.model.fit_bounds import bound_notes
from leukapp.model.manifest import CallLimits
from leukapp.resources import WEIGHTS_VARIABLE
from leukapp.result_record import RESEARCH_USE_NOTICE
from leukapp.ui import texts as app_texts
from leukapp.ui.card.recipe import build_training_figure, fact_table, training_table
from leukapp.ui.texts import model_card as texts


@pytest.fixture
def weights(tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the bundle that ships, without its audits."""
    shutil.copytree(
        repository / "weights" / "compact",
        tmp_path / "weights" / "compact",
        ignore=shutil.ignore_patterns("audits"),
    )
    monkeypatch.setenv(WEIGHTS_VARIABLE, str(tmp_path / "weights"))
    st.cache_resource.clear()
    return tmp_path / "weights"


@pytest.fixture
def open_page(repository: Path, start_app: Callable[..., AppTest]) -> Callable[[], AppTest]:
    def start() -> AppTest:
        app = start_app(Path(os.environ[WEIGHTS_VARIABLE]) / "compact")
        app.switch_page("pages/model_card.py").run()
        assert not app.exception
        return app

    return start


def words_of(app: AppTest) -> str:
    kinds = (app.markdown, app.caption, app.subheader, app.error, app.info, app.warning)
    html = " ".join(element.proto.body for element in app.get("html"))
    return " ".join(element.value for kind in kinds for element in kind).replace("\\", "") + html


def frames_of(app: AppTest) -> str:
    return " ".join(frame.value.to_csv() for frame in app.dataframe)


def test_card_says_what_the_bundle_is_what_trained_it_and_where_it_fails(
    weights: Path, open_page: Callable[[], AppTest]
) -> None:
    app = open_page()
    bundle = open_bundle(weights / "compact")

    assert all(note in words_of(app) for note in bound_notes(bundle.thresholds))
    assert RESEARCH_USE_NOTICE in words_of(app)
    assert bundle.sha256 in words_of(app)
    assert texts.VERIFIED in words_of(app)
    assert "mobilenetv3large" in frames_of(app)
    assert "it may read the laboratory" in frames_of(app)
    assert texts.NO_AUDITS in words_of(app)
    assert texts.LIMITS.strip().splitlines()[0] in words_of(app)
    assert len(app.get("plotly_chart")) == 2


def test_audits_beside_the_bundle_are_shown_and_a_stale_one_is_marked(
    weights: Path, open_page: Callable[[], AppTest]
) -> None:
    folder = weights / "compact" / "audits"
    folder.mkdir()
    own = open_bundle(weights / "compact").sha256
    (folder / "data.json").write_text(json.dumps({"bundle_sha256": own, "copies": [{"n": 4}]}))
    (folder / "explanations.json").write_text(json.dumps({"bundle_sha256": "00", "gap": 0.25}))
    (folder / "other.json").write_text("no json")
    app = open_page()
    page = words_of(app)

    assert [expander.label for expander in app.main.expander][:2] == [
        report_texts.TITLES["data"],
        report_texts.TITLES["explanations"],
    ]
    assert report_texts.SECTIONS["copies"][0] in page
    assert texts.NO_AUDITS not in page
    assert page.count(texts.OTHER_BUNDLE.format(sha="00")) == 1
    assert "gap" in frames_of(app)
    assert "The audit report other.json cannot be read" in page


def test_a_changed_report_is_refused_while_the_rest_of_the_card_stays(
    weights: Path, open_page: Callable[[], AppTest]
) -> None:
    path = weights / "compact" / "report.json"
    path.write_bytes(path.read_bytes().replace(b"0.9", b"1.0", 1))
    app = open_page()

    assert "report.json of the bundle compact was changed" in words_of(app)
    assert texts.WHAT in words_of(app)


def test_a_damaged_bundle_is_one_screen(weights: Path, open_page: Callable[[], AppTest]) -> None:
    (weights / "compact" / "heads.npz").write_bytes(b"x")
    app = open_page()

    assert "heads.npz of the bundle compact was changed or damaged" in words_of(app)
    assert app_texts.BUNDLE_ERROR_TITLE in words_of(app)
    assert texts.WHAT not in words_of(app)


def test_no_bundle_says_what_to_do(
    weights: Path, open_page: Callable[[], AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(WEIGHTS_VARIABLE, str(weights / "absent"))

    assert app_texts.BUNDLE_ERROR_TITLE in words_of(open_page())


def test_training_figure_and_table_have_every_image(weights: Path) -> None:
    bundle = open_bundle(weights / "compact")
    expected = sum(sum(counts.values()) for counts in bundle.training.sources.values())
    figure = build_training_figure(bundle, dark=True)
    table = training_table(bundle)

    assert sum(sum(trace.x) for trace in figure.data) == expected
    assert table[["ALL", "AML", "Healthy"]].to_numpy().sum() == expected
    assert len({trace.marker.pattern.shape for trace in figure.data}) == 3
    assert bundle.training.catalog_sha256 in set(fact_table(bundle)[texts.VALUE])


def test_each_limit_of_two_steps_is_a_fact_and_the_one_limit_is_none(weights: Path) -> None:
    bundle = open_bundle(weights / "compact")
    limits = CallLimits(healthy=0.95, leukemia=0.9, types={"ALL": None, "AML": 0.975})
    bundle = replace(bundle, thresholds=replace(bundle.thresholds, limits=limits))
    table = fact_table(bundle)
    facts = dict(zip(table[texts.FACT], table[texts.VALUE], strict=True))
    assert texts.MIN_CONFIDENCE not in facts
    assert (facts[texts.MIN_HEALTHY], facts[texts.MIN_LEUKEMIA]) == ("0.95", "0.9")
    assert facts[texts.MIN_TYPE_SHARE.format(name="ALL")] == texts.NEVER
    assert facts[texts.MIN_TYPE_SHARE.format(name="AML")] == "0.975"


LURE = (
    "![x](http://evil.example/x.png) [Sign in](http://evil.example) "
    "<a href='http://evil.example'>go</a>"
)


def test_no_text_of_a_dropped_in_bundle_is_a_picture_or_a_link(
    weights: Path, open_page: Callable[[], AppTest]
) -> None:
    folder = weights / "compact"
    (folder / "model_card.md").write_text(f"# Card\n{LURE}\n")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["preset"]["name"] = LURE
    manifest["training"] |= {"protocol": LURE, "created_utc": LURE, "sources": {LURE: {"ALL": 3}}}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    seal_bundle(open_bundle(folder), ("model_card.md",))
    app = open_page()

    assert LURE in " ".join(text.value for text in app.text)
    kinds = (app.markdown, app.caption, app.subheader, app.header, app.info, app.warning)
    written = " ".join(element.value for kind in kinds for element in kind)
    assert "evil" in written
    live = re.sub(r"\\.", "", written)
    assert not [sign for sign in ("](", "<a", "![", "[Sign", "http:") if sign in live]
    assert not any("evil" in element.proto.body for element in app.get("html"))
    charts = " ".join(chart.proto.spec for chart in app.get("plotly_chart"))
    assert "evil" in charts
    assert "<a " not in charts.replace("\\u003c", "<")


def test_a_branch_whose_name_holds_markup_is_refused(weights: Path) -> None:
    manifest = json.loads((weights / "compact" / "manifest.json").read_text())
    manifest["preset"]["branches"][0]["name"] = LURE
    (weights / "compact" / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match="damaged"):
        open_bundle(weights / "compact")
