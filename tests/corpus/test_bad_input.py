"""Every kind of trouble gives pixels or one sentence, in bounded memory and without a traceback."""

import copy
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from corpus.bad_images import (
    BOMB_SIDE_PX,
    PLANTED_NAME,
    build_png,
    files_with_names,
    named_files,
    zeros_deflated,
)
from corpus.readers_under_test import fate_of, good_inputs, json_manifest, prepare_folder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leukapp.errors import LONGEST_SENTENCE, BundleError, CatalogError, HeldOutError, LeukappError
from leukapp.evaluation.held_out import parse_held_out
from leukapp.imaging.image_io import decode_image
from leukapp.model.weights_io import read_arrays
from leukapp.ui.wording import shown_name

MAX_GROWTH_MB = 200
RUNNER = Path(__file__).resolve().parents[1] / "reliability" / "bad_input.py"

few = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)


def test_each_kind_in_a_process_of_its_own(tmp_path):
    report_path = tmp_path / "report.json"
    command = [sys.executable, str(RUNNER), "--images=700", "--others=120", f"--out={report_path}"]
    done = subprocess.run(command, capture_output=True, check=False, timeout=240)
    report = json.loads(report_path.read_text())
    assert report["failures"] == []
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr
    assert report["distinct_inputs"] > 1200
    assert report["peak_growth_mb"] < MAX_GROWTH_MB
    assert report["fates"]["decoder decodes"] > 50
    assert report["fates"]["decoder refused"] > 300


def test_the_bombs_are_bombs():
    sizes = {file.name: len(file.data) for file in named_files()}
    assert sizes["png_bomb"] < 2_000_000 < BOMB_SIDE_PX**2 // 400
    assert sizes["zip_bomb"] < 1_000_000
    assert sizes["tiff_bomb"] < 2_000_000


def test_a_bomb_within_the_limit_of_pixels_is_an_image_of_that_size():
    data = build_png(4000, 3000, zeros_deflated(4001 * 3000), color_type=0)
    assert len(data) < 50_000
    assert decode_image(data).shape == (3000, 4000, 3)


def test_planted_names_are_in_the_files_and_not_in_what_comes_out():
    for file in files_with_names():
        pixels = decode_image(file.data)
        assert type(pixels) is np.ndarray
        assert PLANTED_NAME.encode() not in pixels.tobytes()
        if file.name != "names_png_text":
            assert PLANTED_NAME.encode() in file.data or b"Z\0y\0x\0" in file.data


def test_names_that_are_shown_hold_no_path_and_no_control_characters():
    for file in named_files():
        shown = shown_name(file.file_name)
        assert "/" not in shown
        assert "\0" not in shown
        assert len(shown) <= 300


@few
@given(data=st.binary(max_size=300), magic=st.sampled_from([b"", b"II*\0", b"BM", b"\xff\xd8\xff"]))
def test_any_bytes_at_the_decoder(data, magic, tmp_path):
    fate_of("decoder", magic + data, tmp_path)


@few
@given(text=st.text(max_size=200), reader=st.sampled_from(["held_out_csv", "manifest_csv"]))
def test_any_text_at_the_table_readers(text, reader, tmp_path):
    prepare_folder(tmp_path)
    fate_of(reader, text.encode("utf-8", "surrogatepass"), tmp_path)
    header = good_inputs(reader)[0].splitlines(keepends=True)[0]
    fate_of(reader, header + text.encode("utf-8", "surrogatepass"), tmp_path)


@few
@given(cells=st.lists(st.text(max_size=12), min_size=5, max_size=5))
def test_any_cells_in_a_manifest(cells, tmp_path):
    prepare_folder(tmp_path)
    frame = pd.DataFrame([cells], columns=["path", "label", "group", "source", "role"])
    data = frame.to_csv(index=False).encode("utf-8", "replace")
    fate_of("manifest_csv", data, tmp_path)


@few
@given(value=json_values, data=st.data())
def test_any_value_at_any_place_of_a_bundle_manifest(value, data, tmp_path):
    manifest = copy.deepcopy(json_manifest())
    place = manifest
    while True:
        key = data.draw(
            st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place)))
        )
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.booleans()):
            place[key] = value
            break
        place = inner
    assert fate_of("bundle_manifest", json.dumps(manifest).encode(), tmp_path)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("thresholds", "temperature"), 0),
        (("thresholds", "min_confidence"), float("nan")),
        (("thresholds", "max_feature_distance"), "far"),
        (("enhancement", "order"), "twice"),
        (("branch", "input_size_px"), 10**9),
        (("branch", "name"), "a\0b"),
        (("files", "a\0b"), "0"),
        (("files", "../x"), "0"),
    ],
)
def test_manifest_values_that_used_to_pass_or_to_crash(path, value, tmp_path):
    manifest = copy.deepcopy(json_manifest())
    part, key = path
    places = {
        "thresholds": manifest["thresholds"],
        "enhancement": manifest["preset"]["enhancement"],
        "branch": manifest["preset"]["branches"][0],
        "files": manifest["files"],
    }
    places[part][key] = value
    sentence = fate_of("bundle_manifest", json.dumps(manifest).encode(), tmp_path)
    assert sentence is not None
    assert "damaged" in sentence or "outside" in sentence


def test_a_deep_manifest_is_refused(tmp_path):
    assert "damaged" in (fate_of("bundle_manifest", b"[" * 200_000, tmp_path) or "")


def test_weights_that_unpack_to_gigabytes_are_refused_unread(tmp_path, monkeypatch):
    path = tmp_path / "heads.npz"
    np.savez_compressed(path, a=np.zeros(1_000_000, np.float16))
    assert read_arrays(path)["a"].shape == (1_000_000,)
    monkeypatch.setattr("leukapp.model.weights_io.MAX_ARRAY_BYTES", 1_000_000)
    with pytest.raises(BundleError, match="unpacks to"):
        read_arrays(path)


def test_surplus_cells_do_not_shift_the_columns(tmp_path):
    lines = good_inputs("held_out_csv")[0].splitlines(keepends=True)
    shifted = lines[0] + b"".join(b"extra," + line for line in lines[1:])
    with pytest.raises(HeldOutError, match="cannot be read"):
        parse_held_out(shifted, "held_out.csv")


def test_a_manifest_may_name_neither_a_circle_nor_an_endless_name(tmp_path):
    from leukapp.data.readers.manifest import read_manifest

    prepare_folder(tmp_path)
    (tmp_path / "circle.png").symlink_to(tmp_path / "circle.png")
    table = tmp_path / "samples.csv"
    rows = {"circle.png": CatalogError, "x" * 5000: None, "../out.png": CatalogError}
    for name, error in rows.items():
        table.write_text(f"path,label,group,source\na.png,ALL,g,s\n{name},ALL,g,s\n")
        if error is None:
            assert [found.kind for found in read_manifest(table).findings] == ["unreadable_file"]
        else:
            with pytest.raises(error):
                read_manifest(table)


def test_a_sentence_quotes_hostile_text_on_one_bounded_line():
    sentence = str(LeukappError("a\nb\0c\u202e" + "x" * 5000))
    assert sentence.isprintable()
    assert len(sentence) <= LONGEST_SENTENCE
