"""What became of each image of a commissioning, by name: for the laboratory, never for the bundle.

A bundle holds hashes alone; the names in this report stay with who brought the images.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import numpy as np
from numpy.typing import NDArray

from leukapp.commissioning.readiness import Readiness
from leukapp.commissioning.site_bundle import BeforeAndAfter
from leukapp.errors import LeukappError
from leukapp.evaluation.report import escape_cell
from leukapp.labels import is_called_wrongly
from leukapp.spreadsheet import restore, write_csv_rows
from leukapp.whole_files import whole_file

N_TOLD: Final = 50
"""Rows of a list in a text for people; the file has all."""

COLUMNS: Final = ("image", "patient", "true_class", "before", "after", "label_is_doubtful")
NO_CALL: Final = "no call"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageOutcome:
    """Answers for one image; that after is of a fit without its patient.

    Attributes:
        image: its name, as the laboratory's table or folder gives it.
        patient: its group.
        truth: its class.
        before: what the parent calls it; None for no call.
        after: as ``before``, of the commissioned bundle.
        is_doubtful: the images of all other patients speak against ``truth``.
    """

    image: str
    patient: str
    truth: str
    before: str | None
    after: str | None
    is_doubtful: bool = False

    @property
    def is_changed(self) -> bool:
        """Whether the answer is another one."""
        return self.before != self.after

    @property
    def is_wrong(self) -> bool:
        """Whether the answer after is a call and not right."""
        return is_called_wrongly(self.after, self.truth)

    @property
    def is_silent(self) -> bool:
        """Whether there is no call after."""
        return self.after is None


def list_outcomes(
    readiness: Readiness, answers: BeforeAndAfter, suspects: NDArray[np.int64]
) -> tuple[ImageOutcome, ...]:
    """Put names to answers: wrong calls first, then images without a call, then the others.

    Args:
        readiness: the images that served.
        answers: for them.
        suspects: indices of those whose label is doubtful.
    """
    doubtful = set(suspects.tolist())
    outcomes = [
        ImageOutcome(
            image=sample.sample_id,
            patient=sample.group,
            truth=sample.label,
            before=before,
            after=after,
            is_doubtful=index in doubtful,
        )
        for index, (sample, before, after) in enumerate(
            zip(readiness.samples, answers.before.answers, answers.after.answers, strict=True)
        )
    ]
    return tuple(sorted(outcomes, key=lambda one: (not one.is_wrong, not one.is_silent)))


def outcomes_to_markdown(outcomes: Sequence[ImageOutcome]) -> str:
    """Three lists for people: what changed, where it still fails, whose label is doubtful.

    Args:
        outcomes: of a commissioning.
    """
    lists = (
        ("Answers that changed", [one for one in outcomes if one.is_changed]),
        ("Where it still fails", [one for one in outcomes if one.is_wrong or one.is_silent]),
        ("Labels to look at again", [one for one in outcomes if one.is_doubtful]),
    )
    return "\n".join(_table(title, chosen) for title, chosen in lists if chosen)


def _table(title: str, chosen: Sequence[ImageOutcome]) -> str:
    more = len(chosen) - N_TOLD
    lines = [
        f"## {title}",
        "| image | patient | true class | before | after |",
        "|---|---|---|---|---|",
        *(
            f"| {escape_cell(one.image)} | {escape_cell(one.patient)} | {one.truth} | "
            f"{one.before or NO_CALL} | {one.after or NO_CALL} |"
            for one in chosen[:N_TOLD]
        ),
        *([f"\nAnd {more} more; `--images FILE` writes all."] if more > 0 else []),
    ]
    return "\n".join(lines) + "\n"


def write_outcomes(path: Path, outcomes: Sequence[ImageOutcome]) -> None:
    """Write every image as a row of a CSV file.

    Args:
        path: of the file; its folder exists.
        outcomes: of a commissioning.
    """
    with whole_file(path) as partial, partial.open("w", encoding="utf-8", newline="") as stream:
        write_outcome_rows(stream, outcomes)


def write_outcome_rows(stream: IO[str], outcomes: Sequence[ImageOutcome]) -> None:
    """Write every image as a row.

    Args:
        stream: takes text.
        outcomes: of a commissioning.
    """
    rows = (
        (one.image, one.patient, one.truth, one.before, one.after, int(one.is_doubtful))
        for one in outcomes
    )
    write_csv_rows(stream, [COLUMNS, *rows])


def read_outcomes(path: Path) -> tuple[ImageOutcome, ...]:
    """Read what :func:`write_outcomes` wrote.

    Args:
        path: of the file.

    Raises:
        LeukappError: it cannot be read.
    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            return tuple(
                ImageOutcome(
                    image=restore(row["image"]),
                    patient=restore(row["patient"]),
                    truth=row["true_class"],
                    before=row["before"] or None,
                    after=row["after"] or None,
                    is_doubtful=row["label_is_doubtful"] == "1",
                )
                for row in csv.DictReader(stream)
            )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, csv.Error) as error:
        raise LeukappError(
            f"the list of images {path.name} cannot be read: commission once more for a new one"
        ) from error
