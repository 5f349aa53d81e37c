"""Page "Batch review" in each state a reviewer can meet, with the store that ships."""

import hashlib
import json
import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fake_diagnoser import DISAGREE, FakeDiagnoser, make_diagnosis, make_open_type
from streamlit import config
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import ButtonGroup

from leukapp.errors import ImageError
from leukapp.imaging.quality import QualityFinding
from leukapp.labels import CLASS_NAMES, TYPE_NOT_DETERMINED
from leukapp.resources import BATCH_VARIABLE, ROOT_VARIABLE
from leukapp.result_record import RESEARCH_USE_NOTICE
from leukapp.review.answer_keys import REJECTED
from leukapp.review.kept_images import keep_thumbnail, thumbnail_path
from leukapp.review.records import BatchRun, Decision, DecisionKind, ItemState, RunState
from leukapp.review.store import ReviewStore
from leukapp.review.uploads import BatchEntry
from leukapp.ui import texts as app_texts
from leukapp.ui.review import batches
from leukapp.ui.review.batch_address import Density
from leukapp.ui.review.thumbnails import LAYOUTS
from leukapp.ui.texts import batch as texts
from leukapp.ui.texts import review as review_texts

BUNDLE = FakeDiagnoser.bundle.sha256
LIMIT_SECONDS = 20
IMAGES_A_PAGE = LAYOUTS[Density.COMFORTABLE].images_a_page
StartApp = Callable[..., AppTest]
Seed = Callable[..., BatchRun]


@pytest.fixture
def seed(
    store: ReviewStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    encode_png: Callable[..., bytes],
) -> Seed:
    """Makes a batch that was read: No. 1 has no call, No. 2 divided branches, the others ALL."""
    monkeypatch.setenv(BATCH_VARIABLE, str(tmp_path / "batches"))
    monkeypatch.setenv(ROOT_VARIABLE, str(tmp_path / "root"))

    def make(
        n: int = 5, *, bundle: str = BUNDLE, n_waiting: int = 0, n_readers: int = 1
    ) -> BatchRun:
        total, root = n + n_waiting, tmp_path / "root"
        entries = [BatchEntry(name=f"cell {i}.png", source=f"{i}.png") for i in range(total)]
        root.mkdir(exist_ok=True)
        for i, entry in enumerate(entries):
            (root / entry.source).write_bytes(encode_png(np.full((40, 40, 3), 99 + i, np.uint8)))
        run = store.create_run("Slides *of* May", entries, bundle, root=root, n_readers=n_readers)
        small = np.full((8, 8, 3), 200, np.uint8)
        for item in store.items(run.id)[:n]:
            content = DISAGREE if item.position == 1 else b"image"
            diagnosis = make_diagnosis(content, label=None if item.position == 0 else "ALL")
            data = (root / item.source).read_bytes()
            diagnosis = replace(diagnosis, image_sha256=hashlib.sha256(data).hexdigest())
            store.save_answer(item, diagnosis, user=None)
            keep_thumbnail(diagnosis.image_sha256, small)
        store.set_run_state(run.id, RunState.PAUSED if n_waiting else RunState.FINISHED)
        return store.run(run.id)

    return make


@pytest.fixture
def open_page(start_app: StartApp) -> Callable[..., AppTest]:
    """Opens the page on a batch and one of its parts."""

    def open_it(run: BatchRun | None = None, section: str | None = None) -> AppTest:
        app = start_app()
        app.switch_page("pages/batch_review.py")
        if run is not None:
            app.query_params["batch"] = str(run.id)
        app.run()
        if section is not None:
            app.segmented_control(key="batch-section").set_value(section).run()
        assert not app.exception
        return app

    return open_it


def words_of(app: AppTest) -> str:
    kinds = (
        app.markdown, app.caption, app.header, app.subheader, app.error, app.info, app.warning,
        app.success,
    )  # fmt: skip
    written = " ".join(element.value for kind in kinds for element in kind)
    return written + " ".join(element.proto.body for element in app.get("html"))


