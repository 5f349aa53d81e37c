"""What a session keeps, and that the shared networks are asked one call at a time."""

import threading
import time

import pytest
from fake_diagnoser import BROKEN, BROKEN_REASON, FakeDiagnoser, make_diagnosis

from leukapp import resources
from leukapp.errors import ImageError
from leukapp.ui.session import Answers, Outcome, SharedDiagnoser
from leukapp.ui.upload import ImageEntry


def make_entry(key: str, content: bytes = b"image") -> ImageEntry:
    return ImageEntry(key=key, name=f"{key}.png", is_synthetic=False, read_bytes=lambda: content)


def test_answer_is_kept_and_not_computed_again() -> None:
    fake = FakeDiagnoser()
    diagnoser = SharedDiagnoser(fake)
    answers = Answers()

    first = answers.answer(make_entry("a"), diagnoser)

    assert answers.answer(make_entry("a"), diagnoser) is first
    assert len(fake.diagnosed) == 1


def test_least_recently_seen_image_goes_first_and_its_outcome_stays() -> None:
    fake = FakeDiagnoser()
    diagnoser = SharedDiagnoser(fake)
    answers = Answers(max_images=2)
    for key in ("a", "b", "a", "c"):
        answers.answer(make_entry(key), diagnoser)

    assert len(answers) == 2
    assert len(fake.diagnosed) == 3
    kept = answers.outcome(make_entry("b"), diagnoser)
    assert (kept.label, kept.error) == ("ALL", None)
    assert kept.summary is not None
    assert kept.summary.top_probability == 0.93
    assert len(fake.diagnosed) == 3
    answers.answer(make_entry("a"), diagnoser)
    assert len(fake.diagnosed) == 3
    answers.answer(make_entry("b"), diagnoser)
    assert len(fake.diagnosed) == 4


def test_pixels_in_memory_are_bounded_but_the_newest_image_stays() -> None:
    bytes_of_one = 2 * 64 * 64 * 3
    diagnoser = SharedDiagnoser(FakeDiagnoser())
    answers = Answers(max_bytes=2 * bytes_of_one)
    for key in ("a", "b", "c"):
        answers.answer(make_entry(key), diagnoser)
    assert len(answers) == 2

    tiny = Answers(max_bytes=1)
    tiny.answer(make_entry("a"), diagnoser)
    assert len(tiny) == 1


def test_error_is_an_answer_and_is_not_asked_again() -> None:
    fake = FakeDiagnoser()
    diagnoser = SharedDiagnoser(fake)
    answers = Answers()
    entry = make_entry("bad", BROKEN)

    assert isinstance(answers.answer(entry, diagnoser), ImageError)
    assert answers.outcome(entry, diagnoser) == Outcome(label=None, error=BROKEN_REASON)
    assert len(fake.diagnosed) == 1


def test_image_taken_away_leaves_nothing_behind() -> None:
    diagnoser = SharedDiagnoser(FakeDiagnoser())
    answers = Answers()
    kept, gone = make_entry("kept"), make_entry("gone")
    answers.answer(kept, diagnoser)
    answers.answer(gone, diagnoser)

    answers.forget_all_but([kept])

    assert answers.is_known(kept, diagnoser)
    assert not answers.is_known(gone, diagnoser)
    assert len(answers) == 1


def test_calls_of_several_sessions_never_overlap() -> None:
    inside, most_inside = 0, 0

    class SlowDiagnoser(FakeDiagnoser):
        def diagnose(self, data: bytes):
            nonlocal inside, most_inside
            inside += 1
            most_inside = max(most_inside, inside)
            time.sleep(0.01)
            inside -= 1
            return make_diagnosis(data)

    diagnoser = SharedDiagnoser(SlowDiagnoser())
    threads = [threading.Thread(target=diagnoser.diagnose, args=(b"x",)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most_inside == 1


def test_bundle_folder_is_beside_the_app_unless_the_environment_names_one(
    monkeypatch: pytest.MonkeyPatch, repository
) -> None:
    monkeypatch.delenv(resources.BUNDLE_VARIABLE, raising=False)
    assert resources.bundle_dir() == repository / "weights" / "compact"
    monkeypatch.setenv(resources.BUNDLE_VARIABLE, "/srv/bundle")
    assert str(resources.bundle_dir()) == "/srv/bundle"
