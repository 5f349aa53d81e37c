"""Getting in, or not: sign-in at a real provider, roles, open networks, and what stays on disk."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import oidc_provider_mock
import pytest
from corpus.bad_images import PLANTED_NAME, files_with_names
from fake_diagnoser import make_diagnosis
from live_app import LiveApp, free_port, running_app
from playwright.sync_api import Browser, Page, expect
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from watched_page import WatchedPage

from leukapp.review.records import RunState
from leukapp.review.store import ReviewStore
from leukapp.review.uploads import BatchEntry
from leukapp.ui import access, texts
from leukapp.ui.texts import batch as batch_texts
from leukapp.ui.texts import diagnose as diagnose_texts

pytestmark = pytest.mark.browser

CELL = next(iter(files_with_names())).data
SPELLINGS = [PLANTED_NAME.encode(code) for code in ("utf-8", "utf-16-le", "utf-16-be")]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveApp]:
    """The app on every address, with sign-in at a provider on this machine."""
    users = [
        oidc_provider_mock.User(
            sub="reviewer", claims={"email": "r@lab.example", "email_verified": True}
        ),
        oidc_provider_mock.User(
            sub="stranger", claims={"email": "s@lab.example", "email_verified": True}
        ),
        oidc_provider_mock.User(sub="unchecked", claims={"email": "r@lab.example"}),
        oidc_provider_mock.User(
            sub="impostor", claims={"email": "r@lab.example", "email_verified": False}
        ),
    ]
    folder, port = tmp_path_factory.mktemp("guarded"), free_port()
    with oidc_provider_mock.run_server_in_thread(user_claims=users) as provider:
        issuer = f"http://localhost:{provider.server_port}"
        secrets = folder / "secrets.toml"
        secrets.write_text(
            "[auth]\n"
            f'redirect_uri = "http://localhost:{port}/oauth2callback"\n'
            f'cookie_secret = "{"0123456789abcdef" * 3}"\n'
            'client_id = "leukapp"\nclient_secret = "for this test alone"\n'
            f'server_metadata_url = "{issuer}/.well-known/openid-configuration"\n'
            '[roles]\nreviewer = ["r@lab.example"]\n'
        )
        options = ("--server.address=0.0.0.0", f"--secrets.files={secrets}")
        root = {"LEUKAPP_REVIEW_ROOT": str(folder)}
        log = folder / "server.log"
        with running_app(log, port=port, options=options, environment=root) as live:
            yield live


def sign_in(page: Page, app: LiveApp, user: str) -> None:
    page.goto(app.url)
    follow_sign_in(page, user)


def follow_sign_in(page: Page, user: str) -> None:
    page.get_by_role("button", name=texts.SIGN_IN).click()
    page.get_by_role("button", name=user, exact=True).click()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


def test_a_reviewer_signs_in_sees_the_reviewers_pages_and_signs_out(
    guarded: LiveApp, page: Page
) -> None:
    page.goto(f"{guarded.url}/evaluation")
    expect(page.get_by_role("button", name=texts.SIGN_IN)).to_be_visible()
    expect(page.locator("input[type=file]")).to_have_count(0)

    # The sign-in leads on to the link, whose page is one for researchers.
    follow_sign_in(page, "reviewer")
    refusal = texts.NOT_YOUR_PAGE.format(page="Evaluation", roles="admin or researcher")
    expect(page.get_by_role("alert").filter(has_text=refusal)).to_be_visible()
    links = page.get_by_test_id("stSidebarNavLink")
    links.filter(has_text="Diagnose").click()
    expect(page.get_by_text(texts.WELCOME_HEADING)).to_be_visible()
    expect(links.filter(has_text="Diagnose")).to_have_count(1)
    expect(links.filter(has_text="Evaluation")).to_have_count(0)

    page.get_by_role("button", name=texts.SIGN_OUT).click()
    page.get_by_role("button", name="End session").click()
    expect(page.get_by_role("button", name=texts.SIGN_IN)).to_be_visible()


@pytest.mark.parametrize(
    ("user", "reason"),
    [
        ("stranger", texts.NO_ROLE),
        ("unchecked", texts.UNVERIFIED),
        ("impostor", texts.UNVERIFIED),
    ],
)
def test_who_has_no_role_sees_no_page(guarded: LiveApp, page: Page, user: str, reason: str) -> None:
    sign_in(page, guarded, user)
    expect(page.get_by_role("alert").filter(has_text=reason)).to_be_visible()
    expect(page.get_by_test_id("stSidebarNavLink")).to_have_count(0)
    expect(page.locator("input[type=file]")).to_have_count(0)


@pytest.mark.parametrize("how", ["signs out in another tab", "loses the role"])
def test_an_open_worklist_does_not_sign_for_who_may_not_any_more(
    guarded: LiveApp, page: Page, how: str
) -> None:
    folder = guarded.log.parent
    store = ReviewStore.open(f"sqlite:///{folder / 'review.db'}")
    entries = [BatchEntry(name="cell.png", source="cell.png")]
    (folder / "cell.png").write_bytes(CELL)
    run = store.create_run("May", entries, bundle_sha256="ab" * 32, root=folder)
    store.save_answer(store.items(run.id)[0], make_diagnosis(CELL), user=None)
    store.set_run_state(run.id, RunState.FINISHED)
    sign_in(page, guarded, "reviewer")
    expect(page.get_by_text(texts.WELCOME_HEADING)).to_be_visible()
    other = page.context.new_page()
    page.goto(f"{guarded.url}/batch_review?batch={run.id}")
    page.get_by_role("radio", name=batch_texts.WORKLIST).click()
    page.get_by_role("button", name=batch_texts.START_REVIEW).click()
    # Signed in, the reader's initials come from the address.
    unsure = page.get_by_role("button", name=batch_texts.UNSURE)
    expect(unsure).to_be_enabled()

    secrets = folder / "secrets.toml"
    settings = secrets.read_text()
    if how == "loses the role":
        secrets.write_text(settings.replace("r@lab.example", "nobody@lab.example"))
        said = page.get_by_role("alert").filter(has_text=texts.NO_ROLE)
        # Streamlit looks at the file every second or so.
        page.wait_for_timeout(3000)
    else:
        other.goto(guarded.url)
        other.get_by_role("button", name=texts.SIGN_OUT).click()
        other.get_by_role("button", name="End session").click()
        expect(other.get_by_role("button", name=texts.SIGN_IN)).to_be_visible()
        said = page.get_by_role("button", name=texts.SIGN_IN)
    unsure.click()
    expect(said).to_be_visible()
    expect(page.locator(".leuk-verdict")).to_have_count(0)
    assert store.decisions(run_id=run.id) == ()
    secrets.write_text(settings)
    store.close()
    assert "Traceback" not in guarded.log.read_text()


def test_the_server_takes_no_file_from_who_is_not_signed_in(guarded: LiveApp, page: Page) -> None:
    session_ids: list[str] = []

    def note_session(frame: str | bytes) -> None:
        message = ForwardMsg()
        if isinstance(frame, bytes):
            message.ParseFromString(frame)
        if message.WhichOneof("type") == "new_session":
            session_ids.append(message.new_session.initialize.session_id)

    page.on("websocket", lambda socket: socket.on("framereceived", note_session))

    def send() -> int:
        cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
        file = {"name": "a.png", "mimeType": "image/png", "buffer": CELL}
        answer = page.request.put(
            f"{guarded.url}/_stcore/upload_file/{session_ids[-1]}/some-file",
            multipart={"file": file},
            headers={"X-Xsrftoken": cookies["_streamlit_xsrf"]},
        )
        return answer.status

    page.goto(guarded.url)
    expect(page.get_by_role("button", name=texts.SIGN_IN)).to_be_visible()
    assert send() == 403
    sign_in(page, guarded, "stranger")
    expect(page.get_by_role("alert").filter(has_text=texts.NO_ROLE)).to_be_visible()
    assert send() == 403
    page.context.clear_cookies()
    sign_in(page, guarded, "reviewer")
    expect(page.get_by_text(texts.WELCOME_HEADING)).to_be_visible()
    assert send() == 204
    assert "Traceback" not in guarded.log.read_text()


def test_an_open_network_without_sign_in_shows_one_sentence(page: Page, tmp_path: Path) -> None:
    with running_app(tmp_path / "server.log", options=("--server.address=0.0.0.0",)) as live:
        for address in ("", "/batch_review", "/evaluation", "/model_card"):
            page.goto(live.url + address)
            alert = page.get_by_role("alert")
            expect(alert).to_contain_text(access.OPEN_NETWORK_VARIABLE)
            expect(page.locator("input[type=file]")).to_have_count(0)
        assert "Traceback" not in live.log.read_text()


@pytest.mark.parametrize("address", ["", "/batch_review", "/evaluation", "/model_card"])
def test_no_page_calls_another_server_or_shows_a_path_of_this_one(
    watched: WatchedPage, repository: Path, address: str
) -> None:
    page = watched.page
    page.goto(watched.url + address)
    expect(page.get_by_role("note")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert watched.foreign_requests == []
    assert str(repository) not in page.content()


def test_names_in_metadata_reach_neither_disk_nor_log_nor_record(
    browser: Browser, page: Page, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    # Networks that an app before this one compiled; one that is half made has a dot before it.
    compiled = shutil.ignore_patterns(".*")
    shutil.copytree(os.environ["LEUKAPP_CACHE_DIR"], home / "cache", ignore=compiled)
    environment = {
        "HOME": str(home),
        "TMPDIR": str(home),
        "LEUKAPP_CACHE_DIR": str(home / "cache"),
        "LEUKAPP_STORE_URL": f"sqlite:///{home / 'review.db'}",
        "LEUKAPP_BATCH_DIR": str(home / "batches"),
    }
    with running_app(tmp_path / "server.log", environment=environment) as live:
        page.goto(live.url)
        files = list(files_with_names())
        for number, file in enumerate(files):
            upload = {
                "name": file.file_name,
                "mimeType": "application/octet-stream",
                "buffer": file.data,
            }
            page.locator("input[type=file]").first.set_input_files([upload])
            expect(page.get_by_text(re.compile(r"Reading image|The server is busy"))).to_have_count(
                0
            )
            if number:
                # The menu counts the images that were read.
                expect(page.get_by_label(f"{texts.CHOOSE_IMAGE} ({number + 1})")).to_be_visible()
            expect(page.locator(".leuk-verdict h2")).to_be_visible()
        page.get_by_text(diagnose_texts.RESEARCHERS).click()
        with page.expect_download() as download:
            page.get_by_role("button", name=texts.DOWNLOAD, exact=True).click()
        record_path = tmp_path / "result.json"
        download.value.save_as(record_path)
        log = live.log.read_bytes()
        written = [path for path in home.rglob("*") if path.is_file()]
        for path in written:
            content = path.read_bytes()
            assert not any(name in content for name in SPELLINGS), path
            assert PLANTED_NAME not in path.name
    record = json.loads(record_path.read_text())
    assert PLANTED_NAME not in json.dumps({**record, "file": "", "name": ""})
    assert not any(name in log for name in SPELLINGS)
    events = [json.loads(line) for line in log.decode().splitlines() if line.startswith("{")]
    assert [event["event"] for event in events] == ["diagnosed"] * len(files)
    assert all(len(event["image_sha256"]) == 64 for event in events)
    assert written
