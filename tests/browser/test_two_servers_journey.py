"""Two servers behind the guide's nginx: one sign-in, and an open page goes on at the other one."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import oidc_provider_mock
import pytest
from fake_diagnoser import make_diagnosis
from guide_proxy import ABSENT, GuideProxy, free_ports, is_proxy_at_hand, running_proxy
from live_app import LiveApp, running_app
from playwright.sync_api import Browser, Page, expect
from postgres_server import find_postgres, running_postgres
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from watched_page import wait_until_drawn

from leukapp.imaging.synthetic import draw_synthetic_cell
from leukapp.review.records import DecisionKind, RunState
from leukapp.review.store import ReviewStore
from leukapp.review.uploads import BatchEntry
from leukapp.ui import texts
from leukapp.ui.texts import batch as batch_texts

pytestmark = pytest.mark.browser

MAIL = "r@lab.example"
LONGEST_MS = 120_000


def ends_a_run(frame: str | bytes) -> bool:
    """Whether a message of the server says that it has drawn the page."""
    message = ForwardMsg()
    if isinstance(frame, bytes):
        message.ParseFromString(frame)
    is_end = message.WhichOneof("type") == "script_finished"
    return is_end and message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[tuple[GuideProxy, dict[int, LiveApp], ReviewStore]]:
    """Two servers that share a store, folders and secrets, and the proxy in front of them."""
    programs = find_postgres()
    if programs is None or not is_proxy_at_hand():
        message = ABSENT if programs else "PostgreSQL is not installed: apt-get install postgresql"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    reader = oidc_provider_mock.User(sub="reviewer", claims={"email": MAIL, "email_verified": True})
    port, *ports = free_ports(3)
    with ExitStack() as started:
        provider = started.enter_context(
            oidc_provider_mock.run_server_in_thread(user_claims=[reader])
        )
        database = started.enter_context(running_postgres(programs))
        secrets = tmp_path / "secrets.toml"
        secrets.write_text(
            "[auth]\n"
            f'redirect_uri = "https://localhost:{port}/oauth2callback"\n'
            f'cookie_secret = "{"0123456789abcdef" * 3}"\n'
            'client_id = "leukapp"\nclient_secret = "for this test alone"\n'
            "server_metadata_url = "
            f'"http://localhost:{provider.server_port}/.well-known/openid-configuration"\n'
            f'[roles]\nreviewer = ["{MAIL}"]\n'
        )
        shared = {
            "LEUKAPP_STORE_URL": database.url,
            "LEUKAPP_BATCH_DIR": str(tmp_path / "batches"),
            "LEUKAPP_REVIEW_ROOT": str(tmp_path / "images"),
            "LEUKAPP_SETTINGS": str(tmp_path / "settings.json"),
        }
        store = ReviewStore.open(database.url)
        started.callback(store.close)
        apps = {
            one: started.enter_context(
                running_app(
                    tmp_path / f"{one}.log",
                    port=one,
                    options=[f"--secrets.files={secrets}"],
                    environment=shared,
                )
            )
            for one in ports
        }
        (tmp_path / "nginx").mkdir()
        proxy = running_proxy(tmp_path / "nginx", ports, name="localhost", port=port)
        yield started.enter_context(proxy), apps, store


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(ignore_https_errors=True)
    page = context.new_page()
    page.set_default_timeout(60_000)
    yield page
    context.close()


def test_a_page_goes_on_at_the_other_server_where_its_own_is_gone(
    servers: tuple[GuideProxy, dict[int, LiveApp], ReviewStore],
    page: Page,
    tmp_path: Path,
    encode_png: Callable[..., bytes],
) -> None:
    proxy, apps, store = servers
    root = tmp_path / "images"
    root.mkdir()
    drawings = [encode_png(draw_synthetic_cell("lymphoblast", seed=seed)) for seed in range(3)]
    for number, drawing in enumerate(drawings):
        (root / f"{number}.png").write_bytes(drawing)
    names = [f"{number}.png" for number in range(3)]
    entries = [BatchEntry(name=name, source=name) for name in names]
    run = store.create_run("May", entries, "ab" * 32, root=root)
    for item, drawing in zip(store.items(run.id), drawings, strict=True):
        store.save_answer(item, make_diagnosis(drawing))
    store.set_run_state(run.id, RunState.FINISHED)

    url = f"https://localhost:{proxy.port}"
    page.goto(url)
    page.get_by_role("button", name=texts.SIGN_IN).click()
    page.get_by_role("button", name="reviewer", exact=True).click()
    expect(page.get_by_text(texts.WELCOME_HEADING)).to_be_visible()
    # Streamlit takes a file only at the server where the page is, so the proxy must keep to it.
    page.locator("input[type=file]").first.set_input_files(root / "0.png")
    expect(page.locator(".leuk-verdict h2")).to_be_visible()

    page.goto(f"{url}/batch_review?batch={run.id}&part=worklist&sort=as-they-came&image=1")
    unsure = page.get_by_role("button", name=batch_texts.UNSURE)
    expect(unsure).to_be_enabled()
    unsure.click()
    expect(page.get_by_text(batch_texts.PLACE.format(place=2, n=3, open=2))).to_be_visible()

    gone = apps.pop(proxy.server_of("/batch_review"))
    with page.expect_websocket(timeout=LONGEST_MS) as opened:
        os.kill(gone.pid, signal.SIGKILL)
    # Until the other server has drawn the page, it shows what the first one drew.
    opened.value.wait_for_event("framereceived", ends_a_run, timeout=LONGEST_MS)
    wait_until_drawn(page)
    # The open page found the other server by itself, signed in and at the image where it was.
    expect(page.get_by_text(batch_texts.PLACE.format(place=2, n=3, open=2))).to_be_visible()
    expect(unsure).to_be_enabled()
    unsure.click()
    expect(page.get_by_text(batch_texts.PLACE.format(place=3, n=3, open=1))).to_be_visible()
    page.reload()
    expect(page.get_by_text(batch_texts.PLACE.format(place=3, n=3, open=1))).to_be_visible()
    (left,) = apps
    assert proxy.server_of("/batch_review") == left
    signed = store.decisions(run_id=run.id)
    assert [(one.kind, one.user) for one in signed] == [(DecisionKind.UNSURE, MAIL)] * 2
    assert store.verify().is_whole
    assert not any("Traceback" in one.log.read_text() for one in (gone, *apps.values()))
