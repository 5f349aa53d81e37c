"""The tables of docs/commissioning.md, from the draws."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from experiments.commissioning.draws import Draw, Result

RESULT: Final = Path(__file__).parent / "result.json"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
TARGETS: Final = {10: (0.5, 0.02), 20: (0.7, 0.02), 40: (0.8, 0.015)}
"""Images a class to the least coverage and the greatest share called wrongly."""

LEAST_HELD: Final = 0.95


def write_tables(page: Path, result: Result) -> None:
    """Replace what stands between the marks of a page.

    Args:
        page: its file.
        result: that was measured.
    """
    text = page.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    tail = rest.split(END)[1]
    page.write_text(f"{head}{BEGIN}\n{tables(result)}{END}{tail}", encoding="utf-8")


def tables(result: Result) -> str:
    """Means over laboratories against the targets, then laboratory by laboratory.

    Args:
        result: that was measured.
    """
    draws = result.draws
    sizes = sorted({draw.a_class for draw in draws})
    names = sorted({draw.laboratory for draw in draws})
    lines = [
        f"Recipe of bundle `{result.bundle_sha256[:12]}`, {len(draws)} commissionings; the mean "
        f"over {', '.join(names)}:",
        "",
        "| local images a class | coverage | target | called wrongly, of all images | target | "
        "both certificates held | target |",
        "|---|---|---|---|---|---|---|",
    ]
    for size in sizes:
        own = [[d for d in draws if d.a_class == size and d.laboratory == name] for name in names]
        coverage, wrong, held = (
            float(np.mean([np.mean([getattr(d, field) for d in of_one]) for of_one in own]))
            for field in ("coverage", "wrong", "held")
        )
        least, most = TARGETS[size]
        lines.append(
            f"| {size} | {_mark(coverage >= least)} {coverage:.1%} | {least:.0%} | "
            f"{_mark(wrong <= most)} {wrong:.1%} | {most:.1%} | "
            f"{_mark(held >= LEAST_HELD)} {held:.0%} of draws | {LEAST_HELD:.0%} |"
        )
    lines += [
        "",
        "| laboratory | local images a class | patients fitted on | before: coverage, wrong | "
        "after: coverage | wrong | missed, certified | false alarms, certified | held |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name in names:
        for size in sizes:
            own_draws = [d for d in draws if d.laboratory == name and d.a_class == size]
            if own_draws:
                lines.append(_row(name, size, own_draws))
    return "\n".join(lines) + "\n"


def _row(name: str, size: int, draws: Sequence[Draw]) -> str:
    def mean(field: str) -> float:
        return float(np.mean([getattr(draw, field) for draw in draws]))

    return (
        f"| {name} | {size} | {mean('n_fitted_groups'):.0f} | {mean('before'):.1%}, "
        f"{mean('before_wrong'):.1%} | {mean('coverage'):.1%} | {mean('wrong'):.1%} | "
        f"{mean('missed'):.1%}, {mean('missed_bound'):.1%} | {mean('false_alarms'):.1%}, "
        f"{mean('false_alarm_bound'):.1%} | {sum(d.held for d in draws)} of {len(draws)} |"
    )


def _mark(is_met: bool) -> str:
    return "met:" if is_met else "missed:"
