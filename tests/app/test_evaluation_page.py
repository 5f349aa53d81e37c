"""Page "Evaluation" on a small table of its own: choices, sections, drill-down, refusals."""

import csv
import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest
import streamlit as st
from fake_diagnoser import FakeDiagnoser
from streamlit.testing.v1 import AppTest

from leukapp.evaluation.differences import figure_differences
from leukapp.evaluation.feature_map import fit_feature_map, map_name, write_feature_map
from leukapp.evaluation.held_out import BranchPredictions, HeldOutSet, write_held_out
from leukapp.evaluation.report import format_estimate
from leukapp.evaluation.source_evaluation import SourceEvaluation
from leukapp.imaging.synthetic import draw_synthetic_cell
from leukapp.labels import CLASS_NAMES
from leukapp.resources import (
    BUNDLE_VARIABLE,
    DATA_VARIABLE,
    SETTINGS_VARIABLE,
    WEIGHTS_VARIABLE,
)
from leukapp.result_record import RESEARCH_USE_NOTICE
from leukapp.ui import session
from leukapp.ui import texts as app_texts
from leukapp.ui.evaluation.confusion_panel import SCALE_TITLES, build_confusion_figure
from leukapp.ui.evaluation.curve_panel import build_curve_figure, curve_table
from leukapp.ui.evaluation.figure_box import file_stem, numbers_as_csv
from leukapp.ui.evaluation.files_panel import FigureFile, files_page
from leukapp.ui.evaluation.side import Side
from leukapp.ui.evaluation.table_choice import empty_table, read_uploaded_table
from leukapp.ui.texts import evaluation as texts

N_IMAGES = 30
MANIFEST = b"{}"


def make_held_out(protocol: str = "grouped", source: str = "lab", seed: int = 0) -> HeldOutSet:
    """Thirty images of ten groups, most of them right; every eighth has no call."""
    random = np.random.default_rng(seed)
    labels = np.arange(N_IMAGES) % 3
    logits = random.normal(0, 1, (N_IMAGES, 3)) + 1.6 * np.eye(3)[labels]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    called = np.arange(N_IMAGES) % 8 != 0
    return HeldOutSet(
        sample_ids=tuple(f"{source}/{number}.png" for number in range(N_IMAGES)),
        groups=tuple(f"patient{number // 3}" for number in range(N_IMAGES)),
        groups_known=np.ones(N_IMAGES, bool),
        sources=(source,) * N_IMAGES,
        true_labels=labels,
        probabilities=probabilities,
        branches=(BranchPredictions(name="mobilenetv3large", probabilities=probabilities[::-1]),),
        is_called=called,
        no_call_reasons=tuple(None if one else "Not sure enough." for one in called),
        protocol=protocol,  # type: ignore[arg-type]
        bundle_sha256=hashlib.sha256(MANIFEST).hexdigest(),
    )


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of bundles with one that carries a grouped and a leaking table."""
    folder = tmp_path / "weights" / "tiny"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_bytes(MANIFEST)
    write_held_out(make_held_out(), folder / "held_out.csv")
    write_held_out(make_held_out("paper", seed=1), folder / "held_out_paper.csv")
    monkeypatch.setenv(WEIGHTS_VARIABLE, str(folder.parent))
    monkeypatch.setenv(BUNDLE_VARIABLE, str(folder))
    monkeypatch.setenv(SETTINGS_VARIABLE, str(tmp_path / "settings.json"))
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    return folder.parent


@pytest.fixture
def open_page(
    weights: Path, monkeypatch: pytest.MonkeyPatch, repository: Path
) -> Callable[..., AppTest]:
    monkeypatch.setattr(session, "Diagnoser", FakeDiagnoser)
    st.cache_resource.clear()

    def start(**address: str) -> AppTest:
        app = AppTest.from_file(str(repository / "app.py"), default_timeout=30).run()
        app.switch_page("pages/evaluation.py")
        for name, value in address.items():
            app.query_params[name] = value
        app.run()
        assert not app.exception
        return app

    return start


@pytest.fixture
def side() -> Side:
    held_out = make_held_out()
    table = read_uploaded_table(table_bytes(held_out), "mine.csv", Path("absent"))
    return Side(
        name="A",
        table=table,
        source="lab",
        evaluation=SourceEvaluation(held_out, None),
        is_upload=True,
    )


def table_bytes(held_out: HeldOutSet) -> bytes:
    """What a user would upload: the table as a file's bytes."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        write_held_out(held_out, path)
        return path.read_bytes()


