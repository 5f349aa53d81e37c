"""What of a batch's review log the reader in front may see."""

from collections.abc import Iterable, Sequence

from leukapp.review.double_reading import N_READERS, settled_decisions
from leukapp.review.records import BatchItem, BatchRun, Decision
from leukapp.review.worklist import WorklistEntry, build_double_worklist, build_worklist
from leukapp.review.worklist_book import WorklistScope
from leukapp.ui.review.initials import session_initials
from leukapp.ui.review.log import reader_mail


def reader_name() -> str:
    """Name the reader in front as ``reader_of`` does; empty as long as initials are not given."""
    return reader_mail() or session_initials() or ""


def my_scope(run: BatchRun, *, case_id: int | None) -> WorklistScope:
    """Name the worklist of a batch for who looks at it.

    Args:
        run: the batch.
        case_id: of the case whose images alone are listed, or None.
    """
    return WorklistScope(
        run_id=run.id, n_readers=run.n_readers, reader=reader_name(), case_id=case_id
    )


def my_worklist(
    run: BatchRun, items: Iterable[BatchItem], lines: Sequence[Decision]
) -> tuple[WorklistEntry, ...]:
    """Give the worklist, of two readers without what the other one alone has signed.

    Args:
        run: the batch.
        items: its images.
        lines: its review log, oldest first.
    """
    if run.n_readers == N_READERS:
        return build_double_worklist(items, lines, reader=reader_name())
    return build_worklist(items, lines)


def settled_lines(run: BatchRun, lines: Sequence[Decision]) -> tuple[Decision, ...]:
    """Give the lines that count, of two readers where they agree or were adjudicated.

    Args:
        run: the batch.
        lines: its review log, oldest first.
    """
    return settled_decisions(lines) if run.n_readers == N_READERS else tuple(lines)
