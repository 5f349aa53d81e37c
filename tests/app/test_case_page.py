"""Cases on page "Batch review": put together, found, opened by a link, named, taken apart."""

import hashlib
import io
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fake_diagnoser import FakeDiagnoser, make_field
from pypdf import PdfReader
from streamlit.testing.v1 import AppTest

from leukapp.resources import ROOT_VARIABLE
from leukapp.result_record import RESEARCH_USE_NOTICE
from leukapp.review.records import ARTIFACT, BatchRun, DecisionKind, RunState
from leukapp.review.store import ReviewStore
from leukapp.review.uploads import BatchEntry
from leukapp.ui.texts import batch as batch_texts
from leukapp.ui.texts import cases as texts
from leukapp.ui.texts import diagnose as diagnose_texts

ACCESSION = "S-26-04711"
FIELDS = (["ALL", "ALL", "Healthy"], ["ALL", None, "Healthy", "Healthy"])


@pytest.fixture
def begin(
    store: ReviewStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], BatchRun]:
    """Makes a batch of two fields that was read."""
    monkeypatch.setenv(ROOT_VARIABLE, str(tmp_path / "root"))
    (tmp_path / "root").mkdir()

    def make() -> BatchRun:
        number = len(store.runs())
        entries = [BatchEntry(name=f"{i}.png", source=f"{number}-{i}.png") for i in range(2)]
        bundle = FakeDiagnoser.bundle.sha256
        run = store.create_run("Slides", entries, bundle, root=tmp_path / "root")
        for item, answers in zip(store.items(run.id), FIELDS, strict=True):
            data = b"field %d of batch %d" % (item.position, run.id)
            (tmp_path / "root" / item.source).write_bytes(data)
            store.save_answer(item, make_field(data, answers))
        store.set_run_state(run.id, RunState.FINISHED)
        return store.run(run.id)

    return make


@pytest.fixture
def open_page(start_app: Callable[..., AppTest]) -> Callable[..., AppTest]:
    """Opens the page at an address."""

    def open_it(**address: object) -> AppTest:
        app = start_app()
        app.switch_page("pages/batch_review.py")
        for name, value in address.items():
            app.query_params[name] = str(value)
        app.run()
        assert not app.exception
        return app

    return open_it


def words_of(app: AppTest) -> str:
    kinds = (
        app.markdown,
        app.caption,
        app.header,
        app.subheader,
        app.error,
        app.info,
        app.warning,
        app.success,
    )
    return " ".join(element.value for kind in kinds for element in kind).replace("\\", "")


def press(app: AppTest, key: str) -> None:
    app.button(key=key).click().run()
    assert not app.exception


def test_a_batch_becomes_a_case_that_is_found_and_opened(
    open_page: Callable[..., AppTest], begin: Callable[[], BatchRun], store: ReviewStore
) -> None:
    first, second = begin(), begin()
    app = open_page(batch=first.id)
    app.text_input(key=f"case-for-batch-{first.id}").set_value(ACCESSION)
    press(app, "case-put")
    assert app.query_params["case"] == "1"
    assert ACCESSION not in str(dict(app.query_params))
    assert f"Case {ACCESSION}" in words_of(app)

    app = open_page()
    app.text_input(key="case-search").set_value("04711").run()
    press(app, "open-case-1")
    assert f"Case {ACCESSION}" in words_of(app)
    store.cases.put_batch("#1", second.id)
    item = store.items(second.id)[1]
    app.run()
    label = batch_texts.OPEN_IN_BATCH.format(batch=second.id, number=2)
    [image] = [button for button in app.button if button.label == label]
    image.click().run()
    assert (app.query_params["batch"], app.query_params["image"]) == ("2", "2")

    # A link of a colleague leads there, too; the worklist has the case's images alone.
    store.cases.take_out(1, [item.id])
    app = open_page(case=1, batch=second.id, part="worklist")
    assert texts.ONLY_OF_CASE.format(case=f"Case {ACCESSION}") in words_of(app)
    assert "1 of 1 images" in words_of(app)
    press(app, "case-whole-batch")
    assert "2 of 2 images" in words_of(app)
    assert store.verify().is_whole


def test_ticked_images_of_a_batch_are_put_into_a_case(
    open_page: Callable[..., AppTest], begin: Callable[[], BatchRun], store: ReviewStore
) -> None:
    run = begin()
    item = store.items(run.id)[1]
    app = open_page(batch=run.id, part="worklist")
    app.toggle(key="batch-picking").set_value(True).run()
    app.checkbox(key=f"batch-pick-{item.id}").check().run()
    app.text_input(key="case-for-picked").set_value(ACCESSION)
    press(app, "case-put-picked")
    assert store.cases.item_ids(1) == {item.id}
    assert f"They are in Case {ACCESSION} now." in words_of(app)


