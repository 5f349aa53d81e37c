"""What the audit reports say, in plain words."""

from typing import Final

FACTS: Final = "In short"

TITLES: Final = {
    "data": "Audit of a data set",
    "explanations": "Audit of the explanations",
    "not_smears": "Audit with pictures that are no smear",
}

INTROS: Final = {
    "data": (
        "What in these images could make a network look better than it is. "
        "Intervals are 95 %, from a bootstrap over groups (patients or blocks)."
    ),
    "explanations": (
        "Whether the heatmaps say anything about the decision. Figures are means over images "
        "with 95 % intervals from a bootstrap over groups, per source."
    ),
    "not_smears": (
        "Photographs, noise, text, empty glass and other pictures must get no call. Parts and "
        "turned versions of one photograph are counted, so the inputs are not all independent."
    ),
}

SECTIONS: Final = {
    "balance": (
        "Images and groups of each class",
        "A class with few groups has few independent examples, however many images it has.",
    ),
    "confounding": (
        "Class against source",
        "Cramer's V is 0 where the source says nothing of the class and 1 where it tells it. A "
        "pair of classes that no source holds both of cannot be told from two laboratories.",
    ),
    "background": (
        "What the background alone gives away",
        "A logistic regression on the colors along the edge of the image, judged by grouped "
        "cross-validation. What it reaches, a network can reach without looking at the cell.",
    ),
    "flattery": (
        "How much a random split would flatter",
        "The same simple classifiers on colors and textures, once with turned copies split at "
        "random, once with whole groups kept on one side. An error ratio of 2 means that the "
        "random split hides half of the errors.",
    ),
    "copies": (
        "Copies",
        "Pairs that show the same picture, also when rotated, mirrored, recompressed or "
        "rescaled. Pairs across labels are errors; pairs across splits or groups leak.",
    ),
    "listed_copies": ("Copies by name", "The pairs that harm most, at most 60."),
    "quality": ("Image quality", "Medians over the images of each source."),
    "left_out": ("Files left out", "Files that could not be placed or read."),
    "kinds": ("Share of no call by kind", "Every call in this table is wrong."),
    "slipped": ("Pictures that were called", "Neither quality check nor gate stopped these."),
    "explanations": (
        "Heatmaps, source by source",
        "Deletion: how far the class probability falls on average while the hottest parts are "
        "blurred first (lower is better). Insertion: how far it rises while they come back first "
        "(higher is better). The gain is against a random order of the same parts. Correlations "
        "are rank correlations: with the heatmap of a network whose weights are random (near 0 is "
        "right) and of turned copies (near 1 is right). Heat inside the cell is set beside the "
        "share of the image that the cell covers.",
    ),
    "agreement": (
        "Do the maps agree",
        "Rank correlation of two maps, and the overlap of their hottest fifths "
        "(intersection over union; two random maps have 0.11).",
    ),
    "curves": (
        "Curves of the fused map",
        "Mean probability of the explained class while a share of the image is hidden (deletion, "
        "random) or shown (insertion).",
    ),
}
