"""Texts of the large picture and of the gallery of its cells."""

from dataclasses import dataclass, field
from typing import Final

from leukapp.ui.texts.glossary import see


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureWords:
    """What the browser writes around the picture by itself; picture.js reads these names."""

    picture: str = "Large picture"
    tools: str = "Tools of the large picture"
    zoomIn: str = "Zoom in"  # noqa: N815 - as JavaScript writes it
    zoomOut: str = "Zoom out"  # noqa: N815 - as JavaScript writes it
    fit: str = "Fit"
    enhanced: str = "Enhanced"
    boxes: str = "Boxes"
    heat: str = "Heat"
    fade: str = "Opacity of the heat"
    mark: str = "Mark a cell"
    marking: str = "Click the leukocyte that was not found, or draw a box around it"
    adjust: str = "Light"
    keys: str = "Keys"
    shown: str = "shown"
    hidden: str = "hidden"
    brightness: str = "Brightness"
    contrast: str = "Contrast"
    gamma: str = "Gamma"
    reset: str = "Reset"
    scale: str = "about {um} µm"
    help: dict[str, str] = field(
        default_factory=lambda: {
            "fit": "See the whole image (0)",
            "enhanced": "Brightened and sharpened, as the networks see it (E)",
            "boxes": "Boxes around the leukocytes (B)",
            "heat": "Where the score came from (H)",
            "mark": "Mark a leukocyte that was not found: a click, or a box drawn around it (M)",
            "adjust": "Brightness, contrast and gamma of the screen alone (A)",
        }
    )
    keyList: list[tuple[str, str]] = field(  # noqa: N815 - as JavaScript writes it
        default_factory=lambda: [
            ("+ −", "Zoom in, zoom out"),
            ("0", "Whole image"),
            ("Arrows", "Move a zoomed image"),
            ("N P", "Next, previous leukocyte"),
            ("B", "Boxes"),
            ("H", "Heat"),
            ("[ ]", "Fainter, stronger heat"),
            ("E", "Enhanced"),
            ("M", "Mark a leukocyte that was not found; Esc ends it"),
            ("Shift drag", "Draw a box around one that was not found"),
            ("A", "Brightness, contrast, gamma"),
            ("?", "This list"),
        ]
    )


PICTURE_WORDS: Final = PictureWords()
PICTURE_NAME: Final = "Smear image, {width} × {height} pixels, {n} leukocytes marked"
PICTURE_CAPTION: Final = (
    "{width} × {height} px. The wheel zooms, dragging moves, a click on a box chooses its "
    "leukocyte; ? lists the keys."
)
SCALE_CAPTION: Final = "The scale is estimated: an erythrocyte is taken as 7.5 µm wide."
CELL: Final = "Leukocyte {number}: {answer}"
UNLIKE: Final = "○ Unlike the training cells, not counted"
GALLERY: Final = "Leukocytes"
GALLERY_HELP: Final = (
    "Each leukocyte is found by its nucleus, cut out at one scale and judged alone; the verdict "
    "puts their answers together. Within a group the most doubtful come first. Click one to see "
    "it, and where it lies."
    f" {see('Field')}"
)
CORRECTED_CELL: Final = "{cell}, corrected by a reader"
MARKED_CELL: Final = "{cell}, marked by a reader"
OTHER_ANSWERS: Final = {
    "artifact": "Artifact",
    "reactive": "Reactive",
    "other": "Other",
    "removed": "Removed",
}
REMOVED_MARK: Final = "×"
OTHER_MARK: Final = "◇"
