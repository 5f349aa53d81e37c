"""``leukapp app``: starts the app's server, from a checkout or from an installed wheel."""

import runpy
import sys

from leukapp.errors import LeukappError
from leukapp.repeated_lines import limit_repeated_lines
from leukapp.resources import APP_FILE


def run_app(port: int) -> None:
    """Run Streamlit on the app in this process until it is stopped.

    The settings beside app.py apply wherever the command is started from: above all, the server
    listens on this machine alone.

    Args:
        port: TCP port of the server.

    Raises:
        LeukappError: the app's files are not there.
    """
    if not APP_FILE.is_file():
        raise LeukappError(f"the app's file {APP_FILE} is missing; install leukapp again")
    limit_repeated_lines()
    sys.argv = ["streamlit", "run", str(APP_FILE), f"--server.port={port}"]
    runpy.run_module("streamlit", run_name="__main__", alter_sys=True)