def labels_of(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def image_number(app: AppTest) -> int:
    return int("".join(app.query_params["image"]))


def popovers(app: AppTest) -> list[str]:
    return [block.proto.popover.label for block in app.get("popover")]


def chips(app: AppTest) -> list[ButtonGroup[str]]:
    return [one for one in app.pills if str(one.key).startswith("batch-1-verdicts")]


def press_chips(app: AppTest, verdicts: list[str]) -> None:
    chips(app)[0].set_value(verdicts).run()
    assert not app.exception


def sign(app: AppTest) -> AppTest:
    app.text_input(key="initials-batch-field").set_value("AB")
    return app.button(key="initials-batch-use").click().run()


def decide(app: AppTest, label: str) -> AppTest:
    [button] = [one for one in app.button if one.label == label]
    button.click().run()
    assert not app.exception
    return app


def standing(store: ReviewStore, run: BatchRun) -> list[Decision]:
    return list(store.decisions(run_id=run.id))


def test_first_screen_asks_for_images_and_says_what_the_server_offers(
    open_page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(ROOT_VARIABLE, raising=False)
    app = open_page()

    assert texts.LEAD in words_of(app)
    assert RESEARCH_USE_NOTICE in words_of(app)
    assert app.button(key="batch-start").disabled
    app.segmented_control(key="batch-source").set_value(texts.SOURCE_SERVER).run()
    assert ROOT_VARIABLE in words_of(app)
    assert not app.exception


def test_a_folder_of_the_server_is_read_and_its_unreadable_files_are_named(
    open_page: Callable[..., AppTest],
    store: ReviewStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    deep = tmp_path / "root" / "slides" / "deep"
    deep.mkdir(parents=True)
    for number in range(3):
        (deep / f"{number}.png").write_bytes(b"image %d" % number)
    (deep / "bad.tif").write_bytes(b"broken")
    monkeypatch.setenv(ROOT_VARIABLE, str(tmp_path / "root"))
    app = open_page()
    app.segmented_control(key="batch-source").set_value(texts.SOURCE_SERVER).run()
    app.selectbox(key="batch-into-.").set_value("slides").run()
    assert r"review folder \/ slides" in words_of(app)
    app.text_input(key="batch-name").set_value("May").run()
    app.button(key="batch-start").click().run()
    assert not app.exception

    wait_until_read(app, store, 1)
    assert texts.FINISHED in words_of(app)
    assert store.run(1).name == "May"
    assert (store.run(1).done, store.run(1).unreadable) == (3, 1)
    table = app.dataframe[0].value
    assert table[texts.UNREADABLE_NAME].tolist() == ["slides/deep/bad.tif"]
    assert "save it as PNG" in table[texts.UNREADABLE_REASON][0]
    # Its beginning, its four files, its end.
    assert store.verify().n_rows == 6


def wait_until_read(app: AppTest, store: ReviewStore, run_id: int) -> None:
    deadline = time.monotonic() + LIMIT_SECONDS
    while store.run(run_id).state is not RunState.FINISHED:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(0.05)
    app.run()
    assert not app.exception


def test_uploads_are_kept_as_pixels_read_and_removed_with_the_batch(
    open_page: Callable[..., AppTest],
    store: ReviewStore,
    encode_png: Callable[..., bytes],
    tmp_path: Path,
) -> None:
    app = open_page()
    uploader = app.file_uploader(key="batch-upload-0-0")
    uploader.upload("a.png", encode_png(np.full((32, 32, 3), 90, np.uint8)), "image/png")
    uploader.upload("note.txt", b"no image at all, nor anything like it", "text/plain")
    app.run()
    app.button(key="batch-start").click().run()
    wait_until_read(app, store, 1)

    assert (store.run(1).done, store.run(1).unreadable) == (1, 1)
    assert app.query_params["batch"] == "1"
    item = store.items(1, state=ItemState.DONE)[0]
    assert len(list((tmp_path / "batches" / "uploads").rglob("*.png"))) == 1
    assert thumbnail_path(str(item.image_sha256)).is_file()

    app.button(key="batch-remove").click().run()
    assert not app.exception
    assert store.runs() == ()
    left = [path.parent.name for path in (tmp_path / "batches").rglob("*") if path.is_file()]
    assert left == ["known-stores"]
    assert texts.LEAD in words_of(app)


def test_the_page_offers_what_the_server_takes(open_page: Callable[..., AppTest]) -> None:
    app = open_page()
    offered_mb = app.file_uploader(key="batch-upload-0-0").proto.max_upload_size_mb
    assert offered_mb == config.get_option("server.maxUploadSize")


def test_an_interrupted_batch_can_be_resumed_and_a_batch_of_another_bundle_not(
    open_page: Callable[..., AppTest], seed: Seed, store: ReviewStore
) -> None:
    run = seed(2, n_waiting=2)
    store.set_run_state(run.id, RunState.RUNNING)
    app = open_page(run)
    assert texts.INTERRUPTED in words_of(app)
    assert texts.RESUME in labels_of(app)

    other = seed(1, n_waiting=1, bundle="cd" * 32)
    app = open_page(other)
    assert texts.OTHER_BUNDLE in words_of(app)
    assert texts.RESUME not in labels_of(app)


def test_batches_older_than_the_menu_are_opened_by_number_or_address(
    open_page: Callable[..., AppTest], seed: Seed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "RUNS_A_PAGE", 2)
    first, second, *_ = [seed(1) for _ in range(4)]
    app = open_page()
    assert len(app.selectbox(key="batch").options) == 3
    app.number_input(key="batch-older").set_value(second.id).run()
    assert not app.exception
    assert app.query_params["batch"] == str(second.id)

    app = open_page(first)
    assert app.selectbox(key="batch").value == first.id


def test_the_worklist_shows_uncertain_images_first_and_a_page_at_a_time(
    open_page: Callable[..., AppTest], seed: Seed
) -> None:
    run = seed(IMAGES_A_PAGE + 3)
    app = open_page(run, texts.WORKLIST)
    assert len(app.image) == IMAGES_A_PAGE
    assert "**▲ ALL** 93.0 %" in words_of(app)
    assert texts.MARK_DISAGREE in words_of(app)
    assert f"**{texts.REJECTED}**" not in words_of(app)

    app.button(key="batch-page-on").click().run()
    assert len(app.image) == 3
    assert f"**{texts.REJECTED}**" in words_of(app)
    assert f"**{texts.REJECTED}** 93.0 %" not in words_of(app)
    app.button(key="batch-page-back").click().run()
    app.selectbox(key=f"batch-{run.id}-branches").select_index(2).run()
    assert len(app.image) == 1
    press_chips(app, ["ALL"])
    assert len(app.image) == 1
    press_chips(app, [REJECTED])
    assert texts.NO_MATCH in words_of(app)


def test_a_decision_is_saved_moves_on_and_can_be_taken_back(
    open_page: Callable[..., AppTest], seed: Seed, store: ReviewStore
) -> None:
    run = seed()
    app = open_page(run, texts.WORKLIST)
    app.button(key="batch-begin").click().run()
    assert all(one.disabled for one in app.button if one.label == texts.UNSURE)
    assert review_texts.INITIALS_WRONG in words_of(app)

    sign(app)
    number = image_number(app)
    item_id = store.items(run.id)[number - 1].id
    app.text_input(key=f"batch-reason-{item_id}").set_value("no *nucleus*").run()
    decide(app, "◆ AML")
    [made] = standing(store, run)
    assert (made.kind, made.label, made.initials) == (DecisionKind.OVERRIDE, "AML", "AB")
    assert made.reason == "no *nucleus*"
    assert not made.is_blinded
    assert image_number(app) != number

    decide(app, texts.UNDO)
    assert image_number(app) == number
    assert [one.kind for one in standing(store, run)] == [
        DecisionKind.OVERRIDE,
        DecisionKind.UNDONE,
    ]
    decide(app, texts.AGREE)
    assert standing(store, run)[-1].kind is DecisionKind.AGREE
    assert store.verify().is_whole


def test_a_key_that_is_pressed_twice_decides_once(
    open_page: Callable[..., AppTest], seed: Seed, store: ReviewStore
) -> None:
    run = seed()
    app = open_page(run, texts.WORKLIST)
    app.button(key="batch-begin").click().run()
    sign(app)
    app.toggle(key="batch-go-on").set_value(False).run()
    decide(app, texts.UNSURE)
    decide(app, texts.UNSURE)

    assert len(standing(store, run)) == 1
    assert "Saved: **unsure**" in words_of(app)


def test_voting_first_hides_verdict_numbers_and_heatmaps_until_the_vote(
    open_page: Callable[..., AppTest], seed: Seed, store: ReviewStore
) -> None:
    run = seed()
    app = open_page(run, texts.WORKLIST)
    app.toggle(key="batch-blinded").set_value(True).run()
    assert app.query_params["vote-first"] == "1"
    assert not any(word in words_of(app) for word in ("▲ ALL", "No call", "93.0 %"))
    assert not chips(app)
    assert texts.AGREE_SHOWN.format(n=5) not in popovers(app)

    app.button(key=f"batch-open-{store.items(run.id)[2].id}").click().run()
    sign(app)
    app.toggle(key="batch-go-on").set_value(False).run()
    assert texts.BLINDED_NOTE in words_of(app)
    assert 'leuk-verdict"' not in words_of(app)
    assert texts.HEATMAPS_SHOW not in labels_of(app)
    assert texts.AGREE not in labels_of(app)

    decide(app, "▲ ALL")
    [made] = standing(store, run)
    assert (made.kind, made.label, made.is_blinded) == (DecisionKind.AGREE, "ALL", True)
    assert "▲ ALL" in words_of(app)
    assert texts.HEATMAPS_SHOW in labels_of(app)


def test_a_file_name_that_tells_the_class_is_hidden_until_the_vote(
    open_page: Callable[..., AppTest], seed: Seed
) -> None:
    app = open_page(seed(1), texts.WORKLIST)
    app.toggle(key="batch-blinded").set_value(True).run()
    app.button(key="batch-begin").click().run()
    assert [image.captions[0] for image in app.image] == ["Image 1"]

    sign(app)
    decide(app, "▲ ALL")
    assert [image.captions[0] for image in app.image] == [r"No. 1: cell 0\.png"]


def test_a_blinded_vote_for_another_class_is_an_override(
    open_page: Callable[..., AppTest], seed: Seed, store: ReviewStore
) -> None:
    run = seed()
    app = open_page(run, texts.WORKLIST)
    app.toggle(key="batch-blinded").set_value(True).run()
    app.button(key=f"batch-open-{store.items(run.id)[2].id}").click().run()
    sign(app)
    decide(app, "● Healthy")

    [made] = standing(store, run)
    assert (made.kind, made.label) == (DecisionKind.OVERRIDE, "Healthy")


def test_heatmaps_come_on_demand_from_the_file_itself(
    open_page: Callable[..., AppTest], seed: Seed
) -> None:
    app = open_page(seed(1), texts.WORKLIST)
    app.button(key="batch-begin").click().run()
    assert [image.captions[0] for image in app.image] == [r"No. 1: cell 0\.png"]
    app.button(key="batch-heatmaps").click().run()

    assert not app.exception
    assert len(app.image) == 4


def test_another_bundle_does_not_explain_the_answers_of_a_batch(
    open_page: Callable[..., AppTest], seed: Seed
) -> None:
    app = open_page(seed(1, bundle="cd" * 32), texts.WORKLIST)
    app.button(key="batch-begin").click().run()
    app.button(key="batch-heatmaps").click().run()

    assert not app.exception
    assert texts.HEATMAPS_OTHER_BUNDLE in words_of(app)
    assert len(app.image) == 1


@pytest.mark.parametrize("has_thumbnails", [True, False])
def test_another_patients_file_under_the_same_name_is_neither_shown_nor_signed(
    open_page: Callable[..., AppTest],
    seed: Seed,
    store: ReviewStore,
    encode_png: Callable[..., bytes],
    tmp_path: Path,
    has_thumbnails: bool,
) -> None:
    run = seed(3)
    other = encode_png(np.full((40, 40, 3), 3, np.uint8))
    for item in store.items(run.id):
        (tmp_path / "root" / item.source).write_bytes(other)
        if not has_thumbnails:
            thumbnail_path(str(item.image_sha256)).unlink()
    app = open_page(run, texts.WORKLIST)
    assert len(app.image) == (3 if has_thumbnails else 0)
    assert (texts.OTHER_PICTURE.format(number=2) in words_of(app)) is not has_thumbnails
    app.button(key="batch-begin").click().run()
    sign(app)

    assert not app.exception
    assert len(app.image) == 0
    assert "is not the one that was judged" in words_of(app)
    assert texts.NO_DECISION in words_of(app)
    assert texts.HEATMAPS_SHOW not in labels_of(app)
    assert all(one.disabled for one in app.button if one.label == texts.UNSURE)
    assert not [path for path in (tmp_path / "batches").rglob("*.jpg") if not has_thumbnails]


def test_a_file_that_is_replaced_while_its_image_is_open_cannot_be_signed(
    open_page: Callable[..., AppTest], seed: Seed, store: ReviewStore, tmp_path: Path
) -> None:
    run = seed(2)
    app = open_page(run, texts.WORKLIST)
    app.button(key="batch-begin").click().run()
    sign(app)
    for name in ("0.png", "1.png"):
        (tmp_path / "root" / name).write_bytes(b"another patient")
    decide(app, texts.UNSURE)

    assert standing(store, run) == []
    assert "no decision on it can be signed" in words_of(app)


def test_agreement_and_export_speak_of_what_was_decided(
    open_page: Callable[..., AppTest], seed: Seed, store: ReviewStore
) -> None:
    run = seed()
    assert texts.NOTHING_REVIEWED in words_of(open_page(run, texts.AGREEMENT))
    for item, label in zip(store.items(run.id)[1:], ("ALL", "AML", "ALL"), strict=False):
        kind = DecisionKind.AGREE if label == item.label else DecisionKind.OVERRIDE
        store.record_decision(
            image_sha256=str(item.image_sha256), image_name=item.name, bundle_sha256=BUNDLE,
            kind=kind, label=label, reason="", initials="AB", run_id=run.id, item_id=item.id,
        )  # fmt: skip
    app = open_page(run, texts.AGREEMENT)
    page = words_of(app)
    assert "3 of 5 images that were read" in page
    assert "66.7%" in page
    assert "3 of 3 decisions were made with the verdict in sight" in page
    assert app.dataframe[0].value["ALL"].tolist() == [2, 1, 0, 0]

    app = open_page(run, texts.EXPORT)
    assert [one.label for one in app.get("download_button")] == [
        texts.DOWNLOAD_CSV, texts.DOWNLOAD_PARQUET, texts.DOWNLOAD_PDF,
    ]  # fmt: skip
    make_report = app.button(key="batch-make-report")
    assert make_report.label == texts.MAKE_REPORT.format(n=3)
    make_report.click().run()
    assert not app.exception
    assert app.get("download_button")[-1].label == texts.DOWNLOAD_REPORT


def test_from_a_batch_that_is_read_one_button_leads_to_its_worklist(
    open_page: Callable[..., AppTest], seed: Seed
) -> None:
    app = open_page(seed())
    app.button(key="batch-review-now").click().run()

    assert not app.exception
    assert app.segmented_control(key="batch-section").value == texts.WORKLIST
    assert len(app.image) == 5


def test_names_are_never_markup(open_page: Callable[..., AppTest], seed: Seed) -> None:
    app = open_page(seed())

    assert [header.value for header in app.header] == [r"Slides \*of\* May"]


def test_a_store_that_cannot_be_opened_is_one_sentence_and_diagnoses_go_on(
    start_app: StartApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = start_app()
    (tmp_path / "damaged.db").write_bytes(b"no database" * 100)
    monkeypatch.setenv("LEUKAPP_STORE_URL", f"sqlite:///{tmp_path / 'damaged.db'}")
    app.file_uploader(key="upload").upload("a.png", b"image", "image/png")
    app.run()
    assert not app.exception
    assert "▲ ALL" in words_of(app)
    assert any("audit trail" in warning.value for warning in app.warning)
    assert any("review log" in error.value for error in app.error)

    app.switch_page("pages/batch_review.py").run()
    assert not app.exception
    assert len(app.error) == 1


def test_a_finding_of_the_quality_check_is_marked(
    open_page: Callable[..., AppTest], store: ReviewStore, seed: Seed
) -> None:
    run = seed(0, n_waiting=1)
    finding = QualityFinding(kind="dark", message="The image is <b>dark</b>.", blocks_call=False)
    diagnosis = make_diagnosis(b"image")
    diagnosis = replace(diagnosis, quality=replace(diagnosis.quality, findings=(finding,)))
    store.save_answer(store.items(run.id)[0], diagnosis, user=None)
    app = open_page(store.run(run.id), texts.WORKLIST)
    assert texts.MARK_QUALITY in words_of(app)
    app.button(key="batch-begin").click().run()

    assert "The image is &lt;b&gt;dark" in words_of(app)


def test_an_image_without_a_leukocyte_is_uncertain_has_no_numbers_and_can_be_agreed_with(
    open_page: Callable[..., AppTest], store: ReviewStore, seed: Seed, tmp_path: Path
) -> None:
    run = seed(0, n_waiting=1)
    empty = replace(
        make_diagnosis((tmp_path / "root" / "0.png").read_bytes(), label=None),
        mode="field",
        probabilities=None,
        branches=(),
        no_call_reason="No leukocyte was found in the image.",
    )
    store.save_answer(store.items(run.id)[0], empty, user=None)
    app = open_page(store.run(run.id), texts.WORKLIST)
    # Defect "nothing to judge" over visible cells.
    assert "nothing to judge" not in words_of(app)
    assert "**○ No call**" in words_of(app)
    app.button(key="batch-begin").click().run()
    assert "No leukocyte was found" in words_of(app)
    sign(app)
    decide(app, texts.AGREE_NO_CALL)

    assert standing(store, run)[-1].label is None
    app = open_page(store.run(run.id), texts.AGREEMENT)
    assert texts.CARD_UNDEFINED in words_of(app)
    assert not open_page(store.run(run.id), texts.EXPORT).exception


def test_a_leukemia_of_no_determined_type_is_shown_filtered_and_decided_on(
    open_page: Callable[..., AppTest], seed: Seed, store: ReviewStore, tmp_path: Path
) -> None:
    run = seed(1, n_waiting=1)
    [waiting] = store.items(run.id, state=ItemState.WAITING)
    data = (tmp_path / "root" / waiting.source).read_bytes()
    diagnosis = replace(make_open_type(), image_sha256=hashlib.sha256(data).hexdigest())
    store.save_answer(waiting, diagnosis, user=None)
    app = open_page(run, texts.WORKLIST)
    assert "**■ Leukemia, type not determined** 96.0 %" in words_of(app)

    press_chips(app, [TYPE_NOT_DETERMINED])
    app.button(key="batch-begin").click().run()
    sign(app)
    assert "<h2>■ Leukemia, type not determined</h2>" in words_of(app)
    assert app_texts.PROBABILITY_OF_LEUKEMIA.format(value="96.0 %") in words_of(app)
    decide(app, texts.AGREE)
    [made] = standing(store, run)
    assert (made.kind, made.finding, made.label) == (DecisionKind.AGREE, "leukemia", None)


def open_link(start_app: StartApp, query: str) -> AppTest:
    app = start_app()
    app.switch_page("pages/batch_review.py")
    for pair in query.split("&"):
        name, _, text = pair.partition("=")
        app.query_params[name] = text
    app.run()
    assert not app.exception
    return app


def test_a_link_opens_batch_filter_order_page_and_image_for_whoever_may_see_them(
    start_app: StartApp, seed: Seed
) -> None:
    """Defect "no addresses"."""
    run = seed(IMAGES_A_PAGE + 3)
    query = f"batch={run.id}&part=worklist&show=ALL&sort=as-they-came&p=50-100&from=25"
    app = open_link(start_app, query)
    assert chips(app)[0].value == ["ALL"]
    assert app.slider(key=f"batch-{run.id}-confidence").value == (50, 100)
    assert len(app.image) == 2
    assert not app.warning

    app = open_link(start_app, f"{query}&image=7")
    assert [image.captions[0] for image in app.image] == [r"No. 7: cell 6\.png"]
    app.button(key="batch-step-chevron_right").click().run()
    assert image_number(app) == 8
    app.query_params["image"] = "3"
    app.run()
    assert [image.captions[0] for image in app.image] == [r"No. 3: cell 2\.png"]


def test_what_a_link_says_wrongly_is_left_out_in_one_sentence(
    start_app: StartApp, seed: Seed
) -> None:
    run = seed(2)
    app = open_link(start_app, f"batch={run.id}&part=cellar&show=ALL,CML&p=90-10&image=x&from=0")
    [warning] = app.warning
    assert warning.value == texts.ADDRESS_IGNORED.format(names="p, part, image, from, show")

    app = open_link(start_app, f"batch={run.id}&part=worklist&image=99")
    [warning] = app.warning
    assert warning.value == texts.NO_SUCH_IMAGE.format(batch=run.id, number=99)
    assert "image" not in app.query_params

    app = open_link(start_app, f"batch={run.id + 1}")
    assert texts.NO_SUCH_BATCH.format(number=run.id + 1) in words_of(app)
    assert texts.LEAD in words_of(app)


def test_a_link_that_hides_verdicts_does_not_sort_or_filter_by_them(
    start_app: StartApp, seed: Seed
) -> None:
    run = seed()
    app = open_link(start_app, f"batch={run.id}&part=worklist&vote-first=1&show=AML&sort=x")
    assert app.toggle(key="batch-blinded").value
    assert len(app.image) == 5


def test_filters_and_the_open_image_stay_over_other_pages(
    open_page: Callable[..., AppTest], seed: Seed
) -> None:
    """Defect "state lost between pages"."""
    run = seed()
    app = open_page(run, texts.WORKLIST)
    press_chips(app, ["ALL"])
    app.button(key="batch-begin").click().run()
    number = image_number(app)
    app.switch_page("pages/model_card.py").run()
    app.query_params.clear()
    app.switch_page("pages/batch_review.py").run()
    assert not app.exception
    assert image_number(app) == number
    app.button(key="batch-step-apps").click().run()
    assert chips(app)[0].value == ["ALL"]


def test_chips_count_each_verdict_and_filter(open_page: Callable[..., AppTest], seed: Seed) -> None:
    app = open_page(seed(), texts.WORKLIST)
    assert chips(app)[0].options == ["▲ ALL 4", f"{texts.REJECTED} 1"]
    press_chips(app, [REJECTED])
    assert app.query_params["show"] == "not-to-be-judged"
    assert len(app.image) == 1
    press_chips(app, [])
    assert len(app.image) == 5


def test_thumbnails_lie_closer_and_more_of_them_where_that_is_asked_for(
    open_page: Callable[..., AppTest], seed: Seed
) -> None:
    app = open_page(seed(IMAGES_A_PAGE + 3), texts.WORKLIST)
    app.segmented_control(key="batch-density").set_value(Density.COMPACT).run()
    assert not app.exception
    assert len(app.image) == IMAGES_A_PAGE + 3
    assert app.query_params["density"] == "compact"


def test_agreeing_with_all_shown_signs_each_and_is_taken_back_as_one(
    open_page: Callable[..., AppTest], seed: Seed, store: ReviewStore
) -> None:
    run = seed()
    app = open_page(run, texts.WORKLIST)
    press_chips(app, ["ALL"])
    assert texts.AGREE_SHOWN.format(n=4) in popovers(app)
    assert app.button(key="batch-agree-all").disabled
    app.text_input(key="initials-agree-field").set_value("AB")
    app.button(key="initials-agree-use").click().run()
    app.button(key="batch-agree-all").click().run()
    assert not app.exception
    made = standing(store, run)
    assert [(one.kind, one.label, one.initials) for one in made] == [
        (DecisionKind.AGREE, "ALL", "AB")
    ] * 4
    assert texts.AGREE_SHOWN.format(n=0) in popovers(app)

    app.button(key="batch-take-back-all").click().run()
    assert not app.exception
    assert [one.kind for one in standing(store, run)[4:]] == [DecisionKind.UNDONE] * 4
    assert "batch-take-back-all" not in [one.key for one in app.button]
    assert store.verify().is_whole


def test_several_that_are_chosen_are_signed_and_a_replaced_file_is_not(
    open_page: Callable[..., AppTest], seed: Seed, store: ReviewStore, tmp_path: Path
) -> None:
    run = seed()
    app = sign_for_all(open_page(run, texts.WORKLIST))
    app.toggle(key="batch-picking").set_value(True).run()
    ids = [item.id for item in store.items(run.id)]
    for item_id in (ids[1], ids[3]):
        app.checkbox(key=f"batch-pick-{item_id}").set_value(True).run()
    assert texts.AGREE_PICKED.format(n=2) in popovers(app)
    (tmp_path / "root" / "3.png").write_bytes(b"another patient")
    app.button(key="batch-agree-all").click().run()
    assert not app.exception
    assert [one.item_id for one in standing(store, run)] == [ids[1]]
    assert texts.UNSIGNED.format(n=1, numbers="4") in words_of(app)


def sign_for_all(app: AppTest) -> AppTest:
    app.text_input(key="initials-agree-field").set_value("AB")
    return app.button(key="initials-agree-use").click().run()


def test_cancel_asks_first(
    open_page: Callable[..., AppTest], seed: Seed, store: ReviewStore
) -> None:
    """Defect "one-click cancel"."""
    run = seed(1, n_waiting=2)
    app = open_page(run)
    assert texts.CANCEL in popovers(app)
    assert texts.CANCEL not in labels_of(app)
    assert store.run(run.id).state is RunState.PAUSED
    app.button(key="batch-cancel").click().run()
    assert not app.exception
    assert store.run(run.id).state is RunState.CANCELLED


def test_files_that_could_not_be_read_are_not_among_those_that_were(
    open_page: Callable[..., AppTest], seed: Seed, store: ReviewStore
) -> None:
    """Defect "61 of 61 read" above "could not be read (1)"."""
    run = seed(2, n_waiting=1)
    [waiting] = store.items(run.id, state=ItemState.WAITING)
    store.save_answer(waiting, ImageError("This file is not an image."))
    store.set_run_state(run.id, RunState.FINISHED)
    app = open_page(run)
    [bar] = app.get("progress")
    assert bar.proto.text == "2 of 3 files read · 1 could not be read"
    app.segmented_control(key="batch-section").set_value(texts.WORKLIST).run()
    assert texts.UNREADABLE_APART.format(n=1) in words_of(app)


def sign_as(app: AppTest, initials: str) -> AppTest:
    if "initials-batch-change" in [one.key for one in app.button]:
        app.button(key="initials-batch-change").click().run()
    app.text_input(key="initials-batch-field").set_value(initials)
    app.button(key="initials-batch-use").click().run()
    assert not app.exception
    return app


def test_two_readers_sign_unseen_and_a_difference_is_adjudicated(
    open_page: Callable[..., AppTest], seed: Seed, store: ReviewStore
) -> None:
    run = seed(2, n_readers=2)
    app = open_page(run, texts.WORKLIST)
    assert texts.ASKS_FOR_TWO in words_of(app)
    app.button(key="batch-begin").click().run()
    number = image_number(app)
    sign_as(app, "AB")
    app.toggle(key="batch-go-on").set_value(False).run()
    decide(app, "◆ AML")
    assert "Saved: **override**, ◆ AML" in words_of(app)

    sign_as(app, "KM")
    assert "Saved:" not in words_of(app)
    assert texts.SHOWN.format(n=2, total=2, open=2) in words_of(app)
    decide(app, "● Healthy")
    assert texts.READERS_DIFFER in words_of(app)
    assert "by AB" in words_of(app)
    assert "by KM" in words_of(app)

    app.segmented_control(key="batch-section").set_value(texts.AGREEMENT).run()
    assert not app.exception
    assert texts.BOTH_SIGNED.format(first="AB", second="KM", n=1) in words_of(app)
    assert app.dataframe[0].value["Healthy"].tolist() == [0, 1, 0, 0]
    assert texts.NOTHING_REVIEWED in words_of(app)
    app.button(key="batch-adjudicate").click().run()
    assert app.query_params["review"] == "readers-differ"
    assert len(app.image) == 1
    app.button(key=f"batch-open-{store.items(run.id)[number - 1].id}").click().run()
    sign_as(app, "XY")
    decide(app, "◆ AML")
    made = standing(store, run)
    assert [one.is_adjudication for one in made] == [False, False, True]
    assert review_texts.SAVED_ADJUDICATION in words_of(app)
    assert all(one.disabled for one in app.button if one.label == texts.UNSURE)
    assert store.verify().is_whole


def test_a_cell_of_the_matrix_has_an_address_in_the_worklist(
    start_app: StartApp, seed: Seed, store: ReviewStore
) -> None:
    run = seed()
    item = store.items(run.id)[2]
    store.record_decision(
        image_sha256=str(item.image_sha256), image_name=item.name, bundle_sha256=BUNDLE,
        kind=DecisionKind.OVERRIDE, label="AML", reason="", initials="AB", run_id=run.id,
        item_id=item.id,
    )  # fmt: skip
    app = open_link(start_app, f"batch={run.id}&part=worklist&show=ALL&said=AML")
    assert len(app.image) == 1
    assert app.multiselect(key=f"batch-{run.id}-said").value == ["AML"]


def test_the_near_view_keeps_what_is_zoomed_in_on_from_image_to_image(
    open_page: Callable[..., AppTest], seed: Seed
) -> None:
    app = open_page(seed(), texts.WORKLIST)
    app.button(key="batch-begin").click().run()
    app.toggle(key="batch-zoom").set_value(True).run()
    before = near_picture(app)
    app.button(key="batch-step-chevron_right").click().run()
    after = near_picture(app)
    assert after["name"] != before["name"]
    # The component starts anew only where this is another one.
    assert after["key"] == before["key"]


def near_picture(app: AppTest) -> dict[str, str]:
    [shown] = app.get("bidi_component")
    data: dict[str, str] = json.loads(shown.proto.json)
    return data


def test_every_percentage_has_its_class_beside_it(
    open_page: Callable[..., AppTest], seed: Seed
) -> None:
    app = open_page(seed(), texts.WORKLIST)
    assert "**▲ ALL** 93.0 %" in words_of(app)
    app.button(key="batch-begin").click().run()
    verdict = next(
        one.proto.body for one in app.get("html") if 'class="leuk-verdict"' in one.proto.body
    )
    percentages = re.findall(r"(\w+) \d+\.\d %", verdict)
    assert len(percentages) >= 4
    assert set(percentages) <= set(CLASS_NAMES)
