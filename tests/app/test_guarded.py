"""Whatever goes on in an open page admits its reader anew and fails in one sentence."""

import sys
from collections.abc import Callable

import pytest
from fake_diagnoser import FakeDiagnoser
from streamlit.testing.v1 import AppTest

from leukapp.errors import AccessError, StoreError
from leukapp.review.records import RunState
from leukapp.review.store import ReviewStore
from leukapp.review.uploads import BatchEntry
from leukapp.review.worklist_book import WorklistBook
from leukapp.ui import access, guarded, texts
from leukapp.ui.sign_ins import SignIns
from leukapp.ui.texts import batch as batch_texts

NOTE_UNEXPECTED = guarded.note_unexpected
CLAIMS = {"email": "r@lab.example", "email_verified": True, "iat": 1, "is_logged_in": True}


def open_batch(
    start_app: Callable[..., AppTest], batch: str, section: str | None = None
) -> AppTest:
    app = start_app()
    app.switch_page("pages/batch_review.py")
    app.query_params["batch"] = batch
    app.run()
    if section is not None:
        app.segmented_control(key="batch-section").set_value(section).run()
    return app


def test_an_address_with_five_thousand_digits_opens_a_new_batch(
    start_app: Callable[..., AppTest],
) -> None:
    app = open_batch(start_app, "9" * 5000)

    assert not app.exception
    assert batch_texts.LEAD in [caption.value for caption in app.caption]


def test_what_nobody_expected_is_one_sentence_and_its_words_stay_out_of_the_log(
    start_app: Callable[..., AppTest],
    store: ReviewStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = store.create_run("May", [BatchEntry(name="a", source="a")], FakeDiagnoser.bundle.sha256)
    store.set_run_state(run.id, RunState.PAUSED)
    app = start_app()
    monkeypatch.setattr(guarded, "note_unexpected", NOTE_UNEXPECTED)

    written: list[dict[str, object]] = []
    monkeypatch.setattr(guarded, "log_event", lambda _, **fields: written.append(fields))

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("name of a patient")

    monkeypatch.setattr(WorklistBook, "count_verdicts", fail)
    app.switch_page("pages/batch_review.py")
    app.query_params["batch"] = str(run.id)
    app.run()
    app.segmented_control(key="batch-section").set_value(batch_texts.WORKLIST).run()
    assert not app.exception
    assert texts.UNEXPECTED in [error.value.replace("\\", "") for error in app.error]
    [said] = written
    assert said["kind"] == "ZeroDivisionError"
    assert "test_guarded.py" in str(said["at"])
    assert "patient" not in str(said)


def test_a_callback_does_nothing_for_who_may_not_and_shows_what_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    state: dict[str, object] = {}
    monkeypatch.setattr(guarded.st, "session_state", state)
    done: list[int] = []

    def refuse() -> None:
        raise AccessError("no")

    def fail(number: int) -> None:
        raise StoreError(f"store {number}")

    monkeypatch.setattr(access, "reader_now", lambda: None)
    guarded.guarded(done.append)(1)
    guarded.guarded(fail)(2)
    assert (done, state) == ([1], {guarded.FAILURE_KEY: "store 2"})
    monkeypatch.setattr(access, "reader_now", refuse)
    guarded.guarded(done.append)(3)
    assert (done, state) == ([1], {guarded.FAILURE_KEY: "no"})


def test_a_sign_in_that_ended_ends_every_session_that_began_before() -> None:
    ins = SignIns()
    ins.end(CLAIMS)
    assert ins.has_ended(dict(CLAIMS), 0.0)
    assert not ins.has_ended(CLAIMS, sys.float_info.max)
    assert not ins.has_ended({**CLAIMS, "iat": 2}, 0.0)


class Settings(dict[str, object]):
    """What st.secrets is asked for."""

    def load_if_toml_exists(self) -> bool:
        return bool(self)


class User(dict[str, object]):
    """What st.user is asked for."""

    is_logged_in = True

    def to_dict(self) -> dict[str, object]:
        return dict(self)


def test_roles_and_settings_count_as_they_are_now(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(auth={}, roles={"reviewer": ["r@lab.example"]})
    ins = SignIns()
    monkeypatch.setattr(access.st, "secrets", settings)
    monkeypatch.setattr(access.st, "user", User(CLAIMS))
    monkeypatch.setattr(access.st, "session_state", {access.PAGE_KEY: "Batch review"})
    monkeypatch.setattr(access, "sign_ins", lambda: ins)
    reader = access.reader_now()
    assert (reader.email, reader.roles) == ("r@lab.example", {"reviewer"})

    settings["roles"] = {"researcher": ["r@lab.example"]}
    with pytest.raises(AccessError, match="does not open this page"):
        access.reader_now()
    settings["roles"] = {}
    with pytest.raises(AccessError, match="no role here"):
        access.reader_now()
    # Settings that are gone do not mean that nobody ever had to sign in.
    settings.clear()
    with pytest.raises(AccessError, match=r"put secrets\.toml back"):
        access.reader_now()
    settings.update(auth={}, roles={"admin": ["r@lab.example"]})
    assert access.reader_now().roles == {"admin"}
    ins.end(CLAIMS)
    with pytest.raises(AccessError, match="signed out"):
        access.reader_now()


def test_a_role_that_is_lost_takes_the_open_worklist_away_before_the_next_key(
    start_app: Callable[..., AppTest], store: ReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = store.create_run("May", [BatchEntry(name="a", source="a")], FakeDiagnoser.bundle.sha256)
    app = open_batch(start_app, str(run.id), batch_texts.WORKLIST)
    assert not app.error

    def refuse() -> None:
        raise AccessError(texts.NO_ROLE)

    monkeypatch.setattr(access, "_find_reader", refuse)
    app.run()
    assert not app.exception
    assert [error.value.replace("\\", "") for error in app.error] == [texts.NO_ROLE]
    assert not app.segmented_control
