"""The decision box on "Diagnose": nothing is saved by half, and what is saved can be undone."""

import hashlib
from collections.abc import Callable

import pytest
from fake_diagnoser import ABSTAIN
from streamlit.testing.v1 import AppTest

from leukapp.labels import TYPE_NOT_DETERMINED
from leukapp.review.records import Decision, DecisionKind
from leukapp.review.store import ReviewStore
from leukapp.ui import texts as app_texts
from leukapp.ui.reader import Reader
from leukapp.ui.review import log
from leukapp.ui.review.initials import is_initials
from leukapp.ui.texts import review as texts


@pytest.fixture
def upload(start_app: Callable[..., AppTest]) -> Callable[[bytes], AppTest]:
    def bring(content: bytes) -> AppTest:
        app = start_app()
        app.file_uploader(key="upload").upload("Jane Doe.png", content, "image/png")
        app.run()
        assert not app.exception
        return app

    return bring


def choose(app: AppTest, kind: str) -> AppTest:
    [control] = [one for one in app.segmented_control if one.label == texts.CHOICE_LABEL]
    return control.set_value(kind).run()


def sign(app: AppTest, initials: str = "KM") -> AppTest:
    app.text_input(key="initials-diagnose-field").set_value(initials)
    return app.button(key="initials-diagnose-use").click().run()


def sign_and_save(app: AppTest) -> AppTest:
    sign(app)
    app.button(key="save-decision").click().run()
    assert not app.exception
    return app


def test_every_diagnosis_is_in_the_audit_trail_once(
    upload: Callable[[bytes], AppTest], store: ReviewStore
) -> None:
    app = upload(b"image")
    app.run()

    assert store.verify().n_rows == 1
    assert store.verify().is_whole


def test_a_decision_needs_a_choice_a_class_and_initials(
    upload: Callable[[bytes], AppTest], store: ReviewStore
) -> None:
    app = upload(b"image")
    assert app.button(key="save-decision").disabled
    choose(app, "override")
    sign(app, "4")
    assert app.text_input(key="initials-diagnose-field").value == "4"
    assert app.button(key="save-decision").disabled
    sign(app)
    assert app.button(key="save-decision").disabled
    [other] = [one for one in app.segmented_control if one.label == texts.OVERRIDE_LABEL]
    assert "▲ ALL" not in other.options
    other.set_value("AML").run()
    assert not app.button(key="save-decision").disabled
    app.button(key="initials-diagnose-change").click().run()
    assert app.button(key="save-decision").disabled
    assert store.decisions() == ()


def test_what_keeps_a_decision_from_being_saved_is_said(
    upload: Callable[[bytes], AppTest],
) -> None:
    app = upload(b"image")
    said = [one.value for one in app.caption]
    assert app.button(key="save-decision").disabled
    assert texts.INITIALS_WRONG in said
    sign(app)
    assert texts.SAVE_NEEDS_CHOICE in [one.value for one in app.caption]
    choose(app, "override")
    assert texts.SAVE_NEEDS_CLASS in [one.value for one in app.caption]
    choose(app, "agree")
    said = [one.value for one in app.caption]
    assert not app.button(key="save-decision").disabled
    assert {texts.SAVE_NEEDS_CHOICE, texts.SAVE_NEEDS_CLASS}.isdisjoint(said)


def test_a_decision_is_saved_with_hashes_shown_and_taken_back(
    upload: Callable[[bytes], AppTest], store: ReviewStore
) -> None:
    app = sign_and_save(choose(upload(b"image"), "agree"))
    [made] = store.decisions()
    assert (made.kind, made.label, made.initials) == (DecisionKind.AGREE, "ALL", "KM")
    assert made.image_name == f"sha256:{made.image_sha256}"
    assert [one.value for one in app.success] == [saved_words(made)]

    app.button(key="undo-decision").click().run()
    assert not app.exception
    assert [one.kind for one in store.decisions()] == [DecisionKind.AGREE, DecisionKind.UNDONE]
    assert not app.success
    assert not [one for one in app.text_input if one.label == texts.INITIALS_LABEL]
    assert texts.SIGNING_AS.format(initials="KM") in [one.value for one in app.markdown]


def saved_words(decision: Decision) -> str:
    moment = decision.decided_at.strftime("%Y-%m-%d %H:%M")
    return f"Saved: **agree**, ▲ ALL, by KM, {moment} UTC"


def test_to_agree_with_no_call_is_a_decision_too(
    upload: Callable[[bytes], AppTest], store: ReviewStore
) -> None:
    app = sign_and_save(choose(upload(ABSTAIN), "agree"))

    assert store.decisions()[0].label is None
    assert f"○ {app_texts.NO_CALL}" in app.success[0].value


def test_a_decision_of_before_stands_when_the_image_comes_again(
    upload: Callable[[bytes], AppTest], store: ReviewStore
) -> None:
    sign_and_save(choose(upload(b"image"), "unsure"))
    app = upload(b"image")

    assert "Saved: **unsure**" in app.success[0].value
    assert not [one for one in app.segmented_control if one.label == texts.CHOICE_LABEL]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("KM", True), ("K. M.", True), ("Äß", True), (" ab ", True), ("", False), ("1", False),
     ("=A", False), ("<b>", False), ("abcdefghi", False)],
)  # fmt: skip
def test_initials_are_letters(text: str, expected: bool) -> None:
    assert is_initials(text) is expected


@pytest.mark.parametrize(("role", "may_undo"), [("reviewer", False), ("admin", True)])
def test_another_readers_decision_is_taken_back_by_an_admin_alone(
    upload: Callable[[bytes], AppTest],
    store: ReviewStore,
    monkeypatch: pytest.MonkeyPatch,
    role: str,
    may_undo: bool,
) -> None:
    made = store.record_decision(
        image_sha256=hashlib.sha256(b"image").hexdigest(), image_name="image",
        bundle_sha256="ab" * 32, kind=DecisionKind.AGREE, label="ALL", reason="", initials="AA",
        user="a@lab.example",
    )  # fmt: skip
    reader = Reader(email="bea.carr@lab.example", roles=frozenset({role}))
    monkeypatch.setattr(log, "reader_now", lambda: reader)
    app = upload(b"image")
    button = app.button(key="undo-decision")
    assert button.disabled is not may_undo
    assert (button.help == texts.UNDO_OTHERS) is not may_undo
    if may_undo:
        button.click().run()
        assert not app.exception
        [_, undone] = store.decisions()
        assert (undone.takes_back, undone.initials, undone.user) == (made.id, "BC", reader.email)


def test_a_reviewer_may_say_leukemia_of_no_determined_type(
    upload: Callable[[bytes], AppTest], store: ReviewStore
) -> None:
    app = choose(upload(b"image"), "override")
    [other] = [one for one in app.segmented_control if one.label == texts.OVERRIDE_LABEL]
    other.set_value(TYPE_NOT_DETERMINED).run()
    sign_and_save(app)

    [made] = store.decisions()
    assert (made.finding, made.label, made.answer_name) == ("leukemia", None, TYPE_NOT_DETERMINED)
    assert "**override**, ■ Leukemia, type not determined" in app.success[0].value
