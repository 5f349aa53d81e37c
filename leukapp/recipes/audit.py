"""``leukapp audit``: run audits and write their reports."""

from collections.abc import Callable
from pathlib import Path

from leukapp.audits.data_audit import audit_data
from leukapp.audits.report_files import write_audit
from leukapp.data.readers.detect import read_catalog


def write_data_audit(data: Path, out: Path, *, report: Callable[[str], None]) -> tuple[Path, Path]:
    """Audit a data set into ``data.json`` and ``data.html``.

    Args:
        data: folder or table of samples.
        out: folder of the report.
        report: takes lines of progress.

    Returns:
        Paths of the JSON and of the HTML file.
    """
    audit = audit_data(read_catalog(data), report=_every_500(report))
    return write_audit(out, "data", audit)


def _every_500(report: Callable[[str], None]) -> Callable[[int, int], None]:
    def count(done: int, total: int) -> None:
        if done % 500 == 0 or done == total:
            report(f"{done} of {total} images read")

    return count