def words_of(app: AppTest) -> str:
    kinds = (app.markdown, app.caption, app.subheader, app.error, app.info, app.warning)
    html = " ".join(element.proto.body for element in app.get("html"))
    return " ".join(element.value for kind in kinds for element in kind).replace("\\", "") + html


def go_to(app: AppTest, section: str) -> AppTest:
    app.segmented_control(key="section").set_value(section).run()
    assert not app.exception
    return app


def test_first_screen_has_cards_badges_counts_and_the_research_line(
    open_page: Callable[[], AppTest],
) -> None:
    page = words_of(open_page())

    assert RESEARCH_USE_NOTICE in page
    assert texts.BALANCED_ACCURACY in page
    assert texts.BACKGROUND in page
    assert "95 % interval" in page
    assert texts.PROTOCOL_BADGES["grouped"] in page
    assert "10 independent groups" in page
    assert "30 images" in page
    assert texts.LEAKING_WARNING not in page


@pytest.mark.parametrize(
    "section",
    [
        texts.OVERVIEW,
        texts.CURVES,
        texts.CONFUSION,
        texts.CALIBRATION,
        texts.THRESHOLD,
        texts.GROUPS,
        texts.ABLATION,
    ],
)
def test_every_section_shows_both_sets_without_an_exception(
    open_page: Callable[[], AppTest], section: str
) -> None:
    app = open_page()
    app.selectbox(key="set-B").set_value("tiny/held_out_paper.csv").run()
    go_to(app, section)
    page = words_of(app)

    assert "A · lab" in page
    assert "B · lab" in page
    assert texts.LEAKING_WARNING in page
    assert "30 images of 10 groups are in both" in page
    assert len(app.get("plotly_chart")) >= 2


def test_a_bundle_of_two_classes_stands_beside_one_of_three(
    weights: Path, open_page: Callable[[], AppTest]
) -> None:
    three = make_held_out()
    of_leukemia = np.linspace(0.02, 0.98, N_IMAGES)
    two = replace(
        three,
        class_names=("ALL", "Healthy"),
        true_labels=np.where(np.arange(N_IMAGES) % 3 == 2, 0, 1),
        probabilities=np.stack([of_leukemia, 1 - of_leukemia], axis=1),
        branches=(),
    )
    write_held_out(two, weights / "tiny" / "held_out_two.csv")
    app = open_page()
    app.selectbox(key="set-B").set_value("tiny/held_out_two.csv").run()
    for section in (texts.CURVES, texts.CALIBRATION, texts.GROUPS, texts.ABLATION):
        go_to(app, section)
    go_to(app, texts.THRESHOLD)
    labels = [texts.TARGETS[name] for name in ("leukemia", "ALL", "Healthy")]
    assert app.selectbox(key="target").options == labels
    go_to(app, texts.CONFUSION)
    assert len(app.segmented_control(key="cell-true").options) == 3
    app.segmented_control(key="cell-true").set_value("AML").run()
    app.segmented_control(key="cell-side").set_value("B").run()
    assert not app.exception
    assert len(app.segmented_control(key="cell-true").options) == 2
    assert app.segmented_control(key="cell-true").value in two.class_names


