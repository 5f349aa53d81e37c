"""Page "Diagnose" in each state a reader can meet; asserts words, and no exception."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_diagnoser import (
    ABSTAIN,
    BROKEN,
    BROKEN_REASON,
    DISAGREE,
    MISSING_REASON,
    NO_CALL_REASON,
    OPEN_TYPE,
    TYPE_NOTE,
    UNSURE,
    UNSURE_DETAIL,
    UNSURE_REASON,
    make_diagnosis,
    make_open_type,
)
from streamlit.testing.v1 import AppTest

from leukapp.labels import TYPE_NOT_DETERMINED
from leukapp.result_record import RESEARCH_USE_NOTICE
from leukapp.ui import texts
from leukapp.ui.diagnose.place import Section, section_key
from leukapp.ui.result_download import build_result_json
from leukapp.ui.samples import SAMPLES
from leukapp.ui.texts import diagnose as own_texts
from leukapp.ui.texts import review as review_texts
from leukapp.ui.wording import escape_markdown

StartApp = Callable[..., AppTest]
NAME_WITH_MARKUP = "*x* [link](http://example.org) <b>.png"


def html_of(app: AppTest) -> str:
    return " ".join(element.proto.body for element in app.get("html"))


def words_of(app: AppTest) -> str:
    """Everything that is written on the page, Markdown and HTML source together."""
    kinds = (app.markdown, app.caption, app.subheader, app.error, app.info, app.warning)
    return " ".join(element.value for kind in kinds for element in kind) + html_of(app)


def upload(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    [uploader] = app.file_uploader
    for name, content in files:
        uploader.upload(name, content, "image/png")
    app.run()
    assert not app.exception
    return app


def test_first_screen_asks_for_an_image_and_gives_no_verdict(start_app: StartApp) -> None:
    app = start_app()

    assert not app.exception
    assert texts.WELCOME_HEADING in words_of(app)
    assert texts.VERDICT not in html_of(app)
    assert len(app.image) == len(SAMPLES)


@pytest.mark.parametrize("content", [None, b"image", ABSTAIN, BROKEN])
def test_research_use_line_stands_on_every_screen(
    start_app: StartApp, content: bytes | None
) -> None:
    app = start_app()
    if content is not None:
        upload(app, ("a.png", content))

    assert RESEARCH_USE_NOTICE in html_of(app)


def open_part(app: AppTest, section: Section) -> AppTest:
    """Open a folded part below the picture."""
    app.session_state[section_key(section)] = True
    app.run()
    assert not app.exception
    return app


def large_picture(app: AppTest) -> dict[str, Any]:
    """What the large picture was given."""
    [data] = [
        json.loads(one.proto.json)
        for one in app.get("bidi_component")
        if one.proto.component_name == "leukapp_picture"
    ]
    return data


def test_first_sight_is_the_verdict_in_a_reader_s_words_and_the_large_picture(
    start_app: StartApp,
) -> None:
    app = upload(start_app(), ("a.png", b"image"))

    page = html_of(app)
    assert "▲ ALL" in page
    assert "Probability 93.0 %" in page
    assert own_texts.NETWORKS_AGREE in page
    assert not app.image
    assert own_texts.QUALITY_FINE in [one.label for one in app.expander]
    shown = words_of(app).lower()
    for word in ("bundle", "branch", "fused", "softmax", "efficientnet", "sha256", "distance"):
        assert word not in shown.split("<style>")[0], word
    picture = large_picture(app)
    assert (picture["width"], picture["height"]) == (64, 64)
    assert picture["pixelsPerUm"] is None


def test_details_for_researchers_name_the_networks_and_the_bundle(start_app: StartApp) -> None:
    app = open_part(upload(start_app(), ("a.png", b"image")), Section.DETAILS)

    assert "EfficientNet-Lite2" in html_of(app)
    assert "MobileNetV3-Large" in html_of(app)
    assert "ab" * 32 in words_of(app)


def test_heat_settings_offer_every_heatmap_side_by_side(start_app: StartApp) -> None:
    app = upload(start_app(), ("a.png", b"image"))
    app.toggle(key="heat-side-by-side").set_value(True).run()

    assert not app.exception
    assert len(app.image) == 3  # two branches and the fused decision


def test_disagreeing_networks_are_named_with_their_votes_in_the_details(
    start_app: StartApp,
) -> None:
    app = upload(start_app(), ("a.png", DISAGREE))
    assert own_texts.NETWORKS_DISAGREE in html_of(app)
    assert "EfficientNet-Lite2" not in html_of(app)
    open_part(app, Section.DETAILS)
    assert "◆ AML" in html_of(app)


def test_abstained_image_says_no_call_with_its_reason_and_names_no_class_as_verdict(
    start_app: StartApp,
) -> None:
    app = upload(start_app(), ("a.png", ABSTAIN))

    page = html_of(app)
    assert f"<h2>○ {texts.NO_CALL}</h2>" in page
    assert NO_CALL_REASON in page
    assert "Probability 9" not in page
    # Where the quality speaks against reading there is no number, no heat, nothing to explain.
    open_part(app, Section.DETAILS)
    assert own_texts.NUMBERS not in [one.label for one in app.expander]
    assert large_picture(app)["heat"] is None
    assert "93" not in words_of(app).replace(large_picture(app)["key"], "")
    assert not [one for one in app.dataframe if texts.TABLE_CLASS in one.value]


def test_an_unsure_answer_is_one_sentence_and_its_numbers_are_folded(
    start_app: StartApp,
) -> None:
    app = upload(start_app(), ("a.png", UNSURE))

    [verdict] = [one.proto.body for one in app.get("html") if '"leuk-verdict"' in one.proto.body]
    assert UNSURE_REASON in verdict
    assert "agree" not in verdict
    assert escape_markdown(UNSURE_DETAIL) not in words_of(app)
    open_part(app, Section.DETAILS)
    assert escape_markdown(UNSURE_DETAIL) in words_of(app)
    assert texts.NO_CALL_NOTE in [caption.value for caption in app.caption]
    assert not app.get("plotly_chart")
    open_part(app, Section.NUMBERS)
    assert len(app.get("plotly_chart")) == 1


def test_broken_file_shows_its_sentence_and_the_other_is_diagnosed(start_app: StartApp) -> None:
    app = upload(start_app(), ("bad.tif", BROKEN), ("good.png", b"image"))

    assert [error.value for error in app.error] == [
        r"**bad\.tif**: This file is not an image; save it as PNG\."
    ]
    assert BROKEN_REASON.startswith("This file is not an image")
    assert "▲ ALL" in html_of(app)


def test_only_a_broken_file_gives_no_verdict(start_app: StartApp) -> None:
    app = upload(start_app(), ("bad.tif", BROKEN))

    assert len(app.error) == 1
    assert texts.VERDICT not in html_of(app)


def test_missing_bundle_gives_one_clear_screen_and_no_prediction(
    start_app: StartApp, tmp_path: Path
) -> None:
    app = start_app(tmp_path / "absent")
    assert not app.exception

    assert [error.value.replace("\\", "") for error in app.error] == [MISSING_REASON]
    assert texts.BUNDLE_ERROR_TITLE in words_of(app)
    assert texts.WELCOME_HEADING not in words_of(app)
    assert texts.VERDICT not in html_of(app)


def test_bundle_put_back_is_seen_without_restart(start_app: StartApp, tmp_path: Path) -> None:
    bundle = tmp_path / "later"
    app = start_app(bundle)
    bundle.mkdir()
    app.run()

    assert not app.error
    assert texts.WELCOME_HEADING in words_of(app)


def test_file_name_is_never_markup(start_app: StartApp) -> None:
    app = upload(start_app(), (NAME_WITH_MARKUP, BROKEN), ("good.png", b"image"))

    message = app.error[0].value
    assert "[link]" not in message
    assert "<b>" not in message.replace(r"\<b\>", "")
    assert "<b>.png" not in html_of(app)


def test_sample_is_labelled_synthetic(start_app: StartApp) -> None:
    app = start_app()
    app.button(key=f"open-{SAMPLES[0].key}").click().run()

    assert not app.exception
    assert texts.SAMPLE_NOTICE in words_of(app)
    assert "means nothing" in texts.SAMPLE_NOTICE
    assert "▲ ALL" in html_of(app)


def test_several_images_can_be_stepped_through(start_app: StartApp) -> None:
    app = upload(start_app(), ("one.png", b"image"), ("two.png", ABSTAIN))
    choice = app.selectbox(key="selected_image")

    assert list(choice.options) == ["▲ ALL  ·  one.png", "○ No call  ·  two.png"]
    assert "<h2>▲ ALL</h2>" in html_of(app)
    assert app.button(key="step-Previous").disabled

    app.button(key="step-Next").click().run()
    assert "<h2>○ No call</h2>" in html_of(app)
    assert app.button(key="step-Next").disabled


def test_image_brought_later_comes_to_the_front(start_app: StartApp) -> None:
    app = upload(start_app(), ("one.png", b"image"))
    upload(app, ("two.png", ABSTAIN))

    assert "<h2>○ No call</h2>" in html_of(app)


def test_each_image_is_read_once_however_often_the_page_reruns(
    start_app: StartApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    from leukapp.ui import session

    calls: list[bytes] = []
    whole = session.Diagnoser.diagnose
    monkeypatch.setattr(
        session.Diagnoser, "diagnose", lambda self, data: calls.append(data) or whole(self, data)
    )
    app = upload(start_app(), ("one.png", b"image"), ("bad.png", BROKEN))
    app.slider(key="heat-threshold").set_value(80).run()
    app.run()

    assert sorted(calls) == [BROKEN, b"image"]


def test_downloaded_result_has_the_fields_of_the_command_line() -> None:
    record = json.loads(build_result_json(make_diagnosis(b"x")))

    assert record["path"] == f"sha256:{record['image_sha256']}"
    assert record["label"] == "ALL"
    assert record["probabilities"] == {"ALL": 0.93, "AML": 0.05, "Healthy": 0.02}
    assert record["branches"]["mobilenetv3large"] == {"ALL": 0.6, "AML": 0.3, "Healthy": 0.1}
    assert record["bundle"] == {"name": "compact", "sha256": "ab" * 32, "laboratory": None}
    assert record["engine"] == "fake"
    assert record["elapsed_ms"] == 4
    assert record["created_at_utc"].endswith("+00:00")
    assert record["notice"] == RESEARCH_USE_NOTICE


def test_a_leukemia_of_no_determined_type_is_a_call_and_names_no_type(start_app: StartApp) -> None:
    app = upload(start_app(), ("a.png", OPEN_TYPE))

    [verdict] = [one.proto.body for one in app.get("html") if '"leuk-verdict"' in one.proto.body]
    assert "<h2>■ Leukemia, type not determined</h2>" in verdict
    assert texts.CLASS_MEANINGS[TYPE_NOT_DETERMINED] in verdict
    assert "Probability of leukemia 96.0 %" in verdict
    assert TYPE_NOTE in verdict
    [control] = [one for one in app.segmented_control if one.label == review_texts.CHOICE_LABEL]
    control.set_value("override").run()
    [other] = [one for one in app.segmented_control if one.label == review_texts.OVERRIDE_LABEL]
    assert other.options == ["▲ ALL", "◆ AML", "● Healthy"]


def test_the_record_of_a_leukemia_of_no_determined_type_has_a_finding_and_no_label() -> None:
    record = json.loads(build_result_json(make_open_type()))
    assert (record["finding"], record["label"], record["no_call_reason"]) == (
        "leukemia",
        None,
        None,
    )
    assert record["type_note"] == TYPE_NOTE
    assert json.loads(build_result_json(make_diagnosis()))["finding"] == "leukemia"
