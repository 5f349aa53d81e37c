"""What a diagnosis says of single leukocytes, and how a field or a case is summed up."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from leukapp.evaluation.intervals import Estimate, wilson_interval
from leukapp.fields.crops import CellBox
from leukapp.imaging.arrays import RgbImage
from leukapp.inference.probabilities import ClassProbabilities, answer_probability
from leukapp.labels import ANSWER_NAMES, LEUKEMIA, name_answer

ModeChoice: TypeAlias = Literal["auto", "whole", "cell", "field"]

ENOUGH_CELLS: Final = 20
"""Under this many judged leukocytes a share says little, and the summary says so."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CellAnswer:
    """The answer for one leukocyte.

    Attributes:
        box: of its crop, in pixels of the original.
        crop: what the network saw before enhancement, uint8 (side, side, 3), read-only.
        finding: ``Healthy`` or ``leukemia``; None for "no call".
        label: ``ALL``, ``AML`` or ``Healthy``; None for "no call", and for a leukemia whose type is
            not named.
        no_call_reason: one plain sentence if there is no call, else None.
        probabilities: calibrated probabilities of the fused decision.
        branches: each branch's own softmax, in the order of the preset.
        is_counted: the cell resembles the training cells, so it counts in the image's answer.
    """

    box: CellBox
    crop: RgbImage
    finding: str | None
    label: str | None
    no_call_reason: str | None
    probabilities: ClassProbabilities
    branches: tuple[ClassProbabilities, ...]
    is_counted: bool

    @property
    def answer_name(self) -> str | None:
        """What is called, in one name: a class, or leukemia of no determined type."""
        return name_answer(self.finding, self.label)

    @property
    def answer_probability(self) -> float:
        """Calibrated probability of what is called, 0-1; of the likeliest class if none is."""
        return answer_probability(self.probabilities.as_dict(), self.finding, self.label)


@dataclass(frozen=True, slots=True, kw_only=True)
class CellSummary:
    """The leukocytes of a field, or of all fields of a case.

    Attributes:
        n_found: leukocytes found.
        n_judged: those with a call.
        n_blast_like: those called leukemia, whether or not its type is named.
        share: blast-like among the judged, 0-1; None where none was judged.
        low: lower end of the 95 % interval of the share (Wilson); None as ``share``.
        high: upper end.
    """

    n_found: int
    n_judged: int
    n_blast_like: int
    share: float | None
    low: float | None
    high: float | None

    @property
    def is_enough(self) -> bool:
        """Whether so many leukocytes were judged that the share means something."""
        return self.n_judged >= ENOUGH_CELLS


def summarize_cells(cells: Sequence[CellAnswer]) -> CellSummary:
    """Count the leukocytes of one field or, put together, of several fields of one patient.

    Source:
        E. B. Wilson, Probable inference, the law of succession, and statistical inference, 1927.
    """
    return count_findings([cell.finding for cell in cells])


def count_findings(findings: Sequence[str | None]) -> CellSummary:
    """Count leukocytes by what they are called, by the networks or by a reader.

    Args:
        findings: of each leukocyte ``leukemia`` or another word; None for no call.
    """
    judged = [finding for finding in findings if finding is not None]
    return _summary(len(findings), len(judged), judged.count(LEUKEMIA))


def add_summaries(summaries: Sequence[CellSummary]) -> CellSummary:
    """Sum several fields of one patient up; as :func:`summarize_cells` of all their cells."""
    return _summary(
        sum(one.n_found for one in summaries),
        sum(one.n_judged for one in summaries),
        sum(one.n_blast_like for one in summaries),
    )


def _summary(n_found: int, n_judged: int, n_blast_like: int) -> CellSummary:
    interval = wilson_interval(n_blast_like, n_judged) if n_judged else None
    return CellSummary(
        n_found=n_found,
        n_judged=n_judged,
        n_blast_like=n_blast_like,
        share=n_blast_like / n_judged if n_judged else None,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerCount:
    """How many leukocytes got one answer.

    Attributes:
        answer: a class, leukemia of no determined type, or another word of a reader; None for no
            call.
        n: leukocytes.
        share: of the judged ones, 0-1, with its 95 % interval (Wilson); None for no call, and where
            none was judged.
    """

    answer: str | None
    n: int
    share: Estimate | None


def differential(answers: Sequence[str | None]) -> tuple[AnswerCount, ...]:
    """Count the leukocytes of one or several images by their answers, no call last.

    Args:
        answers: ``answer_name`` of each leukocyte, or what a reader says of it.

    Source:
        E. B. Wilson, Probable inference, the law of succession, and statistical inference, 1927.
    """
    counts = Counter(answers)
    n_judged = sum(n for answer, n in counts.items() if answer is not None)
    names = [name for name in ANSWER_NAMES if counts[name]]
    names += sorted(name for name in counts if name is not None and name not in ANSWER_NAMES)
    found = [
        AnswerCount(answer=name, n=counts[name], share=wilson_interval(counts[name], n_judged))
        for name in names
    ]
    if counts[None]:
        found.append(AnswerCount(answer=None, n=counts[None], share=None))
    return tuple(found)