def test_a_bootstrap_is_not_computed_again_at_the_next_click(
    open_page: Callable[[], AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = go_to(open_page(), texts.CURVES)
    computed: list[str] = []
    monkeypatch.setattr(
        "leukapp.evaluation.source_evaluation.curve_with_band",
        lambda held_out, name, kind: computed.append(name),
    )
    go_to(app, texts.OVERVIEW)
    go_to(app, texts.CURVES)
    app.run()

    assert computed == []
    assert not app.exception


def test_threshold_moves_counts_and_the_predictive_values(
    open_page: Callable[[], AppTest],
) -> None:
    app = go_to(open_page(), texts.THRESHOLD)
    before = words_of(app)
    app.slider(key="flag_threshold").set_value(0.9).run()
    after = words_of(app)
    app.number_input(key="prevalence").set_value(50.0).run()

    assert not app.exception
    assert before != after
    assert words_of(app) != after


def test_a_cell_lists_the_images_behind_it(open_page: Callable[[], AppTest]) -> None:
    app = go_to(open_page(), texts.CONFUSION)
    app.segmented_control(key="cell-true").set_value("ALL").run()
    app.segmented_control(key="cell-predicted").set_value("ALL").run()
    held_out = make_held_out()
    expected = int(((held_out.true_labels == 0) & (held_out.predicted_labels == 0)).sum())

    assert not app.exception
    assert f"{expected} images, the surest answer first." in words_of(app)
    assert any(
        texts.COLUMN_SAMPLE in frame.value and len(frame.value) == expected
        for frame in app.dataframe
    )
    assert texts.NO_DATA_ROOT in words_of(app)
    assert len(app.image) == 0


def test_pixels_at_hand_are_shown_and_open_with_heatmaps(
    open_page: Callable[[], AppTest],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    encode_png: Callable[..., bytes],
) -> None:
    png = encode_png(draw_synthetic_cell("lymphoblast", seed=3))
    (tmp_path / "data" / "lab").mkdir(parents=True)
    for number in range(N_IMAGES):
        (tmp_path / "data" / "lab" / f"{number}.png").write_bytes(png)
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "data"))
    app = go_to(open_page(), texts.CONFUSION)
    app.segmented_control(key="cell-true").set_value("ALL").run()
    app.segmented_control(key="cell-predicted").set_value("ALL").run()

    assert len(app.image) == 6
    looks = [button for button in app.button if button.label == texts.OPEN_IMAGE]
    assert len(looks) == 6
    looks[0].click().run()

    assert not app.exception
    captions = [caption for image in app.image for caption in image.captions]
    assert sum("heat for" in caption for caption in captions) == 3
    assert "In the table: ALL" in words_of(app)


def test_an_upload_is_offered_and_can_be_compared(open_page: Callable[[], AppTest]) -> None:
    app = open_page()
    held_out = make_held_out("external", source="my lab", seed=4)
    app.file_uploader(key="table").upload("mine.csv", table_bytes(held_out), "text/csv").run()
    chosen = app.selectbox(key="set-A")

    # It is chosen at once: whoever drops a table wants to see it.
    assert chosen.options[-1] == texts.UPLOADED.format(name="mine.csv")
    assert chosen.index == len(chosen.options) - 1
    assert not app.exception
    assert "my lab" in words_of(app)
    assert texts.BACKGROUND_NOT_MEASURED in words_of(app)


def test_a_bad_upload_is_one_sentence(open_page: Callable[[], AppTest]) -> None:
    """Once a bad table was left out without a word."""
    app = open_page()
    app.file_uploader(key="table").upload("bad.csv", b"a,b\n1,2\n", "text/csv").run()

    assert not app.exception
    [error] = [one.value.replace("\\", "") for one in app.error]
    assert "are missing from bad.csv; add them." in error
    assert "- " not in error


def test_every_fault_of_an_upload_is_a_line(open_page: Callable[[], AppTest]) -> None:
    app = open_page()
    data = table_bytes(make_held_out()).replace(b"grouped", b"random").replace(b",true,", b",yes,")
    app.file_uploader(key="table").upload("bad.csv", data, "text/csv").run()

    [error] = [one.value.replace("\\", "") for one in app.error]
    assert error.startswith(texts.FAULTS.format(n=error.count("\n- ")))
    assert "Column groups_known holds 'yes'" in error
    assert "Protocol 'random'" in error


