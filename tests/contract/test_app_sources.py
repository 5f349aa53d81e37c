"""What the source of the app and its pages may hold, and what the server's settings must say."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

MATHEMATICS = {"numpy", "cv2", "scipy", "math", "pandas", "tensorflow", "keras", "openvino", "PIL"}
CALLBACKS = {"on_click", "on_change", "on_select"}
FILE_FORMATS = {"json", "csv", "pickle", "h5py", "tifffile"}
REPOSITORY = Path(__file__).resolve().parents[2]
APP_SOURCES = [REPOSITORY / "app.py", *sorted((REPOSITORY / "pages").glob("*.py"))]


def imported_packages(source: str) -> Iterator[str]:
    """First part of every module name that a source imports, at any depth."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def arithmetic(source: str) -> list[str]:
    """Every computation in a source but the joining of lists and folders by ``+`` and ``/``."""
    return [
        ast.unparse(node)
        for node in ast.walk(ast.parse(source))
        if (isinstance(node, ast.BinOp) and not isinstance(node.op, ast.Add | ast.Div | ast.BitOr))
        or isinstance(node, ast.AugAssign)
    ]


def test_checks_see_what_they_look_for() -> None:
    source = "import numpy as np\ndef f():\n    from cv2 import resize\n    return np.ones(3) * 2"

    assert set(imported_packages(source)) == {"numpy", "cv2"}
    assert arithmetic(source) == ["np.ones(3) * 2"]


@pytest.mark.parametrize("path", APP_SOURCES, ids=lambda path: path.name)
def test_app_and_pages_hold_no_mathematics_and_no_file_format(path: Path) -> None:
    source = path.read_text(encoding="utf-8")

    assert MATHEMATICS.isdisjoint(imported_packages(source))
    assert FILE_FORMATS.isdisjoint(imported_packages(source))
    assert arithmetic(source) == []


def test_app_is_short_and_pages_are_short() -> None:
    lengths = {path.name: len(path.read_text().splitlines()) for path in APP_SOURCES}

    assert lengths.pop("app.py") <= 60
    assert max(lengths.values()) <= 150, lengths


def test_streamlit_is_imported_only_by_app_pages_and_ui() -> None:
    importers = {
        path.relative_to(REPOSITORY)
        for path in (REPOSITORY / "leukapp").rglob("*.py")
        if "streamlit" in imported_packages(path.read_text(encoding="utf-8"))
    }

    assert importers
    assert all(path.parts[:2] == ("leukapp", "ui") for path in importers), importers


def is_callback(name: str | None) -> bool:
    """Whether Streamlit calls what is given under a name; of a component, on_..._change."""
    return name in CALLBACKS or re.fullmatch(r"on_\w+_change", name or "") is not None


def unguarded(source: str) -> list[str]:
    """Fragments and callbacks that do not go through leukapp.ui.guarded."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "st.fragment":
            found.append("st.fragment")
        if not isinstance(node, ast.keyword) or not is_callback(node.arg):
            continue
        is_word = isinstance(node.value, ast.Constant)
        is_guarded = isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "guarded"
        if not (is_word or is_guarded):
            found.append(f"{node.arg}={ast.unparse(node.value)}")
    return found


def test_every_fragment_and_callback_admits_the_reader_anew() -> None:
    planted = "@st.fragment\ndef f(): st.button('x', on_click=go); st.y(on_change=guarded(go))"
    assert unguarded(planted) == ["st.fragment", "on_click=go"]
    assert unguarded("component(on_chosen_change=go)") == ["on_chosen_change=go"]

    doors = {"guarded.py", "access.py"}
    sources = [*APP_SOURCES, *(REPOSITORY / "leukapp" / "ui").rglob("*.py")]
    found = {path.name: unguarded(path.read_text("utf-8")) for path in sources}
    assert {name: faults for name, faults in found.items() if faults and name not in doors} == {}


def test_server_keeps_to_itself_and_shows_no_stack_trace() -> None:
    settings = tomllib.loads((REPOSITORY / ".streamlit" / "config.toml").read_text())

    assert settings["server"]["address"] == "localhost"
    assert settings["server"]["enableXsrfProtection"] is True
    assert settings["server"]["enableCORS"] is True
    assert settings["server"]["maxUploadSize"] == 100
    assert settings["browser"]["gatherUsageStats"] is False
    assert settings["client"]["showErrorDetails"] == "none"


def test_theme_colors_of_figures_are_those_of_the_settings() -> None:
    from leukapp.ui import theme

    settings = tomllib.loads((REPOSITORY / ".streamlit" / "config.toml").read_text())["theme"]

    assert theme.text_color(dark=False) == settings["light"]["textColor"]
    assert theme.text_color(dark=True) == settings["dark"]["textColor"]


def test_every_setting_is_known_to_this_streamlit() -> None:
    from streamlit import config

    settings = tomllib.loads((REPOSITORY / ".streamlit" / "config.toml").read_text())
    known = set(config.get_config_options())
    names = set()
    for section, options in settings.items():
        for name, value in options.items():
            if isinstance(value, dict):
                names |= set(flat_names(f"{section}.{name}", value))
            else:
                names.add(f"{section}.{name}")

    assert names <= known, names - known


def flat_names(prefix: str, options: dict[str, object]) -> Iterator[str]:
    for name, value in options.items():
        if isinstance(value, dict):
            yield from flat_names(f"{prefix}.{name}", value)
        else:
            yield f"{prefix}.{name}"


def test_every_csv_leaves_through_the_module_that_disarms_formulas() -> None:
    writers = {
        path.relative_to(REPOSITORY).as_posix(): source
        for path in (REPOSITORY / "leukapp").rglob("*.py")
        if re.search(r"csv\.(Dict)?[wW]riter\(|\.to_csv\(", source := path.read_text("utf-8"))
    }
    assert writers.pop("leukapp/spreadsheet.py")
    for name, source in writers.items():
        assert "writer(" not in source, name
        assert source.count(".to_csv(") == len(re.findall(r"inert_table\(.*\.to_csv\(", source)), (
            name
        )