def test_a_case_is_renamed_taken_apart_and_removed(
    open_page: Callable[..., AppTest], begin: Callable[[], BatchRun], store: ReviewStore
) -> None:
    run = begin()
    other = store.cases.make("Other")
    case = store.cases.put_batch(ACCESSION, run.id)
    app = open_page(case=case.id)
    name_key = f"case-name-{case.id}-{ACCESSION}"
    app.text_input(key=name_key).set_value("Other")
    press(app, "case-rename")
    assert f"Case {other.id} has this name already" in words_of(app)
    app.text_input(key=name_key).set_value("")
    press(app, "case-rename")
    assert f"Case {case.id} " in words_of(app)
    item = store.items(run.id)[0]
    app.multiselect(key=f"case-take-out-{case.id}-2").set_value([item.id]).run()
    press(app, "case-take-out")
    assert store.cases.get(case.id).n_images == 1
    press(app, "case-remove")
    assert [found.id for found in store.cases.search()] == [other.id]
    assert batch_texts.LEAD in words_of(app)

    app = open_page(case=case.id)
    assert texts.NO_SUCH_CASE.format(number=case.id) in words_of(app)
    assert "case" not in app.query_params


def test_a_new_batch_names_its_case(
    open_page: Callable[..., AppTest], tmp_path: Path, store: ReviewStore, begin: object
) -> None:
    (tmp_path / "root" / "field.png").write_bytes(b"field")
    app = open_page()
    app.segmented_control(key="batch-source").set_value(batch_texts.SOURCE_SERVER).run()
    app.text_input(key="batch-case").set_value("#7").run()
    assert "not in the review store" in words_of(app)
    app.text_input(key="batch-case").set_value(ACCESSION).run()
    assert texts.BEGINS in words_of(app)
    press(app, "batch-start")
    [case] = store.cases.search(ACCESSION)
    assert case.n_images == 1
    assert f"Case {ACCESSION}" in [button.label.replace("\\", "") for button in app.button]


def test_images_of_page_diagnose_are_kept_as_a_batch_in_a_case(
    start_app: Callable[..., AppTest], store: ReviewStore, encode_png: Callable[..., bytes]
) -> None:
    store.cases.make(ACCESSION)
    app = start_app()
    data = encode_png(np.full((32, 32, 3), 90, np.uint8))
    app.file_uploader[0].upload("field 1.png", data, "image/png")
    app.run()
    digest = hashlib.sha256(data).hexdigest()
    signed = store.record_decision(
        image_sha256=digest,
        image_name=digest,
        bundle_sha256=FakeDiagnoser.bundle.sha256,
        kind=DecisionKind.OVERRIDE,
        label="AML",
        reason="",
        initials="KM",
    )
    app.text_input(key="keep-case").set_value(ACCESSION).run()
    assert f"Case {ACCESSION} is there, with 0 images" in words_of(app)
    press(app, "keep")
    assert diagnose_texts.KEPT_DECISIONS.format(n=1) in words_of(app)
    [run] = store.runs()
    [item] = store.items(run.id)
    assert item.name == "field 1.png"
    assert store.cases.item_ids(1) == {item.id}
    [link] = app.get("page_link")
    assert link.proto.label == diagnose_texts.KEPT.format(batch=run.id)
    assert "keep" not in [button.key for button in app.button]
    while store.run(run.id).state is not RunState.FINISHED:
        time.sleep(0.02)
    # One line of the page, one of the batch, of one hash: corrections of the one are the other's.
    assert store.items(run.id)[0].image_sha256 == digest
    [carried] = store.decisions(run_id=run.id)
    assert (carried.initials, carried.decided_at) == (signed.initials, signed.decided_at)
    assert store.verify().is_whole


def test_a_case_is_counted_as_corrected_and_reported(
    open_page: Callable[..., AppTest], begin: Callable[[], BatchRun], store: ReviewStore
) -> None:
    run = begin()
    store.cases.put_batch(ACCESSION, run.id)
    data = b"field 0 of batch 1"
    field = make_field(data, FIELDS[0])
    store.correct_cell(field, field.cells[0].box, ARTIFACT, initials="KM")
    app = open_page(case=1)
    words = words_of(app)
    assert "Networks: 3 of 6 judged leukocytes are called leukemia, 50 %" in words.replace(
        "%", " %"
    )
    assert "As corrected by readers (1 corrected): 2 of 5" in words
    table = app.table[0].value
    assert table[texts.ANSWER].tolist() == ["▲ ALL", "● Healthy", "○ No call"]
    assert [cell[0] for cell in table[texts.READERS]] == ["2", "3", "1"]

    press(app, "case-make-report")
    assert app.get("download_button")
    covers = [read_cover(app)]
    app.toggle(key="case-1-with-name").set_value(True).run()
    assert not app.get("download_button")
    press(app, "case-make-report")
    covers.append(read_cover(app))
    assert [ACCESSION in cover for cover in covers] == [False, True]
    assert "1 corrected" in covers[0]
    assert hashlib.sha256(data).hexdigest()[:12] in covers[0]

    # Who votes first sees no count that would tell the verdicts.
    app = open_page(case=1, **{"vote-first": "1"})
    assert texts.SUMMARY_HIDDEN in words_of(app)
    assert not app.table


def read_cover(app: AppTest) -> str:
    """Words of the first page; every page has the research-use line, each image its own pages."""
    _, made = app.session_state["case-report-made"]
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(made)).pages]
    assert all(RESEARCH_USE_NOTICE in page for page in pages)
    assert len([page for page in pages if "result, image" in page]) == 4
    return " ".join(pages[0].split())