def test_a_set_is_not_compared_with_itself(open_page: Callable[[], AppTest], weights: Path) -> None:
    """Once it was, and the difference was zero."""
    app = open_page()
    first = app.selectbox(key="set-A").value
    assert app.selectbox(key="set-A").options[0] not in app.selectbox(key="set-B").options

    # The same rows under another name are the same set.
    data = (weights / "tiny" / "held_out.csv").read_bytes()
    app.file_uploader(key="table").upload("again.csv", data, "text/csv").run()
    app.selectbox(key="set-B").set_value(first).run()
    assert not app.exception
    assert texts.SAME_SET in words_of(app)
    assert "A · lab" not in words_of(app)


@pytest.mark.parametrize("section", [texts.CURVES, texts.CONFUSION])
def test_curves_and_confusion_are_shown_of_each_branch_too(
    open_page: Callable[[], AppTest], section: str
) -> None:
    app = go_to(open_page(), section)
    [network] = [one for one in app.segmented_control if one.label == texts.NETWORK]
    fused = [chart.proto.spec for chart in app.get("plotly_chart")]
    assert network.options[0] == texts.FUSED
    network.set_value(make_held_out().branches[0].name).run()

    assert not app.exception
    alone = [chart.proto.spec for chart in app.get("plotly_chart")]
    assert len(alone) == len(fused)
    assert not set(alone) & set(fused)
    assert all("alone" in spec for spec in alone)


def test_false_alarms_are_one_count_in_every_section(open_page: Callable[[], AppTest]) -> None:
    """Once three sections gave three figures for the same images."""
    held_out = make_held_out()
    healthy = held_out.true_labels == 2
    n = int((healthy & held_out.is_called & (held_out.predicted_labels != 2)).sum())
    line = texts.FALSE_ALARMS_LINE.format(called=n, healthy=int(healthy.sum()))
    app = open_page()
    for section in (texts.OVERVIEW, texts.CONFUSION, texts.THRESHOLD):
        go_to(app, section)
        [caption] = [one.value for one in app.caption if "Healthy called leukemia:" in one.value]
        assert caption.startswith(line)
        assert ("The threshold above flags" in caption) == (section == texts.THRESHOLD)


def test_a_changed_table_is_refused_with_its_reason(
    open_page: Callable[[], AppTest], weights: Path
) -> None:
    (weights / "tiny" / "papers.json").write_text('{"files": {"held_out.csv": "00"}}')
    app = open_page()

    assert "was changed after the bundle was judged" in words_of(app)
    assert texts.BALANCED_ACCURACY not in words_of(app)


