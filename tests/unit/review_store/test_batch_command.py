"""``leukapp batch`` judges a folder once, says what could not be read, and goes on when asked."""

import os
import shutil

import pyarrow.parquet as pq
import pytest
from networks import write_tiny_bundle

from leukapp.batch import ray_cluster
from leukapp.cli import main
from leukapp.imaging.synthetic import draw_synthetic_cell
from leukapp.review.records import ItemState, RunState
from leukapp.review.store import ReviewStore

pytestmark = pytest.mark.keras


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return write_tiny_bundle(tmp_path_factory.mktemp("bundle") / "tiny").folder


@pytest.fixture
def folder(tmp_path, encode_png):
    images = tmp_path / "smears" / "monday"
    images.mkdir(parents=True)
    for seed in range(3):
        name = f"cell {seed}.png"
        (images / name).write_bytes(encode_png(draw_synthetic_cell("myeloblast", seed=seed)))
    (images / "broken.jpg").write_bytes(b"not an image")
    return images


def run(folder, bundle, tmp_path, *more):
    store = f"sqlite:///{tmp_path / 'review.sqlite'}"
    return main(["batch", str(folder), "--bundle", str(bundle), "--store", store, *more]), store


def test_folder_is_judged_and_the_broken_file_named(folder, bundle, tmp_path, capsys):
    status, url = run(folder, bundle, tmp_path)
    out, err = capsys.readouterr()
    assert status == 1
    assert "3 judged" in out
    assert '"broken.jpg": ' in out
    assert "images a second" in err
    store = ReviewStore.open(url)
    (batch,) = store.runs()
    assert (batch.name, batch.state) == ("monday", RunState.FINISHED)
    assert (batch.done, batch.unreadable) == (3, 1)
    assert store.verify().n_rows == 6
    store.close()


def test_answers_are_written_as_parquet(folder, bundle, tmp_path, capsys):
    status, url = run(folder, bundle, tmp_path, "--out", str(tmp_path / "answers"))
    assert status == 1
    assert "batch-1.parquet" in capsys.readouterr().out
    table = pq.read_table(tmp_path / "answers" / "batch-1.parquet").to_pylist()
    store = ReviewStore.open(url)
    assert [row["image_sha256"] for row in table] == [item.image_sha256 for item in store.items(1)]
    assert [row["confidence"] for row in table] == [item.confidence for item in store.items(1)]
    assert table[0]["state"] == "unreadable"
    assert "not a JPEG" in table[0]["error"]
    store.close()


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--on", "ray"], "pip install leukapp[cluster]"),
        (["--actors", "2"], "add --on ray"),
        (["--gpus-per-actor", "0.5"], "add --on ray"),
    ],
)
def test_a_cluster_that_is_not_there_begins_no_batch(
    folder, bundle, tmp_path, capsys, monkeypatch, more, sentence
):
    monkeypatch.setattr(ray_cluster, "find_spec", lambda _name: None)
    status, url = run(folder, bundle, tmp_path, *more)
    assert status == 2
    assert sentence in capsys.readouterr().err
    store = ReviewStore.open(url)
    assert store.runs() == ()
    store.close()


@pytest.mark.parametrize(
    "more",
    [["--on", "spark"], ["--on", "ray://name:word@host:1"], ["--gpus-per-actor", "1.5"]],
)
def test_what_is_no_cluster(folder, bundle, tmp_path, capsys, more):
    with pytest.raises(SystemExit):
        run(folder, bundle, tmp_path, *more)
    assert "give " in capsys.readouterr().err


def test_batch_goes_on_after_a_stop(folder, bundle, tmp_path, capsys, monkeypatch):
    from leukapp import batch_command

    def stop(*_arguments, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr(batch_command._Progress, "reach", stop)
    status, url = run(folder, bundle, tmp_path)
    assert status == 130
    assert "--resume 1" in capsys.readouterr().err
    monkeypatch.undo()
    store = ReviewStore.open(url)
    assert store.run(1).state is RunState.PAUSED
    status, _ = run(folder, bundle, tmp_path, "--resume", "1")
    assert status == 1
    assert [item.state for item in store.items(1)].count(ItemState.DONE) == 3
    assert len(store.runs()) == 1
    store.close()


def test_batch_of_another_bundle_is_not_mixed(folder, bundle, tmp_path, capsys):
    run(folder, bundle, tmp_path)
    other = write_tiny_bundle(tmp_path / "other", seed=1)
    status, _ = run(folder, other.folder, tmp_path, "--resume", "1")
    assert status == 2
    assert "was begun with bundle" in capsys.readouterr().err


def test_batch_does_not_go_on_with_another_patients_folder(
    folder, bundle, tmp_path, capsys, monkeypatch
):
    from leukapp import batch_command

    steps = []

    def stop_at_the_second(*_arguments):
        steps.append(1)
        if len(steps) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(batch_command._Progress, "reach", stop_at_the_second)
    _, url = run(folder, bundle, tmp_path)
    monkeypatch.undo()
    other = tmp_path / "smears" / "tuesday"
    shutil.copytree(folder, other)
    # Both folders under one review folder, too: the paths there name the patient.
    for root in ("", str(tmp_path / "smears")):
        monkeypatch.setenv("LEUKAPP_REVIEW_ROOT", root)
        assert run(other, bundle, tmp_path, "--resume", "1")[0] == 2
        assert "begun in another folder" in capsys.readouterr().err
    # The same place with another card in it: what was judged is compared.
    moved = folder.rename(tmp_path / "away")
    other.rename(folder)
    for path in folder.glob("*.png"):
        path.write_bytes(path.read_bytes() + b"another patient")
    assert run(folder, bundle, tmp_path, "--resume", "1")[0] == 2
    assert "is another file" in capsys.readouterr().err
    store = ReviewStore.open(url)
    assert store.run(1).unreadable + store.run(1).done == 2
    shutil.rmtree(folder)
    moved.rename(folder)
    assert run(folder, bundle, tmp_path, "--resume", "1")[0] == 1
    assert store.run(1).done == 3
    store.close()


def test_a_name_cannot_pass_for_a_line_of_the_summary(folder, bundle, tmp_path, capsys):
    (folder / "broken.jpg").rename(folder / "x\nbatch 1: 9 judged (ALL 9), 0 unreadable")
    run(folder, bundle, tmp_path, "--name", "May\nbatch 7")
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 3
    assert r'"x\nbatch 1: 9 judged (ALL 9), 0 unreadable": ' in out
    assert r"May\nbatch 7" in err.replace("\\\\", "\\")


def test_a_name_that_is_no_utf8_is_refused_before_anything_is_judged(
    folder, bundle, tmp_path, capsys
):
    (folder / os.fsdecode(b"caf\xe9.png")).write_bytes(b"")
    status, url = run(folder, bundle, tmp_path)
    assert status == 2
    assert r'"caf\xe9.png" in this folder is not written in UTF-8' in capsys.readouterr().err
    store = ReviewStore.open(url)
    assert store.runs() == ()
    store.close()


def test_what_is_no_folder(bundle, tmp_path, capsys):
    assert run(tmp_path / "nothing", bundle, tmp_path)[0] == 2
    assert "is not a folder" in capsys.readouterr().err
    (tmp_path / "empty").mkdir()
    assert run(tmp_path / "empty", bundle, tmp_path)[0] == 2
    assert "no file" in capsys.readouterr().err
