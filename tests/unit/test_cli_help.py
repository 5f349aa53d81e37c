"""What the command line says of itself, without a network."""

import pytest

from leukapp.cli import main
from leukapp.model.presets import PRESETS

NAMES = tuple(PRESETS)
"""Without those that other tests add while they run."""


@pytest.mark.parametrize("command", ["train", "describe"])
def test_help_names_every_preset(command, capsys):
    with pytest.raises(SystemExit):
        main([command, "--help"])
    told = "".join(capsys.readouterr().out.split())
    assert all(name in told for name in NAMES)


def test_a_preset_that_is_none_is_refused_with_the_names(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["describe", "--preset", "papper"])
    assert "mobilenetv3large" in capsys.readouterr().err
