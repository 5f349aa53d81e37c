"""Writes the figures of the committed results into the README; a contract test compares them.

python benchmarks/quote.py
"""

import json
import sys
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
RESULTS = REPOSITORY / "benchmarks" / "results"
PRESETS = ("compact", "paper")
BEGIN, END = "<!-- speed: begin -->", "<!-- speed: end -->"
NOT_MEASURED = (
    "Not measured on this version yet: `make bench` measures it and writes the figures here."
)


def read_results(folder: Path) -> dict[str, dict[str, Any]]:
    """The report of each preset that has one, as ``benchmarks/run.py --out`` wrote it."""
    paths = {preset: folder / f"{preset}.json" for preset in PRESETS}
    return {
        preset: json.loads(path.read_text(encoding="utf-8"))
        for preset, path in paths.items()
        if path.is_file()
    }


def render_figures(results: dict[str, dict[str, Any]]) -> str:
    """The README's table, a column for each preset, and what it was measured on."""
    if not results:
        return NOT_MEASURED
    columns = [_column(report) for report in results.values()]
    lines = [
        f"| | {' | '.join(results)} |",
        f"|---|{'---|' * len(results)}",
        *(f"| {name} | {' | '.join(column[name] for column in columns)} |" for name in columns[0]),
        "",
    ]
    for preset, report in results.items():
        machine = report["machine"]
        lines.append(
            f"`{preset}`: {report['diagnosis']['engine']}, {machine['n_cores']} cores of an "
            f"{machine['processor']}, OpenVINO {machine['libraries']['openvino']}; "
            f"{machine['load_before']} other tasks were running in the minute before, "
            f"{report['seconds']} s in all."
        )
    return "\n".join(lines)


def quote(text: str, figures: str) -> str:
    """Put the figures between the markers of a page.

    Raises:
        ValueError: the page does not have both markers.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the page needs the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{figures}\n{END}{after}"


def quoted(text: str) -> str:
    """What stands between the markers of a page."""
    return text.partition(BEGIN)[2].partition(END)[0].strip("\n")


def _column(report: dict[str, Any]) -> dict[str, str]:
    one, folder, scaling = report["diagnosis"], report["folder"], report["scaling"]
    field, process = report["field"], report["processes"]
    return {
        "one image with every heatmap": f"{one['ours_ms']} ms",
        "the usual way in Keras": f"{one['usual_ms']} ms, {one['times_faster']} times as long",
        "network and heatmaps over the bare forward pass": str(one["network_and_maps_over_bare"]),
        "all from bytes to verdict over the bare forward pass": str(one["over_bare"]),
        "a folder, images a second": (
            f"{folder['images_a_second']}, one by one {folder['one_by_one_images_a_second']}"
        ),
        "a folder, of the bare engine's rate": f"{folder['of_bare']:.0%}",
        "a folder, of what the processor time allows": (
            f"{folder['of_possible']:.0%} "
            f"({' to '.join(f'{share:.0%}' for share in folder['of_possible_range'])})"
        ),
        "rate over the most images against the fewest": (
            f"{scaling['last_over_first']} "
            f"({scaling['n_images'][-1]} against {scaling['n_images'][0]}), "
            f"by processor time {scaling['cpu_first_over_last']}"
        ),
        "process start to first diagnosis": (
            f"{process['first_diagnosis_s']} s, "
            f"on TensorFlow {process['first_diagnosis_keras_s']} s"
        ),
        "peak memory": f"{process['peak_mb']} MB, on TensorFlow {process['peak_keras_mb']} MB",
        "a field of 2592 x 1944 pixels": f"{field['n_cells']} cells, {field['diagnosis_ms']} ms",
    }


def main() -> int:
    """Rewrite the README's figures."""
    page = REPOSITORY / "README.md"
    text = page.read_text(encoding="utf-8")
    page.write_text(quote(text, render_figures(read_results(RESULTS))), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
