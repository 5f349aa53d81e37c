"""Colors and marks of the classes, and the few style rules that Streamlit's theme cannot express.

The colors are of the Okabe-Ito palette, which people with the common color blindnesses can tell
apart; each class has its own mark as well, so that color is never alone.
"""

from dataclasses import dataclass
from typing import Final

import streamlit as st

from leukapp.labels import ALL, AML, HEALTHY, LEUKEMIA, TYPE_NOT_DETERMINED
from leukapp.ui import texts


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassStyle:
    """How one answer looks everywhere; a new class is one more of these.

    Attributes:
        mark: one character that stands before the class name.
        light: color on the light theme, ``#rrggbb``.
        dark: color on the dark theme, ``#rrggbb``.
        corners: of the mark as reports draw it, in radii from its middle, right and up; none
            makes it round.
        symbol: the mark on curves, as Plotly calls it.
        dash: of curves, as Plotly calls it.
        pattern: of bars, as Plotly writes it; empty for plain ones.
    """

    mark: str
    light: str
    dark: str
    corners: tuple[tuple[float, float], ...] = ()
    symbol: str = "circle"
    dash: str = "solid"
    pattern: str = ""


CLASS_STYLES: Final = {
    ALL: ClassStyle(
        mark="▲",
        light="#0072B2",
        dark="#56B4E9",
        corners=((0.0, 1.0), (-0.9, -0.7), (0.9, -0.7)),
        symbol="triangle-up",
        dash="solid",
        pattern="/",
    ),
    AML: ClassStyle(
        mark="◆",
        light="#C04E00",
        dark="#E69F00",
        corners=((0.0, 1.0), (-1.0, 0.0), (0.0, -1.0), (1.0, 0.0)),
        symbol="diamond",
        dash="dash",
        pattern="x",
    ),
    HEALTHY: ClassStyle(mark="●", light="#00795A", dark="#2FBF93", symbol="circle", dash="dashdot"),
}
LEUKEMIA_STYLE: Final = ClassStyle(
    mark="■",
    light="#9B3C7E",
    dark="#E39CC8",
    corners=((-0.8, 0.8), (-0.8, -0.8), (0.8, -0.8), (0.8, 0.8)),
    symbol="square",
    dash="longdash",
)
ANSWER_STYLES: Final = {
    **CLASS_STYLES,
    TYPE_NOT_DETERMINED: LEUKEMIA_STYLE,
    LEUKEMIA: LEUKEMIA_STYLE,
}
NO_CALL_STYLE: Final = ClassStyle(mark="○", light="#5E5668", dark="#B3AABD")

