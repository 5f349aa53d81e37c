"""Several images at once: the table, its downloads, and pictures that zoom together."""

import base64
import csv
import io
import json
from collections.abc import Callable

import numpy as np
import pytest
from fake_diagnoser import (
    ABSTAIN,
    BROKEN,
    DISAGREE,
    NO_CALL_REASON,
    TYPE_NOTE,
    make_diagnosis,
    make_open_type,
)
from PIL import Image
from review_records import make_correction
from streamlit.testing.v1 import AppTest

from leukapp.imaging.cell_boxes import CellBox
from leukapp.result_record import RESEARCH_USE_NOTICE
from leukapp.ui import texts
from leukapp.ui.heatmap_viewer import OverlayLook, pictures_of
from leukapp.ui.image_overview import (
    OverviewLine,
    build_all_csv,
    build_all_json,
    overview_table,
)
from leukapp.ui.image_summary import summarize
from leukapp.ui.upload import ImageEntry
from leukapp.ui.zoom_view import MAX_SIDE_PX, CaptionedPicture, build_zoom_figure

StartApp = Callable[..., AppTest]
LOOK = OverlayLook(opacity=0.6, threshold=0.0, color_map="inferno")


def line(name: str, content: bytes, label: str | None) -> OverviewLine:
    diagnosis = make_diagnosis(content, label=label)
    entry = ImageEntry(key=name, name=name, is_synthetic=False, read_bytes=lambda: content)
    return OverviewLine(entry=entry, answer_name=label, summary=summarize(diagnosis))


@pytest.fixture
def lines() -> list[OverviewLine]:
    return [
        line("sure.png", b"image", "ALL"),
        line("split.png", DISAGREE, "ALL"),
        line("Jane Doe.png", ABSTAIN, None),
    ]


def upload(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    for name, content in files:
        app.file_uploader(key="upload").upload(name, content, "image/png")
    app.run()
    assert not app.exception
    return app


def test_table_has_verdict_probability_agreement_and_reason(lines: list[OverviewLine]) -> None:
    table = overview_table(lines)

    assert list(table[texts.OVERVIEW_VERDICT]) == ["▲ ALL", "▲ ALL", "○ No call"]
    assert list(table[texts.OVERVIEW_BRANCHES]) == ["agree", "disagree", ""]
    assert list(table[texts.OVERVIEW_PROBABILITY]) == [0.93, 0.93, None]
    assert list(table[texts.OVERVIEW_NOTE]) == ["", "", NO_CALL_REASON]


def test_thumbnail_is_a_small_jpeg(lines: list[OverviewLine]) -> None:
    prefix, _, data = lines[0].summary.thumbnail_uri.partition(",")
    picture = Image.open(io.BytesIO(base64.b64decode(data)))

    assert prefix == "data:image/jpeg;base64"
    assert max(picture.size) <= 96


def test_all_results_download_without_a_file_name(lines: list[OverviewLine]) -> None:
    records = json.loads(build_all_json(lines))
    rows = list(csv.DictReader(io.StringIO(build_all_csv(lines).decode())))

    assert [record["label"] for record in records] == ["ALL", "ALL", None]
    assert [row["label"] for row in rows] == ["ALL", "ALL", ""]
    assert rows[2]["no_call_reason"] == NO_CALL_REASON
    assert float(rows[0]["p_ALL"]) == 0.93
    assert {row["notice"] for row in rows} == {RESEARCH_USE_NOTICE}
    assert {row["bundle_sha256"] for row in rows} == {"ab" * 32}
    assert b"Jane" not in build_all_json(lines) + build_all_csv(lines)


def test_all_results_hold_what_readers_corrected(lines: list[OverviewLine]) -> None:
    image = lines[1].summary.record["image_sha256"]
    made = {image: (make_correction(CellBox(x0=0, y0=0, x1=8, y1=8), "AML"),)}
    records = json.loads(build_all_json(lines, made))
    rows = list(csv.DictReader(io.StringIO(build_all_csv(lines, made).decode())))
    assert [len(record["corrections"]) for record in records] == [0, 1, 0]
    assert [row["cells_corrected_by"] for row in rows] == ["", "KM", ""]
    assert json.loads(build_all_json(lines))[0]["corrections"] is None


def test_several_images_have_a_table_and_one_has_none(start_app: StartApp) -> None:
    alone = upload(start_app(), ("one.png", b"image"))
    assert texts.OVERVIEW not in " ".join(element.value for element in alone.subheader)

    files = (("one.png", b"image"), ("two.png", ABSTAIN), ("bad.png", BROKEN))
    app = upload(start_app(), *files)
    assert f"{texts.OVERVIEW} (2)" in [element.value for element in app.subheader]
    names = [
        list(frame.value[texts.OVERVIEW_NAME])
        for frame in app.dataframe
        if texts.OVERVIEW_NAME in frame.value
    ]
    assert names == [["one.png", "two.png"]]


def test_zoomed_pictures_share_their_axes_and_keep_square_pixels() -> None:
    pictures = tuple(
        CaptionedPicture(image=np.full((50, 80, 3), 90, np.uint8), caption=name) for name in "abc"
    )
    figure = build_zoom_figure(pictures, dark=False)

    assert [trace.type for trace in figure.data] == ["image"] * 3
    assert all(axis.matches == "x" for axis in figure.select_xaxes())
    assert all(axis.matches == "y" for axis in figure.select_yaxes())
    assert [axis.scaleanchor for axis in figure.select_yaxes()] == ["x", "x2", "x3"]
    assert figure.layout.dragmode == "pan"
    assert [note.text for note in figure.layout.annotations] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("view", "n_pictures"),
    [
        (texts.VIEW_SIDE_BY_SIDE, 3),
        (texts.VIEW_FUSED, 1),
        ("MobileNetV3-Large", 1),
        (texts.VIEW_ORIGINAL, 1),
    ],
)
def test_every_view_has_its_pictures_in_a_size_that_travels(view: str, n_pictures: int) -> None:
    diagnosis = make_diagnosis(side_px=2000)
    pictures = pictures_of(diagnosis, diagnosis.heatmaps, view, LOOK, max_side_px=MAX_SIDE_PX)

    assert len(pictures) == n_pictures
    assert all(max(picture.image.shape) == MAX_SIDE_PX for picture in pictures)


def test_a_leukemia_of_no_determined_type_stands_in_the_table_with_its_reason() -> None:
    diagnosis = make_open_type()
    entry = ImageEntry(key="a", name="a.png", is_synthetic=False, read_bytes=lambda: b"")
    lines = [
        OverviewLine(entry=entry, answer_name=diagnosis.answer_name, summary=summarize(diagnosis))
    ]
    table = overview_table(lines)
    assert table[texts.OVERVIEW_VERDICT] == ["■ Leukemia, type not determined"]
    assert table[texts.OVERVIEW_PROBABILITY] == [pytest.approx(0.96)]
    assert table[texts.OVERVIEW_NOTE] == [TYPE_NOTE]
    (row,) = csv.DictReader(io.StringIO(build_all_csv(lines).decode()))
    assert (row["finding"], row["label"]) == ("leukemia", "")
