"""Measure how soon the first screen stands after ``streamlit run``, with a warm cache.

    python benchmarks/first_screen.py [--runs 5]

Each run starts a new server, and a new page in a Chromium that runs already. One run before them
warms the caches and is not counted. Prints JSON: seconds from the start of the server's process
until it answers, until the words of page "Diagnose" and every drawing on it are painted, and until
the networks are loaded too.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests" / "browser")]

from live_app import running_app, running_chromium  # noqa: E402
from playwright.sync_api import Browser  # noqa: E402

from leukapp.ui import texts  # noqa: E402
from leukapp.ui.samples import SAMPLES  # noqa: E402

LIMIT_MS = 60_000
PICTURES_PAINTED = """n => {
  const pictures = [...document.querySelectorAll('[data-testid="stImage"] img')];
  return pictures.length >= n && pictures.every(one => one.complete && one.naturalWidth > 0);
}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstScreen:
    """Seconds from the start of the server's process, and its processor seconds until painted."""

    healthy: float
    painted: float
    loaded: float
    server_cpu: float | None


def cpu_seconds(pid: int) -> float | None:
    """Processor seconds that a process has used, all its threads together."""
    path = Path(f"/proc/{pid}/stat")
    if not path.is_file():
        return None
    fields = path.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure_once(browser: Browser, folder: Path) -> FirstScreen:
    """Start the app and open its first page."""
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    page = context.new_page()
    started = time.perf_counter()
    with running_app(folder / "server.log") as app:
        healthy = time.perf_counter() - started
        page.goto(app.url, wait_until="commit")
        page.get_by_text(texts.WELCOME_HEADING).wait_for(timeout=LIMIT_MS)
        page.wait_for_function(PICTURES_PAINTED, arg=len(SAMPLES), timeout=LIMIT_MS)
        painted = time.perf_counter() - started
        server_cpu = cpu_seconds(app.pid)
        page.locator('[data-testid="stStatusWidget"]').wait_for(state="hidden", timeout=LIMIT_MS)
        page.get_by_text(texts.OPENING_BUNDLE).wait_for(state="hidden", timeout=LIMIT_MS)
        loaded = time.perf_counter() - started
        context.close()
    return FirstScreen(healthy=healthy, painted=painted, loaded=loaded, server_cpu=server_cpu)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running_chromium() as browser:
        measure_once(browser, Path(folder))
        runs = [asdict(measure_once(browser, Path(folder))) for _ in range(options.runs)]
    medians = {
        f"{name}_seconds_median": round(statistics.median(run[name] for run in runs), 2)
        for name, value in runs[0].items()
        if value is not None
    }
    result = {
        **medians,
        "runs": [{name: value and round(value, 2) for name, value in run.items()} for run in runs],
        "n_cpus": os.cpu_count(),
        "python": platform.python_version(),
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
