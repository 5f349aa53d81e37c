"""Copies what lies beside the package into a wheel; everything else is said in pyproject.toml."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

# Named one by one, so that a bundle somebody trained into weights/ does not slip into a wheel.
SHIPPED = (
    "app.py",
    "pages",
    ".streamlit/config.toml",
    "weights/backbones",
    "weights/compact",
    "weights/source_names.json",
)
TARGET = "leukapp/_shipped"
NOT_SHIPPED = shutil.ignore_patterns("__pycache__", "*.partial")


class BuildWithShipped(build_py):
    """Also copies the bundles, app.py and pages/; ``leukapp.resources`` finds them there."""

    def run(self) -> None:
        """Copy the package, then what is shipped with it; an editable install needs no copy."""
        super().run()
        if self.editable_mode:
            return
        shutil.rmtree(Path(self.build_lib) / TARGET, ignore_errors=True)
        for name in SHIPPED:
            source, target = Path(name), Path(self.build_lib) / TARGET / name
            if source.is_dir():
                shutil.copytree(source, target, ignore=NOT_SHIPPED)
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)


setup(cmdclass={"build_py": BuildWithShipped})
