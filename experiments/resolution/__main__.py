"""Measure whether changed copies keep their answers: ``python -m experiments.resolution``."""

import argparse
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from experiments.resolution.agreement import Agreement, measure_agreement
from experiments.resolution.answers import answer_copies, copies_of, pair_of
from experiments.resolution.page import write_page
from leukapp.data.catalog import Sample
from leukapp.data.readers import read_catalog
from leukapp.diagnosis import Diagnoser

IMAGES_A_SOURCE: Final = 8
SMALL_PAIRS: Final = Path("smears/all_idb2_103px")
"""Below the folder of the data: cells of ALL-IDB2 at 103 px, named as those at 257 px."""

PAIRED_SOURCE: Final = "all_idb2"
SEED: Final = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolutionStudy:
    """What was compared, and how far it agrees.

    Attributes:
        bundle: name of the bundle.
        bundle_sha256: of its manifest.
        images_a_source: images of each source, all changes of each.
        agreements: of each source and change, with sums called ``all``.
    """

    bundle: str
    bundle_sha256: str
    images_a_source: int
    agreements: tuple[Agreement, ...]


def main() -> None:
    """Answer and compare; a run that was killed goes on where it stopped."""
    parser = argparse.ArgumentParser(prog="python -m experiments.resolution", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with samples.csv")
    parser.add_argument("--bundle", default="compact", help="name or folder of a bundle")
    parser.add_argument("--images", type=int, default=IMAGES_A_SOURCE, help="of each source")
    parser.add_argument("--pairs", type=int, default=260, help="cells at two pixel sizes, at most")
    parser.add_argument("--out", type=Path, default=Path("work/resolution"))
    arguments = parser.parse_args()
    diagnoser = Diagnoser.from_bundle(arguments.bundle)
    bundle = diagnoser.bundle
    catalog = read_catalog(arguments.data)
    samples = (*catalog.samples, *catalog.others)
    pairs = find_pairs(samples, arguments.data / SMALL_PAIRS)[: arguments.pairs]
    chosen = choose_samples(samples, arguments.images)
    print(f"{len(pairs)} pairs, {len(chosen)} images")
    kept = arguments.out / "answers.jsonl"
    paired = answer_copies(diagnoser, bundle.sha256, (pair_of(*pair) for pair in pairs), kept)
    changed = answer_copies(diagnoser, bundle.sha256, map(copies_of, chosen), kept)
    study = ResolutionStudy(
        bundle=bundle.name,
        bundle_sha256=bundle.sha256,
        images_a_source=arguments.images,
        agreements=(
            *(one for one in measure_agreement(paired) if "all" not in {one.source, one.change}),
            *measure_agreement(changed),
        ),
    )
    text = write_page(study.agreements, bundle.name, bundle.sha256)
    (arguments.out / "resolution.json").write_bytes(
        msgspec.json.format(msgspec.json.encode(study), indent=1)
    )
    (arguments.out / "resolution.md").write_text(text)
    print(text)


def choose_samples(samples: Sequence[Sample], n_a_source: int) -> list[Sample]:
    """The same images of each source in every run, drawn from all of its images.

    Args:
        samples: of all sources.
        n_a_source: images of each at most.
    """
    of_source = defaultdict(list)
    for sample in samples:
        of_source[sample.source].append(sample)
    rng = np.random.default_rng(SEED)
    chosen = []
    for source in sorted(of_source):
        found = of_source[source]
        chosen += [found[index] for index in rng.permutation(len(found))[:n_a_source]]
    return chosen


def find_pairs(samples: Sequence[Sample], small: Path) -> list[tuple[Sample, Path]]:
    """Cells that lie in a folder at fewer pixels, too, under the same name.

    Args:
        samples: of all sources.
        small: folder of the smaller ones; where there is none, there are no pairs.
    """
    files = {path.stem: path for path in sorted(small.glob("*"))}
    return [
        (sample, files[sample.path.stem])
        for sample in samples
        if sample.source == PAIRED_SOURCE and sample.path.stem in files
    ]


if __name__ == "__main__":
    main()
