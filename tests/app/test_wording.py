"""Numbers and names as they are shown."""

import pytest

from leukapp.ui.wording import MAX_NAME_LENGTH, branch_title, escape_markdown, percent, shown_name


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.934, "93.4 %"),
        (0.5, "50.0 %"),
        (1.0, "> 99.9 %"),
        (0.9991, "> 99.9 %"),
        (0.0, "< 0.1 %"),
        (0.0009, "< 0.1 %"),
        (0.001, "0.1 %"),
        (0.999, "99.9 %"),
    ],
)
def test_percent_never_claims_certainty(value: float, words: str) -> None:
    assert percent(value) == words


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("cell.png", "cell.png"),
        ("../../etc/passwd", "passwd"),
        (r"C:\patients\Miller.tif", "Miller.tif"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("line\nbreak.png", "linebreak.png"),
        ("", "image"),
    ],
)
def test_shown_name_has_no_folder_and_no_control_character(sent: str, shown: str) -> None:
    assert shown_name(sent) == shown


def test_long_name_is_shortened_in_the_middle() -> None:
    shown = shown_name("a" * 100 + ".png")

    assert len(shown) == MAX_NAME_LENGTH - 1
    assert shown.startswith("aaa")
    assert shown.endswith("a.png")


def test_escaped_text_keeps_no_markup_alive() -> None:
    assert escape_markdown("[a](b) <i> :red[x] $y$ *z*") == (
        r"\[a\]\(b\) \<i\> \:red\[x\] \$y\$ \*z\*"
    )
    assert escape_markdown("plain words") == "plain words"


def test_unknown_branch_keeps_its_name() -> None:
    assert branch_title("efficientnet_lite2") == "EfficientNet-Lite2"
    assert branch_title("new_net") == "new_net"
