"""Are the images that come in like those of the commissioning? A test that may be asked each time.

If both come from one source in any order, the rank of each new score among all before it is evenly
distributed, whatever was before. A bet against that multiplies a capital of 1; that it ever reaches
1 / alpha has a probability of at most alpha, however many images come (Ville's inequality).

Source: Vovk et al., Retrain or not retrain: conformal test martingales for change-point detection,
2021 (the Simple Jumper).
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from leukapp.inference.watch_scores import WatchedImage
from leukapp.model.commission_record import WatchReference

FALSE_ALARM_RATE: Final = 0.01
"""Of a commissioned bundle in all its life, if images stay as they were."""

DriftKind: TypeAlias = Literal["distance", "stain", "scale"]
KINDS: Final[tuple[DriftKind, ...]] = get_args(DriftKind)
ALARM_CAPITAL: Final = len(KINDS) / FALSE_ALARM_RATE

STEPS: Final = {"distance": 0.001, "stain": 0.001, "scale": 0.25}
"""Scores are told apart by so much: distances, stain scores, pixels."""
N_STEPS: Final = 2048

BETS: Final = np.array([-1.0, 0.0, 1.0])
"""On small ranks, on none, on large ones."""
JUMP: Final = 0.01
"""Share of the capital that is dealt anew over the bets before each image."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """Images differ from those of the commissioning in one thing.

    Attributes:
        kind: what it is.
        found_at: when the image came that settled it, ISO 8601.
        n_images: that had come by then.
    """

    kind: DriftKind
    found_at: str
    n_images: int


class DriftWatch:
    """The test of one commissioned bundle; images are taken in the order in which they came."""

    def __init__(self, reference: WatchReference) -> None:
        self._tests = {kind: _RankTest(getattr(reference, kind), STEPS[kind]) for kind in KINDS}
        self._drifts: dict[DriftKind, Drift] = {}
        self._n_images, self._last_number = 0, 0

    @property
    def n_images(self) -> int:
        """Images that were compared."""
        return self._n_images

    @property
    def last_number(self) -> int:
        """Number of the last image that was taken; 0 before the first."""
        return self._last_number

    @property
    def drifts(self) -> tuple[Drift, ...]:
        """What was found, the first first; a drift stays until the bundle is another one."""
        return tuple(sorted(self._drifts.values(), key=lambda drift: drift.n_images))

    def take(self, images: Iterable[WatchedImage]) -> None:
        """Compare further images.

        Args:
            images: in the order of their numbers, after those that were taken.
        """
        for image in images:
            self._n_images += 1
            self._last_number = image.number
            for kind, test in self._tests.items():
                score = getattr(image.scores, kind)
                # A quarter of a commissioning without scale, say, gives nothing to compare with.
                if score is None or kind in self._drifts or not test.has_reference:
                    continue
                if test.bet(score, _even_draw(image.image_sha256, kind)) >= ALARM_CAPITAL:
                    self._drifts[kind] = Drift(
                        kind=kind, found_at=image.seen_at, n_images=self._n_images
                    )


class _RankTest:
    """Ranks of scores among all before, and the capital of betting against their evenness."""

    def __init__(self, reference: Iterable[float], step: float) -> None:
        self._step = step
        self._counts: NDArray[np.int64] = np.zeros(N_STEPS, np.int64)
        for score in reference:
            self._counts[self._place(score)] += 1
        self.has_reference = bool(self._counts.any())
        self._shares = np.full(len(BETS), 1 / len(BETS))

    def bet(self, score: float, draw: float) -> float:
        """Take a score and give the capital after it; ``draw``, 0-1, decides among equals."""
        place = self._place(score)
        self._counts[place] += 1
        n_greater = int(self._counts[place + 1 :].sum())
        rank = (n_greater + draw * int(self._counts[place])) / int(self._counts.sum())
        capital = self._shares.sum()
        dealt = (1 - JUMP) * self._shares + JUMP * capital / len(BETS)
        self._shares = dealt * (1 + BETS * (rank - 0.5))
        return float(self._shares.sum())

    def _place(self, score: float) -> int:
        return min(N_STEPS - 1, max(0, int(score / self._step)))


def _even_draw(image_sha256: str, kind: str) -> float:
    """A number between 0 and 1 that is the same whoever asks, and knows nothing of the score."""
    digest = hashlib.sha256(f"{image_sha256}\0{kind}".encode()).digest()
    return int.from_bytes(digest[:7], "big") / 2**56
