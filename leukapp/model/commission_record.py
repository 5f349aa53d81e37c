"""What a bundle says of its commissioning: for which laboratory, from which parent, proven how."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, TypeAlias

import msgspec

from leukapp.model.presets import Share

LaboratoryName: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"\A[^\W_][\w .,+-]{0,59}\Z")]
"""Letters, digits, blanks and . , + - _: it stands in captions, reports and menus."""

MISSED: Final = "missed leukemia"
FALSE_ALARM: Final = "false alarm"
WRONG_TYPE: Final = "wrong type"


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What is proven of one kind of error.

    Attributes:
        kind: ``missed leukemia``, ``false alarm`` or ``wrong type`` with a class.
        asked: the greatest risk that was asked for, 0-1.
        certified: no more than this share of the images that the error can be made on is called so,
            0-1.
        confidence: of the proof, 0-1.
        n_images: images that the error could be made on.
        n_groups: their patients.
        n_wrong: images of them that are called wrongly under the chosen limits.
        n_more_groups: patients more, without one more error, with which ``asked`` would be
            certified; 0 where it is, None where errors are too many for any number.
    """

    kind: str
    asked: Share
    certified: Share
    confidence: Share
    n_images: int
    n_groups: int
    n_wrong: int
    n_more_groups: int | None

    @property
    def is_reached(self) -> bool:
        """Whether what was asked for is proven."""
        return self.certified <= self.asked


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerCertificate:
    """What is proven of one kind of answer: how many of those that are given are wrong.

    That depends on how many of the images to come show leukemia, so both parts of the proof are
    kept: it can be asked for any share.

    Attributes:
        kind: ``missed leukemia``, of the answers Healthy; ``false alarm``, of those of leukemia.
        asked: the greatest risk that was asked for, 0-1.
        confidence: of both parts together, 0-1.
        leukemia_share: of the patients that were brought, 0-1.
        error_bound: at most this share of the images that the answer is wrong for gets it, 0-1.
        right_bound: at least this share of the images that it is right for gets it, 0-1; of
            patients with such images alone.
        n_answers: images that get it under the chosen limits.
        n_wrong: images of them that it is wrong for.
        n_more_groups: patients for whom it is wrong that must be added, without one more error, so
            that ``asked`` is certified at ``leukemia_share``; 0 where it is, None where no number
            would do.
    """

    kind: str
    asked: Share
    confidence: Share
    leukemia_share: Share
    error_bound: Share
    right_bound: Share
    n_answers: int
    n_wrong: int
    n_more_groups: int | None

    def certified_at(self, leukemia_share: float) -> float:
        """The greatest share of these answers that is wrong, 0-1.

        Args:
            leukemia_share: of the images to come, 0-1.
        """
        share = leukemia_share if self.kind == MISSED else 1 - leukemia_share
        wrong, right = share * self.error_bound, (1 - share) * self.right_bound
        return wrong / (wrong + right) if right else 1.0

    @property
    def certified(self) -> float:
        """The same where as many patients have leukemia as of those that were brought, 0-1."""
        return self.certified_at(self.leukemia_share)

    @property
    def is_reached(self) -> bool:
        """Whether what was asked for is proven."""
        return self.certified <= self.asked


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchReference:
    """What images of a commissioning measured, each kind sorted on its own: no image is told by it.

    Attributes:
        n_gate_points: points of the parent's gate, which are the first of the bundle's.
        distance: of each image that has a cell to the parent's training, 0-2.
        stain: scores of nuclear stain of each image that has a nucleus.
        scale: diameters of erythrocytes in pixels, of each image that gives one.
    """

    n_gate_points: int
    distance: tuple[float, ...]
    stain: tuple[float, ...]
    scale: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CommissionRecord:
    """How a bundle was fitted to a laboratory; no pixels and no names of images or patients.

    Attributes:
        laboratory: for whose images it answers.
        parent_name: folder name of the bundle that was fitted.
        parent_sha256: its identity, hexadecimal.
        created_utc: when, ISO 8601.
        n_images: labelled images that it was fitted on.
        n_groups: their patients; the images where none is named.
        groups_known: whether patients were named.
        classes: images of each class.
        group_hashes: of the patients' names, by which their images are kept out of a judgement.
        ridge: strength that held the fit to the parent; None where its heads stayed as they were.
        summary_share: share of the weight that features of the parent's training had; None as
            above.
        certificates: what is proven, and what is not.
        answer_certificates: the same of the answers given; empty where only one of health and
            leukemia was brought, and in records of before there were any.
        watch: what images to come are compared with; None in records of before it was kept.
    """

    laboratory: LaboratoryName
    parent_name: str
    parent_sha256: str
    created_utc: str
    n_images: int
    n_groups: int
    groups_known: bool
    classes: Mapping[str, int]
    group_hashes: tuple[str, ...]
    ridge: float | None
    summary_share: Share | None
    certificates: tuple[Certificate, ...]
    answer_certificates: tuple[AnswerCertificate, ...] = ()
    watch: WatchReference | None = None

    def is_fitted_on(self, group: str) -> bool:
        """Whether images of a patient were fitted on.

        Args:
            group: the patient's name, as the laboratory's table gives it.
        """
        return hash_group(self.laboratory, group) in self.group_hashes

    def told(self) -> str:
        """One line for a screen or a report."""
        of_whom = f"{self.n_groups} patients" if self.groups_known else "unnamed patients"
        return (
            f"Commissioned for {self.laboratory} on {self.created_utc[:10]} with "
            f"{self.n_images} images of {of_whom}"
        )


def hash_group(laboratory: str, group: str) -> str:
    """What stands in a bundle for a patient's name.

    Args:
        laboratory: that named the patient.
        group: the name.
    """
    return hashlib.sha256(f"{laboratory}\0{group}".encode()).hexdigest()[:16]
