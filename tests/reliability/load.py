"""Many browser sessions at once against one server: errors, leaks, memory, latency, as JSON.

Each session is a Chromium context of its own. It uploads an image that nobody else has, waits for
the verdict, downloads the record and compares the hash in it with its image; then it starts anew.
``python tests/reliability/load.py --sessions 20 --seconds 600 --out load.json``

With ``--large 4`` four more sessions send transparent PNGs of 100 megapixels all the time, to see
what these cost the others: the peak of the server's memory must stay under 4 GB.
"""

import argparse
import asyncio
import hashlib
import io
import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import psutil
from PIL import Image

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent), str(TESTS / "browser")]

from live_app import CHROMIUM_ARGS, LiveApp, find_chromium, running_app  # noqa: E402
from playwright.async_api import Browser, Page, async_playwright, expect  # noqa: E402

from leukapp.imaging.synthetic import CellKind, draw_synthetic_cell  # noqa: E402
from leukapp.ui import texts  # noqa: E402
from leukapp.ui.kept_memory import FULL  # noqa: E402
from leukapp.ui.texts import diagnose as diagnose_texts  # noqa: E402

WAIT_MS = 120_000
MEMORY_EVERY_SECONDS = 2
LARGE_SIDE_PX = 10_000
LARGE_WAIT_MS = 400_000
MAX_PEAK_MB = 4000
KINDS: Final[tuple[CellKind, ...]] = ("lymphoblast", "myeloblast", "neutrophil", "lymphocyte")


@dataclass
class Tally:
    """What all sessions together saw."""

    latencies: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)
    waited_in_line: int = 0
    large_judged: int = 0
    large_refused: int = 0
    memory: list[tuple[float, float]] = field(default_factory=list)