STYLE_RULES: Final = """
<style>
.stMainBlockContainer { padding: 3rem clamp(1rem, 4vw, 4rem) 4rem; max-width: 84rem; }
.leuk-brand { display: flex; flex-wrap: wrap; align-items: baseline; gap: .3rem .8rem;
  padding-top: .35rem; }
.leuk-brand b, .leuk-brand h1 { font-size: 1.5rem; letter-spacing: -.02em; line-height: 1.3; }
.leuk-brand h1 { font-weight: 450; margin: 0; padding: 0 0 0 .8rem;
  border-left: 1px solid color-mix(in srgb, currentColor 35%, transparent); }
.leuk-brand span { opacity: .8; flex: 1 1 auto; }
.leuk-brand strong { padding: .2rem .7rem; border: 1px solid currentColor; border-radius: 99px;
  font-size: .82rem; font-weight: 600; }
[data-testid="stFileUploaderDropzone"] { min-height: 7.5rem; border-style: dashed; }
.leuk-verdict { border-left: .45rem solid var(--class-color); border-radius: .6rem;
  padding: .7rem 1rem .8rem;
  background: color-mix(in srgb, var(--class-color) 11%, transparent); }
.leuk-verdict small { text-transform: uppercase; letter-spacing: .08em; font-weight: 600;
  opacity: .75; }
.leuk-verdict h2 { font-size: clamp(1.5rem, 2.4vw, 2.1rem); line-height: 1.15; margin: 0;
  padding: .1rem 0 .25rem; color: var(--class-color); }
.leuk-verdict p { margin: 0 0 .3rem; font-size: 1.02rem; }
.leuk-verdict .leuk-number { font-weight: 650; margin-top: .6rem; }
.leuk-verdict .leuk-note { margin-top: .5rem; font-size: .88rem; opacity: .8; }
.leuk-vote { display: flex; align-items: center; justify-content: space-between; gap: 1rem;
  padding: .5rem 0; border-top: 1px solid color-mix(in srgb, currentColor 16%, transparent); }
.leuk-vote b { color: var(--class-color); white-space: nowrap; }
.leuk-vote small { opacity: .75; }
.st-key-answer-pane h3 { padding: .4rem 0 .45rem; }
@media (min-width: 641px) {
  .st-key-panes > [data-testid="stLayoutWrapper"] > [data-testid="stHorizontalBlock"] {
    flex-direction: row-reverse; flex-wrap: nowrap; }
  .st-key-panes [data-testid="stColumn"]:has(.st-key-answer-pane) { min-width: 17rem;
    position: sticky; top: 3.5rem; align-self: flex-start; max-height: calc(100vh - 4rem);
    overflow-y: auto; padding: 0 .3rem; scrollbar-width: thin; }
}
[class*="st-key-thumb-"] { position: relative; }
[class*="st-key-thumb-"] img { aspect-ratio: 1; object-fit: contain; border-radius: .5rem;
  background: color-mix(in srgb, currentColor 7%, transparent); }
[class*="st-key-thumb-"] [data-testid="stElementToolbar"] { display: none; }
@media (max-width: 640px) {
  [data-testid="stLayoutWrapper"]:has(> [class*="st-key-thumb-"]) { max-width: calc(50% - .5rem); }
}
[class*="st-key-batch-open-"] { position: absolute; inset: 0 0 auto 0; aspect-ratio: 1;
  width: 100% !important; }
[class*="st-key-batch-open-"] * { height: 100%; width: 100%; }
[class*="st-key-batch-open-"] button { align-items: flex-start; justify-content: flex-start;
  padding: .3rem; background: transparent; border-color: transparent; }
[class*="st-key-batch-open-"] button:hover { border-color: currentColor; }
[class*="st-key-batch-open-"] button * { height: auto; width: auto; }
[class*="st-key-batch-open-"] p { padding: 0 .35rem; border-radius: .35rem; font-size: .8rem;
  background: light-dark(#FBFAFCE6, #16131AE6); }
[class*="st-key-batch-pick-"] { position: absolute; top: .3rem; right: .3rem; width: auto;
  padding: .15rem; border-radius: .35rem; background: light-dark(#FBFAFCE6, #16131AE6); }
.st-key-kept-images button > div { width: 100%; justify-content: space-between; text-align: left; }
body [data-testid="stCaptionContainer"] { opacity: .8; }
[data-has-shortcut] kbd { opacity: .85; }
[data-testid="stBaseButton-primary"] { color: light-dark(#FFFFFF, #221B29); }
@media print { [data-testid="stSidebar"], [data-testid="stHeader"] { display: none; } }
</style>
"""


def is_dark() -> bool:
    """Whether the reader sees the dark theme; light where the browser has not said."""
    return bool(st.context.theme.type == "dark")


def style_of(answer: str | None) -> ClassStyle:
    """Give the look of an answer, a class or another one; of "no call" for None."""
    return NO_CALL_STYLE if answer is None else ANSWER_STYLES[answer]


def color_of(answer: str | None, *, dark: bool) -> str:
    """Give the color of an answer, or of "no call" for None, as ``#rrggbb``."""
    style = style_of(answer)
    return style.dark if dark else style.light


def css_color(answer: str | None) -> str:
    """Give the color of an answer, or of "no call" for None, for both themes, as CSS writes it.

    The page is not drawn anew when the reader's system changes between light and dark.
    """
    style = style_of(answer)
    return f"light-dark({style.light}, {style.dark})"


def rgb_of(answer: str | None) -> tuple[int, int, int]:
    """Give the color of an answer on pictures, where the theme does not matter: 0-255 each."""
    code = style_of(answer).light.removeprefix("#")
    red, green, blue = (int(code[i : i + 2], 16) for i in (0, 2, 4))
    return red, green, blue


def text_color(*, dark: bool) -> str:
    """Give the color of text in figures, that of the theme in ``.streamlit/config.toml``."""
    return "#ECE7F0" if dark else "#221B29"


def marked(answer: str | None) -> str:
    """Give an answer with its mark, e.g. ``▲ ALL``; "no call" for None."""
    return f"{style_of(answer).mark} {answer_title(answer)}"


def answer_title(answer: str | None) -> str:
    """Give an answer as it stands on screens and reports, e.g. ``ALL``; "no call" for None."""
    return texts.ANSWER_TITLES.get(answer, answer or "")
