"""A wheel works by itself: installed alone, in an empty folder, with an empty environment."""

import json
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from live_app import free_port, running_app
from PIL import Image
from playwright.sync_api import Browser, expect

from leukapp.imaging.synthetic import draw_synthetic_cell
from leukapp.model.bundle import open_bundle
from leukapp.ui import texts

pytestmark = pytest.mark.browser


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A wheel, its environment's programs, and the start of every command in it."""

    wheel: Path
    programs: Path
    folder: Path
    clean: tuple[str, ...]

    def run(self, *command: str) -> str:
        """Run a program of the environment in the empty folder; give what it printed."""
        finished = subprocess.run(
            [*self.clean, str(self.programs / command[0]), *command[1:]],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=180,
        )
        assert finished.returncode == 0, finished.stdout + finished.stderr
        return finished.stdout


@pytest.fixture(scope="module")
def installed(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel that `python -m build` makes, in an environment that sees only its dependencies."""
    root = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(root), "."]
    subprocess.run(build, cwd=repository, check=True, capture_output=True, timeout=180)
    (wheel,) = root.glob("leukapp-*.whl")
    environment, folder, home = root / "environment", root / "empty", root / "home"
    folder.mkdir()
    home.mkdir()
    venv.create(environment, with_pip=False)
    python = environment / "bin" / "python"
    # The dependencies are borrowed; the checkout is not, since such a line follows no other.
    borrowed = environment / f"lib/python{sysconfig.get_python_version()}/site-packages/deps.pth"
    borrowed.write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps"]
    subprocess.run(
        [*install, "--no-index", "--ignore-installed", str(wheel)],
        check=True,
        capture_output=True,
        timeout=120,
    )
    return Installed(
        wheel=wheel,
        programs=python.parent,
        folder=folder,
        clean=("env", "-i", f"HOME={home}", "PATH=/usr/bin:/bin"),
    )


def files_of_the_repository(repository: Path) -> list[str]:
    """What belongs to the program, by Git where this is a checkout, else what lies there."""
    places = ("app.py", "pages", "weights", "leukapp", ".streamlit")
    if shutil.which("git"):
        git = ["git", "ls-files", *places]
        listed = subprocess.run(git, cwd=repository, capture_output=True, text=True)
        if listed.returncode == 0:
            return listed.stdout.split()
    paths = [path for place in places for path in (repository / place).rglob("*")]
    return [
        path.relative_to(repository).as_posix()
        for path in [repository / "app.py", *paths]
        if path.is_file() and path.suffix != ".pyc"
    ]


def test_the_wheel_carries_every_bundle_and_page_of_the_repository(
    installed: Installed, repository: Path
) -> None:
    names = set(zipfile.ZipFile(installed.wheel).namelist())
    tracked = files_of_the_repository(repository)
    wanted = {
        name if name.startswith("leukapp/") else f"leukapp/_shipped/{name}" for name in tracked
    }

    assert wanted
    assert wanted <= names, sorted(wanted - names)
    assert "leukapp/py.typed" in names
    assert not any("__pycache__" in name or name.startswith("tests/") for name in names)


def test_an_image_is_diagnosed_in_an_empty_folder(installed: Installed, repository: Path) -> None:
    Image.fromarray(draw_synthetic_cell("lymphoblast", seed=1)).save(installed.folder / "cell.png")

    (record,) = json.loads(installed.run("leukapp", "diagnose", "cell.png", "--json"))

    assert record["bundle"]["sha256"] == open_bundle(repository / "weights" / "compact").sha256
    assert sum(record["probabilities"].values()) == pytest.approx(1, abs=1e-4)


def test_python_opens_the_bundle_by_its_name(installed: Installed) -> None:
    asked = "from leukapp import open_bundle; print(open_bundle('compact').folder)"
    folder = Path(installed.run("python", "-c", asked).strip())

    assert folder.is_relative_to(installed.programs.parent)


def test_the_app_opens_with_its_settings_and_its_bundle(
    installed: Installed, browser: Browser, tmp_path: Path
) -> None:
    port = free_port()
    # Started where the empty folder is: the settings must come from beside app.py.
    start = f"cd {installed.folder} && exec {installed.programs}/leukapp app --port {port}"
    command = [*installed.clean, "sh", "-c", start]
    with running_app(tmp_path / "server.log", port=port, command=command) as app:
        page = browser.new_page()
        page.goto(app.url)
        expect(page.get_by_text(texts.WELCOME_HEADING)).to_be_visible()
        expect(page.get_by_role("note")).to_have_text(texts.RESEARCH_USE)
        page.goto(f"{app.url}/model_card")
        expect(page.get_by_role("heading", name="Model card").first).to_be_visible()
        expect(page.get_by_text("compact").first).to_be_visible()
        page.close()
        assert "Network URL" not in app.log.read_text()