def test_no_table_at_all_says_what_to_do(
    open_page: Callable[[], AppTest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(WEIGHTS_VARIABLE, str(tmp_path / "absent"))
    monkeypatch.setenv(BUNDLE_VARIABLE, str(tmp_path / "absent" / "one"))

    assert texts.NO_TABLES in words_of(open_page())


def test_downloaded_numbers_say_what_they_are_of(side: Side) -> None:
    curves = side.evaluation.roc_curves
    rows = list(csv.DictReader(io.StringIO(numbers_as_csv(curve_table(curves), side).decode())))

    assert {row["class"] for row in rows} == {*CLASS_NAMES, "leukemia"}
    assert {row["notice"] for row in rows} == {RESEARCH_USE_NOTICE}
    assert {(row["source"], row["protocol"]) for row in rows} == {("lab", "grouped")}
    areas = [row for row in rows if row["what"] == "area"]
    assert float(areas[0]["low"]) <= float(areas[0]["y_sensitivity"]) <= float(areas[0]["high"])


def test_all_sources_stand_in_one_table_by_the_names_that_people_know(
    open_page: Callable[[], AppTest], weights: Path
) -> None:
    write_held_out(make_held_out("external", "far", seed=2), weights / "tiny" / "held_out_far.csv")
    (weights / "source_names.json").write_text('{"far": "A far laboratory"}')
    app = open_page()
    table = next(one for one in app.dataframe if texts.HELD_OUT_COLUMN in one.value.columns)
    sources = list(table.value[texts.SOURCE_LABEL])
    assert sources == ["lab", "A far laboratory", "lab"]
    assert table.value[texts.BALANCED_ACCURACY].dtype == float
    # Once columns were clipped: the source stays in sight, and the others scroll beside it.
    assert '"pinned": true' in table.proto.columns
    assert (table.value[texts.LOW_COLUMN] <= table.value[texts.BALANCED_ACCURACY]).all()

    app.session_state["set-A"] = "tiny/held_out_far.csv"
    app.run()
    assert app.selectbox(key="set-A").value == "tiny/held_out_far.csv"
    assert app.selectbox(key="source-A").value == "far"
    assert "A far laboratory" in words_of(app)
    assert app.query_params == {"set": "tiny/held_out_far.csv", "source": "far"}


def test_a_link_opens_the_same_set_source_and_section(
    open_page: Callable[..., AppTest], weights: Path
) -> None:
    """Once nothing had an address."""
    write_held_out(make_held_out("external", "far", seed=2), weights / "tiny" / "held_out_far.csv")
    app = open_page(
        set="tiny/held_out_far.csv",
        source="far",
        compare="tiny/held_out.csv",
        compare_source="lab",
        section=texts.GROUPS,
    )
    assert app.segmented_control(key="section").value == texts.GROUPS
    assert "A · far" in words_of(app)
    assert "B · lab" in words_of(app)

    wrong = open_page(set="../../secret", source="nowhere", section="none")
    assert wrong.selectbox(key="set-A").value == "tiny/held_out.csv"
    assert wrong.segmented_control(key="section").value == texts.OVERVIEW


def test_two_sets_lie_over_each_other_with_the_interval_of_their_difference(
    open_page: Callable[[], AppTest],
) -> None:
    app = open_page()
    app.selectbox(key="set-B").set_value("tiny/held_out_paper.csv").run()
    [table] = [one.value for one in app.dataframe if texts.A_MINUS_B in one.value.columns]
    first, second = make_held_out(), make_held_out("paper", seed=1)
    expected = {one.name: one.difference for one in figure_differences(first, second)}

    assert list(table[texts.FIGURE_COLUMN])[1] == texts.ACCURACY
    assert table[texts.A_MINUS_B][1] == format_estimate(expected["accuracy"])
    go_to(app, texts.CURVES)
    figure = app.get("plotly_chart")[0].proto.spec
    assert '"name":"A ' in figure
    assert '"name":"B ' in figure


def test_failures_of_every_table_are_counted_one_row_a_source(
    open_page: Callable[[], AppTest], weights: Path
) -> None:
    far = make_held_out("external", "far", seed=2)
    write_held_out(far, weights / "tiny" / "held_out_far.csv")
    app = go_to(open_page(), texts.FAILURES)
    [table] = [one for one in app.dataframe if texts.WRONG_TYPE in one.value.columns]
    assert "far" in list(table.value[texts.SOURCE_LABEL])
    row = list(table.value[texts.SOURCE_LABEL]).index("far")
    assert table.value[app_texts.NO_CALL][row] == int((~far.is_called).sum())
    assert table.value[texts.IMAGES_COLUMN][row] == len(far.true_labels)


def test_failures_of_all_sources_are_a_list_and_a_gallery(
    open_page: Callable[[], AppTest],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    encode_png: Callable[..., bytes],
) -> None:
    png = encode_png(draw_synthetic_cell("lymphoblast", seed=3))
    (tmp_path / "data" / "lab").mkdir(parents=True)
    for number in range(N_IMAGES):
        (tmp_path / "data" / "lab" / f"{number}.png").write_bytes(png)
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "data"))
    app = go_to(open_page(), texts.FAILURES)
    [kinds] = [one for one in app.segmented_control if one.label == texts.FAILURE_KIND]
    kinds.set_value("no_call").run()

    assert not app.exception
    captions = [caption for image in app.image for caption in image.captions]
    n_without = int((~make_held_out().is_called).sum())
    assert len(captions) == n_without
    assert all("answered" in caption and "lab" in caption for caption in captions)
    assert f"lab: {n_without} of {N_IMAGES}" in words_of(app)


