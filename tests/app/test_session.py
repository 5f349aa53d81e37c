"""What a session keeps, and that the shared networks are asked one call at a time."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from fake_diagnoser import (
    BROKEN,
    BROKEN_REASON,
    FakeDiagnoser,
    make_diagnosis,
    make_field,
)

from leukapp import resources
from leukapp.diagnosis import Diagnosis
from leukapp.errors import BusyError, ImageError
from leukapp.imaging.image_io import decoded_bytes
from leukapp.inference.engine import NetworkOutput
from leukapp.ui import session
from leukapp.ui.kept_memory import LARGE_SHARE, PixelMemory
from leukapp.ui.session import Answers, Outcome, SharedDiagnoser, kept_bytes
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
    assert (kept.answer_name, kept.error) == ("ALL", None)
    assert kept.summary is not None
    assert kept.summary.probability == 0.93
    assert len(fake.diagnosed) == 3
    answers.answer(make_entry("a"), diagnoser)
    assert len(fake.diagnosed) == 3
    answers.answer(make_entry("b"), diagnoser)
    assert len(fake.diagnosed) == 4


def test_pixels_in_memory_are_bounded_but_the_newest_image_stays() -> None:
    bytes_of_one = 64 * 64 * 3
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
    assert answers.outcome(entry, diagnoser) == Outcome(answer_name=None, error=BROKEN_REASON)
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


def test_what_heatmaps_are_computed_from_counts_as_memory() -> None:
    activations = (np.zeros((1, 7, 7, 320), np.float32), np.zeros((1, 7, 7, 960), np.float32))
    logits = np.zeros((1, 3), np.float32)
    output = NetworkOutput(
        activations=activations, branch_logits=(logits, logits), fused_logits=logits
    )
    cells = make_field(b"", ["ALL", "Healthy"]).cells
    plain = make_diagnosis()
    whole = replace(plain, network_output=output, cells=cells)
    of_cells = sum(cell.crop.nbytes for cell in cells)
    assert kept_bytes(whole) == kept_bytes(plain) + 4 * 7 * 7 * (320 + 960) + of_cells


def test_images_of_all_sessions_share_one_bound_and_the_one_on_a_screen_stays(
    encode_png: Callable[..., bytes],
) -> None:
    diagnoser = SharedDiagnoser(FakeDiagnoser())
    diagnoser.memory = PixelMemory(int(3.1 * 64 * 64 * 3 / LARGE_SHARE))

    def entry(number: int) -> ImageEntry:
        return make_entry(str(number), encode_png(np.full((64, 64, 3), number, np.uint8)))

    first, second, third = Answers(), Answers(), Answers()
    for number in (0, 1):
        first.answer(entry(number), diagnoser)
    on_screen = second.answer(entry(2), diagnoser)
    assert diagnoser.memory.alive_bytes == 3 * 64 * 64 * 3
    third.answer(entry(3), diagnoser)
    assert [len(answers) for answers in (first, second, third)] == [1, 1, 1]
    assert second.answer(entry(2), diagnoser) is on_screen

    fourth = Answers()
    with pytest.raises(BusyError, match="memory is full"):
        fourth.answer(entry(4), diagnoser)
    assert len(fourth) == 0
    # Small ones get in all the same.
    small = make_entry("small", encode_png(np.full((16, 16, 3), 9, np.uint8)))
    diagnoser.memory.make_room(decoded_bytes(small.read_bytes()))
    first.forget_all_but([])
    assert not isinstance(fourth.answer(entry(4), diagnoser), ImageError)


def test_decoding_for_a_screen_waits_in_the_line_of_the_networks(
    encode_png: Callable[..., bytes],
) -> None:
    diagnoser = SharedDiagnoser(FakeDiagnoser(), max_waiting=0)
    png = encode_png(np.full((64, 32, 3), 7, np.uint8))
    assert diagnoser.decode(png, max_side_px=16).shape == (16, 8, 3)
    assert diagnoser.enhanced(make_diagnosis(), max_side_px=16).shape == (16, 16, 3)
    with diagnoser.turn(png):
        for ask in (
            lambda: diagnoser.decode(png, max_side_px=16),
            lambda: diagnoser.enhanced(make_diagnosis(), max_side_px=16),
        ):
            with pytest.raises(BusyError):
                ask()


def test_small_images_get_in_between_large_ones(
    encode_png: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "LARGE_BYTES", 10_000)
    large = [encode_png(np.full((64, 64, 3), number, np.uint8)) for number in range(3)]
    small = encode_png(np.full((16, 16, 3), 9, np.uint8))
    is_inside, may_go_on = threading.Event(), threading.Event()

    class SlowAtFirst(FakeDiagnoser):
        def diagnose(self, data: bytes) -> Diagnosis:
            is_inside.set()
            assert may_go_on.wait(20)
            return super().diagnose(data)

    fake = SlowAtFirst()
    diagnoser = SharedDiagnoser(fake)
    readers = [threading.Thread(target=diagnoser.diagnose, args=(data,)) for data in large]
    readers[0].start()
    assert is_inside.wait(20)
    for reader in readers[1:]:
        reader.start()
    while diagnoser._of_large_images.n_waiting < 2:
        time.sleep(0.01)
    readers.append(threading.Thread(target=diagnoser.diagnose, args=(small,)))
    readers[-1].start()
    while diagnoser._admission.n_waiting < 1:
        time.sleep(0.01)
    may_go_on.set()
    for reader in readers:
        reader.join(20)
    assert fake.diagnosed[:2] == [large[0], small]
