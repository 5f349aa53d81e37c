"""The tables of the study, as Markdown."""

from collections.abc import Sequence

from experiments.resolution.agreement import Agreement

PAGE = """# The same image, changed: does its answer stay?

Bundle {bundle} ({sha256}). *Same answer*: the label is the same, or neither has one. *Same finding*: Healthy, leukemia or
none. *Read alike*: a leukocyte was found in both or in neither. Changes of P(leukemia) are absolute, where both have one.

| source | change | copies | same answer (from) | same finding | read alike | median change | 95th percentile |
|---|---|---|---|---|---|---|---|
{rows}
"""  # noqa: E501


def write_page(agreements: Sequence[Agreement], bundle: str, sha256: str) -> str:
    """One row for each source and change.

    Args:
        agreements: in the order of the rows.
        bundle: its name.
        sha256: of its manifest.
    """
    rows = [
        f"| {one.source} | {one.change} | {one.n_pairs} "
        f"| {one.same_answer:.1%} ({one.same_answer_low:.1%}) | {one.same_finding:.1%} "
        f"| {one.same_readable:.1%} | {_number(one.median_change)} | {_number(one.change_95)} |"
        for one in agreements
    ]
    return PAGE.format(bundle=bundle, sha256=sha256[:12], rows="\n".join(rows))


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