def marked_image(session: int, turn: int) -> bytes:
    """A cell that no other session and turn has: its corner holds both numbers."""
    pixels = draw_synthetic_cell(KINDS[session % len(KINDS)], seed=session).copy()
    pixels[0, :4] = [session, turn // 256, turn % 256]
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def large_image() -> bytes:
    """A transparent PNG of 100 megapixels and some MB: 400 MB once it is decoded."""
    image = Image.new("RGBA", (LARGE_SIDE_PX, LARGE_SIDE_PX), (220, 190, 215, 128))
    for number in range(12):
        cell = Image.fromarray(draw_synthetic_cell(KINDS[number % len(KINDS)], seed=number))
        image.paste(cell, (700 * number, 700 * (number % 5)))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


async def send_large(page: Page, app: LiveApp, data: bytes, name: str, tally: Tally) -> None:
    """Send a large image and wait until it is judged, or refused with a sentence."""
    await page.context.clear_cookies()
    await page.goto(app.url)
    chooser = page.locator("input[type=file]")
    await chooser.wait_for(state="attached")
    await chooser.set_input_files([{"name": name, "mimeType": "image/png", "buffer": data}])
    verdict = page.locator(".leuk-verdict h2")
    refused = page.get_by_text(FULL)
    await expect(verdict.or_(refused).first).to_be_visible(timeout=LARGE_WAIT_MS)
    if await refused.count():
        tally.large_refused += 1
    else:
        tally.large_judged += 1


async def run_large_session(
    browser: Browser, app: LiveApp, number: int, data: bytes, until: float, tally: Tally
) -> None:
    context = await browser.new_context()
    page = await context.new_page()
    page.set_default_timeout(WAIT_MS)
    turn = 0
    while time.monotonic() < until:
        name = f"large{number}t{turn}.png"
        try:
            # What follows the end of a PNG is not decoded; it makes each file another one.
            await send_large(page, app, data + name.encode(), name, tally)
        except Exception as error:  # noqa: BLE001 - counted, whatever it is
            tally.errors.append(f"large session {number} turn {turn}: {str(error)[:300]}")
        turn += 1
    await context.close()


async def diagnose_once(page: Page, app: LiveApp, session: int, turn: int, tally: Tally) -> None:
    data = marked_image(session, turn)
    # Without its cookie the browser is a new one, which has no image yet.
    await page.context.clear_cookies()
    await page.goto(app.url)
    chooser = page.locator("input[type=file]")
    await chooser.wait_for(state="attached")
    started = time.monotonic()
    upload = {"name": f"s{session}t{turn}.png", "mimeType": "image/png", "buffer": data}
    await chooser.set_input_files([upload])
    verdict = page.locator(".leuk-verdict h2")
    busy = page.get_by_text("The server is busy: your image")
    await expect(verdict.or_(busy).first).to_be_visible()
    if await busy.count():
        tally.waited_in_line += 1
    await expect(verdict).to_be_visible()
    tally.latencies.append(time.monotonic() - started)
    await page.get_by_text(diagnose_texts.RESEARCHERS).click()
    async with page.expect_download() as download:
        await page.get_by_role("button", name=texts.DOWNLOAD, exact=True).click()
    record = json.loads(Path(await (await download.value).path()).read_text(encoding="utf-8"))
    if record["image_sha256"] != hashlib.sha256(data).hexdigest():
        tally.leaks.append(f"session {session} turn {turn} got {record['image_sha256']}")
    shown = await page.locator("body").inner_text()
    others = [word for word in shown.split() if word.startswith("s") and ".png" in word]
    if any(not word.startswith(f"s{session}t{turn}.") for word in others):
        tally.leaks.append(f"session {session} turn {turn} saw {others}")
    if await page.get_by_test_id("stException").count():
        tally.errors.append(f"session {session} turn {turn}: exception on the page")


async def run_session(
    browser: Browser, app: LiveApp, session: int, until: float, tally: Tally
) -> None:
    context = await browser.new_context(accept_downloads=True)
    page = await context.new_page()
    page.set_default_timeout(WAIT_MS)
    turn = 0
    while time.monotonic() < until:
        try:
            await diagnose_once(page, app, session, turn, tally)
        except Exception as error:  # noqa: BLE001 - counted, whatever it is
            tally.errors.append(f"session {session} turn {turn}: {str(error)[:300]}")
        turn += 1
    await context.close()


async def watch_memory(app: LiveApp, until: float, tally: Tally) -> None:
    server, started = psutil.Process(app.pid), time.monotonic()
    while time.monotonic() < until:
        tally.memory.append((time.monotonic() - started, server.memory_info().rss / 1e6))
        await asyncio.sleep(MEMORY_EVERY_SECONDS)


async def run_all(app: LiveApp, n_sessions: int, n_large: int, seconds: float) -> Tally:
    tally = Tally()
    expect.set_options(timeout=WAIT_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=find_chromium(), args=list(CHROMIUM_ARGS)
        )
        page = await (await browser.new_context()).new_page()
        # The first diagnosis compiles the networks; it is not part of the figures.
        page.set_default_timeout(WAIT_MS)
        await diagnose_once(page, app, 255, 0, Tally())
        large = large_image() if n_large else b""
        until = time.monotonic() + seconds
        await asyncio.gather(
            watch_memory(app, until, tally),
            *(run_large_session(browser, app, i, large, until, tally) for i in range(n_large)),
            *(run_session(browser, app, number, until, tally) for number in range(n_sessions)),
        )
        await browser.close()
    return tally


def memory_slope(samples: list[tuple[float, float]]) -> float:
    """MB a minute over the second half, when every session has run a few times."""
    late = samples[len(samples) // 2 :]
    if len(late) < 3:
        return 0.0
    seconds, megabytes = np.array(late).T
    return float(np.polyfit(seconds / 60, megabytes, 1)[0])


def peak_mb(pid: int) -> float:
    """The most memory that a process ever had, as Linux counts it."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6


def run(n_sessions: int, n_large: int, seconds: float) -> dict[str, object]:
    """Load a fresh server and report."""
    with tempfile.TemporaryDirectory() as name:
        log = Path(name) / "server.log"
        with running_app(log) as app:
            tally = asyncio.run(run_all(app, n_sessions, n_large, seconds))
            peak = peak_mb(app.pid)
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    tracebacks = sum("Traceback" in line for line in lines)
    events = [json.loads(line) for line in lines if line.startswith('{"time_utc"')]
    served = [event for event in events if event["event"] == "diagnosed"]
    inside = np.array([event["waited_ms"] + event["total_ms"] for event in served]) / 1e3
    megabytes = [value for _, value in tally.memory]
    latencies = np.array(tally.latencies or [float("nan")])
    return {
        "sessions": n_sessions,
        "large_sessions": n_large,
        "large_judged": tally.large_judged,
        "large_refused_with_a_sentence": tally.large_refused,
        "seconds": seconds,
        "cpu_cores": os.cpu_count(),
        "client": "Chromium contexts in one browser process, on the same cores as the server",
        "diagnoses": len(tally.latencies),
        "errors": tally.errors,
        "leaks": tally.leaks,
        "server_tracebacks": tracebacks,
        "saw_position_in_line": tally.waited_in_line,
        "latency_seconds_median": round(float(np.median(latencies)), 2),
        "latency_seconds_p95": round(float(np.percentile(latencies, 95)), 2),
        "server_seconds_median": round(float(np.median(inside)), 2),
        "server_seconds_p95": round(float(np.percentile(inside, 95)), 2),
        "memory_mb_first": round(megabytes[0]),
        "memory_mb_each_minute": [round(size) for size in megabytes[:: 60 // MEMORY_EVERY_SECONDS]],
        "memory_mb_last": round(megabytes[-1]),
        "memory_mb_peak": round(peak),
        "memory_slope_mb_per_minute": round(memory_slope(tally.memory), 2),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--large", type=int, default=0, help="sessions with 100-megapixel PNGs")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    report = run(options.sessions, options.large, options.seconds)
    options.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    is_too_much = options.large > 0 and float(str(report["memory_mb_peak"])) > MAX_PEAK_MB
    faults = (report["errors"], report["leaks"], report["server_tracebacks"], is_too_much)
    return 1 if any(faults) else 0


if __name__ == "__main__":
    sys.exit(main())