def test_every_figure_is_in_the_files_and_no_name_ends_a_script(
    open_page: Callable[[], AppTest], side: Side
) -> None:
    app = go_to(open_page(), texts.FILES)
    page = app.get("iframe")[0].proto.srcdoc
    for title in (texts.ROC_TITLE, texts.PR_TITLE, texts.CONFUSION_TITLE, texts.RISK_TITLE):
        assert f"{title} · lab" in page.replace("\\u00b7", "·")

    figure = FigureFile(name="a", title="</script><b>", figure=go.Figure(), csv=b"</script>")
    html = files_page((figure,), stem="all", dark=False)
    assert "</script><b>" not in html
    assert html.count("</script>") == 3


def test_figures_carry_their_origin_and_tell_classes_apart_without_color(side: Side) -> None:
    figure = build_curve_figure(side.evaluation.roc_curves, side, dark=False)
    lines = [trace for trace in figure.data if trace.mode == "lines+markers"]

    assert len({(trace.line.dash, trace.marker.symbol) for trace in lines}) == 4
    assert RESEARCH_USE_NOTICE in figure.layout.annotations[0].text
    assert "lab" in figure.layout.annotations[0].text


@pytest.mark.parametrize("scale", list(SCALE_TITLES))
def test_every_cell_of_the_matrix_can_be_clicked(side: Side, scale: str) -> None:
    from leukapp.evaluation.confusion import confusion_of

    confusion = confusion_of(side.evaluation.held_out)
    figure = build_confusion_figure(confusion, scale, side, dark=True)  # type: ignore[arg-type]
    points = figure.data[1]

    assert [tuple(point) for point in points.customdata] == [
        (row, column) for row in range(3) for column in range(3)
    ]
    # Once the numbers faded after a click: they are no texts of points, which Plotly fades.
    assert len([note for note in figure.layout.annotations if "Research" not in note.text]) == 9
    assert points.unselected.marker.opacity == 1
    assert figure.layout.hoverdistance == -1
    assert "select" in figure.layout.clickmode


def test_names_of_downloads_are_harmless(side: Side) -> None:
    assert file_stem(side, "a/../b c") == "leukapp-mine.csv-lab-a-..-b-c"


def test_empty_table_has_the_documented_columns() -> None:
    header = empty_table().decode().strip().split(",")

    for column in header:
        assert f"`{column}`" in texts.FORMAT_BODY.replace("`, `", "` `")


def test_a_set_with_a_map_shows_it_and_one_without_says_so(
    open_page: Callable[..., AppTest], weights: Path
) -> None:
    app = open_page(section=texts.MAP)
    assert texts.NO_MAP in [one.value for one in app.info]
    table = weights / "tiny" / "held_out.csv"
    made = fit_feature_map(np.random.default_rng(0).normal(0, 1, (N_IMAGES, 9)).astype(np.float32))
    path = table.with_name(map_name(table.name))
    write_feature_map(made, path, table_sha256=hashlib.sha256(table.read_bytes()).hexdigest())

    app = open_page(section=texts.MAP)

    figure = json.loads(app.get("plotly_chart")[0].proto.spec)
    assert [trace["name"] for trace in figure["data"]] == list(CLASS_NAMES)
    assert sum(len(trace["customdata"]) for trace in figure["data"]) == N_IMAGES
    path.write_bytes(b"no map")
    assert "is damaged" in open_page(section=texts.MAP).error[0].value
