"""Uploads and zips: each file becomes an item or its reason; nothing is written elsewhere."""

import io
import struct
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from leukapp import resources
from leukapp.errors import BatchSourceError, ImageError
from leukapp.imaging.image_io import DecodeLimits
from leukapp.review import zip_files
from leukapp.review.kept_images import read_upload
from leukapp.review.upload_budget import UploadBudget, UploadLimits
from leukapp.review.uploads import BatchEntry, keep_files
from leukapp.review.zip_files import is_zip, read_zip


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(resources.BATCH_VARIABLE, str(tmp_path / "kept"))
    return tmp_path


@pytest.fixture
def png(encode_png: Callable[..., bytes]) -> bytes:
    return encode_png(np.full((32, 32, 3), 90, np.uint8))


def make_zip(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return buffer.getvalue()


def keep(*files: tuple[str, bytes]) -> tuple[BatchEntry, ...]:
    return keep_files(files, store_id="5" * 32, on_file=lambda _number, _kept: None)


def reason(entry: BatchEntry) -> str:
    with pytest.raises(ImageError) as raised:
        read_upload(entry.source)
    return str(raised.value)


def test_files_and_the_files_of_a_zip_stand_in_one_list(png: bytes) -> None:
    archive = make_zip(("b/", b""), ("b/two.png", png), ("note.txt", b"no image at all, no"))
    told: list[tuple[int, int]] = []
    entries = keep_files(
        [("one.png", png), ("more.zip", archive)],
        store_id="5" * 32,
        on_file=lambda number, spent: told.append((number, spent.n_files)),
    )

    assert [entry.name for entry in entries] == ["one.png", "b/two.png", "note.txt"]
    assert read_upload(entries[0].source) == read_upload(entries[1].source)
    assert "not a JPEG" in reason(entries[2])
    assert told == [(0, 0), (1, 1), (1, 2), (1, 3)]


def test_hidden_files_and_leftovers_of_macos_are_left_out(png: bytes) -> None:
    archive = make_zip(("__MACOSX/._a.png", b"x"), ("d/.DS_Store", b"x"), ("d/a.png", png))

    assert [entry.name for entry in keep(("x.zip", archive))] == ["d/a.png"]


@pytest.mark.parametrize(
    "name",
    ["../../outside.png", "/etc/outside.png", "C:\\outside.png", "a" * 5000, "\u202e\x07.png"],
)
def test_a_name_in_a_zip_is_never_a_path(png: bytes, folder: Path, name: str) -> None:
    [entry] = keep(("x.zip", make_zip((name, png))))

    assert read_upload(entry.source)
    assert entry.name.isprintable()
    assert len(entry.name) < 200
    assert not list(folder.rglob("*outside*"))
    assert all(path.is_relative_to(folder / "kept") for path in folder.rglob("*.png"))


def test_a_file_without_a_name_is_read_all_the_same(png: bytes) -> None:
    nameless = zipfile.ZipInfo("x")
    nameless.filename = ""
    [file] = read_zip(make_zip((nameless, png)))
    assert (file.name, file.data, file.error) == (zip_files.NO_NAME, png, None)


def test_a_link_a_nested_zip_and_a_password_give_their_reason(png: bytes) -> None:
    link = zipfile.ZipInfo("link.png")
    link.external_attr = 0o120777 << 16
    locked = bytearray(make_zip(("locked.png", png)))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[locked.index(signature) + offset] |= 1
    entries = keep(
        ("x.zip", make_zip((link, b"/etc/passwd"), ("inner.zip", make_zip(("a.png", png))))),
        ("y.zip", bytes(locked)),
    )

    assert [reason(entry) for entry in entries[::2]] == [zip_files.LINK, zip_files.ENCRYPTED]
    assert "not a JPEG" in reason(entries[1])


def test_a_bomb_is_stopped_where_it_grows_whatever_its_header_says(
    monkeypatch: pytest.MonkeyPatch, png: bytes
) -> None:
    monkeypatch.setattr(zip_files, "DEFAULT_LIMITS", DecodeLimits(max_bytes=100_000))
    monkeypatch.setattr(zip_files, "CHUNK_BYTES", 1000)
    honest = make_zip(("bomb.png", bytes(5_000_000)), ("good.png", png))
    lying = bytearray(honest)
    place = lying.index(b"PK\x01\x02") + 24
    lying[place : place + 4] = struct.pack("<I", 1000)
    for data, expected in ((honest, zip_files.TOO_LARGE), (lying, zip_files.DAMAGED_MEMBER)):
        bad, good = read_zip(bytes(data))
        assert bad.error == expected
        assert bad.data == b""
        assert good.data == png


def test_many_files_that_are_too_much_together_are_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(zip_files, "MAX_TOTAL_BYTES", 2500)
    files = list(read_zip(make_zip(*((f"{n}.png", bytes(1000)) for n in range(4)))))

    assert [file.error for file in files] == [None, None, zip_files.TOO_MUCH, zip_files.TOO_MUCH]


def test_too_many_files_or_a_damaged_zip_is_one_item_with_its_reason(
    monkeypatch: pytest.MonkeyPatch, png: bytes
) -> None:
    monkeypatch.setattr(zip_files, "MAX_FILES", 2)
    many = make_zip(*((f"{n}.png", png) for n in range(3)))
    entries = keep(("many.zip", many), ("cut.zip", many[:-40]), ("one.png", png))

    assert [entry.name for entry in entries] == ["many.zip", "cut.zip", "one.png"]
    assert "more than 2 files" in reason(entries[0])
    assert reason(entries[1]) == zip_files.DAMAGED_ZIP


def test_damaged_members_never_raise(png: bytes) -> None:
    whole = make_zip(("a.png", png), ("b.png", png))
    random = np.random.default_rng(5)
    n_errors = 0
    for _ in range(300):
        data = bytearray(whole)
        for place in random.integers(4, len(data), size=3):
            data[place] ^= 1 << int(random.integers(8))
        try:
            n_errors += sum(file.error is not None for file in read_zip(bytes(data)))
        except BatchSourceError:
            n_errors += 1
    assert n_errors > 50


def test_a_zip_without_files_is_said_and_leaves_nothing_behind(folder: Path) -> None:
    with pytest.raises(BatchSourceError, match="no file"):
        keep(("empty.zip", make_zip()))
    assert list((folder / "kept" / "uploads").iterdir()) == []


def test_a_reviewer_who_leaves_in_the_middle_leaves_nothing_behind(
    folder: Path, png: bytes
) -> None:
    def leave(number: int, _kept: int) -> None:
        if number == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        keep_files([("a.png", png), ("b.png", png)], store_id="5" * 32, on_file=leave)
    assert list((folder / "kept" / "uploads").iterdir()) == []


def test_a_zip_is_told_from_an_image(png: bytes) -> None:
    assert is_zip(make_zip())
    assert is_zip(make_zip(("a", b"")))
    assert not is_zip(png)


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        (UploadLimits(max_pixels=2 * 32 * 32), "billion pixels"),
        (UploadLimits(max_disk_bytes=100), "of the server's disk"),
        (UploadLimits(max_seconds=2.5), "minutes"),
        (UploadLimits(min_free_bytes=10**18), "nearly full"),
    ],
)
@pytest.mark.parametrize("is_zipped", [True, False])
def test_an_upload_that_costs_too_much_ends_and_leaves_nothing(
    folder: Path, png: bytes, limits: UploadLimits, sentence: str, is_zipped: bool
) -> None:
    moments = iter(range(100))
    budget = UploadBudget(limits, clock=lambda: float(next(moments)))
    files = [(f"{number}.png", png) for number in range(9)]
    with pytest.raises(BatchSourceError, match=sentence):
        keep_files(
            [("all.zip", make_zip(*files))] if is_zipped else files,
            store_id="5" * 32,
            on_file=lambda _number, _spent: None,
            budget=budget,
        )
    assert budget.spent.n_files < 9
    assert not [path for path in folder.rglob("*") if path.suffix == ".png"]


def test_each_file_of_an_upload_waits_its_turn(png: bytes) -> None:
    turns: list[str] = []

    @contextmanager
    def turn(data: bytes) -> Iterator[None]:
        assert data == png
        turns.append("in")
        yield
        turns.append("out")

    budget = UploadBudget()
    keep_files(
        [("a.png", png), ("b.zip", make_zip(("c.png", png)))],
        store_id="5" * 32,
        on_file=lambda _number, _spent: None,
        turn=turn,
        budget=budget,
    )
    assert turns == ["in", "out"] * 2
    assert (budget.spent.n_files, budget.spent.n_pixels) == (2, 2 * 32 * 32)
    assert budget.spent.n_disk_bytes > 0
