"""A case with all that its screen and its report need of the review store."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from leukapp.resources import review_root
from leukapp.review.batch_images import BatchImages
from leukapp.review.case_summary import CaseSummary, summarize_case
from leukapp.review.corrected_cells import Corrections
from leukapp.review.records import BatchItem, BatchRun, Case, CaseImage
from leukapp.review.store import ReviewStore
from leukapp.review.worklist import WorklistEntry, build_worklist
from leukapp.ui.review.log_lines import my_worklist, settled_lines


@dataclass(frozen=True, kw_only=True)
class OpenCase:
    """A case with what the reader in front may see of it.

    Attributes:
        case: its name and number.
        images: of it, also those that wait or could not be read.
        runs: the batches that they are of, by number.
        entries: those that were judged, each with the decision that may be shown.
        settled: the same, each with the decision that counts, of two readers once they are agreed.
        corrections: of leukocytes, by the hash of the reader's file.
    """

    case: Case
    images: tuple[CaseImage, ...]
    runs: Mapping[int, BatchRun]
    entries: tuple[WorklistEntry, ...]
    settled: tuple[WorklistEntry, ...]
    corrections: Corrections

    @cached_property
    def summary(self) -> CaseSummary:
        """Its leukocytes."""
        return summarize_case(self.images, self.corrections)

    @classmethod
    def read(cls, case: Case, store: ReviewStore) -> Self:
        """Read it from the store.

        Args:
            case: of the store.
            store: of the server.

        Raises:
            StoreError: the store cannot be read.
        """
        images = store.cases.images(case.id)
        runs = {run_id: store.run(run_id) for run_id in {one.item.run_id for one in images}}
        entries: list[WorklistEntry] = []
        settled: list[WorklistEntry] = []
        for run_id, run in sorted(runs.items()):
            items = [one.item for one in images if one.item.run_id == run_id]
            lines = store.decisions_on(items)
            entries += my_worklist(run, items, lines)
            settled += build_worklist(items, settled_lines(run, lines))
        return cls(
            case=case,
            images=images,
            runs=runs,
            entries=tuple(entries),
            settled=tuple(settled),
            corrections=store.all_cell_corrections(),
        )

    def read_pixels(self) -> "CasePixels":
        """Give what reads the files of its images."""
        root = review_root()
        return CasePixels(
            of_runs={run_id: BatchImages.of(run, root) for run_id, run in self.runs.items()}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePixels:
    """Reads the files of images of several batches.

    Attributes:
        of_runs: batch to what reads its files.
    """

    of_runs: Mapping[int, BatchImages]

    def read(self, item: BatchItem) -> bytes:
        """Read one file, which has the hash that was judged.

        Args:
            item: of one of the batches.

        Raises:
            ImageError: this file is missing, not readable or another one.
            BatchSourceError: no file of its batch can be read.
        """
        return self.of_runs[item.run_id].read(item)
