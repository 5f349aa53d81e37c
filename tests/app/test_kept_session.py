"""What a browser's session keeps: for whoever brought it alone, bounded, and not for ever."""

import pytest
from fake_diagnoser import FakeDiagnoser

from leukapp.ui import kept_session
from leukapp.ui.kept_session import KeptImage, KeptSession, KeptSessions
from leukapp.ui.session import Answers, SharedDiagnoser
from leukapp.ui.upload import ImageEntry


class Clock:
    """Seconds that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def image(key: str, n_bytes: int = 10) -> KeptImage:
    return KeptImage(key=key, name=f"{key}.png", data=b"x" * n_bytes)


def kept(sessions: KeptSessions, owner: str | None = None, n_bytes: int = 10) -> KeptSession:
    session = sessions.open(None, owner)
    session.add([image("a", n_bytes)])
    sessions.keep(session)
    return session


def test_a_reload_finds_the_same_session_by_its_secret_alone() -> None:
    sessions = KeptSessions()
    session = kept(sessions)

    assert sessions.open(session.token, None) is session
    for guess in (None, "", "a", session.token[:-1]):
        assert not sessions.open(guess, None).images
    # A secret that this server did not give out is never taken over from a browser.
    chosen = "chosen by somebody"
    assert sessions.open(chosen, None).token != chosen


@pytest.mark.parametrize("other", [None, "b@lab.example"])
def test_who_signs_in_as_somebody_else_gets_nothing_and_it_is_gone(other: str | None) -> None:
    sessions = KeptSessions()
    session = kept(sessions, owner="a@lab.example")

    assert not sessions.open(session.token, other).images
    assert not sessions.open(session.token, "a@lab.example").images


def test_a_session_goes_an_hour_after_its_last_use() -> None:
    clock = Clock()
    sessions = KeptSessions(clock=clock)
    session = kept(sessions)
    clock.now = kept_session.MAX_IDLE_SECONDS - 1
    sessions.keep(session)
    clock.now += kept_session.MAX_IDLE_SECONDS - 1
    assert sessions.open(session.token, None) is session

    clock.now += 2
    assert not sessions.open(session.token, None).images
    assert len(sessions) == 0


def test_the_least_recently_used_session_goes_where_there_is_no_room() -> None:
    sessions = KeptSessions(max_bytes=25)
    first, second = kept(sessions), kept(sessions)
    sessions.keep(first)
    third = kept(sessions)

    assert sessions.open(first.token, None) is first
    assert sessions.open(third.token, None) is third
    assert not sessions.open(second.token, None).images


def test_a_session_holds_so_many_images_and_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    session = KeptSessions().open(None, None)
    images = [image(str(number)) for number in range(kept_session.MAX_IMAGES + 2)]
    assert [one.key for one in session.add(images)] == ["20", "21"]

    monkeypatch.setattr(kept_session, "MAX_FILE_BYTES", 25)
    session.clear()
    assert [one.key for one in session.add(images[:3])] == ["2"]


def test_what_is_kept_counts_the_answers_too() -> None:
    session = KeptSessions().open(None, None)
    session.add([image("a")])
    session.answers = Answers()
    entry = ImageEntry(key="a", name="a.png", is_synthetic=False, read_bytes=lambda: b"image")
    session.answers.answer(entry, SharedDiagnoser(FakeDiagnoser()))

    assert session.n_bytes >= 10 + 64 * 64 * 3
