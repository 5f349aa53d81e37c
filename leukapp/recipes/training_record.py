"""What a bundle says of its training: groups, sources, seed, library versions, image hashes."""

import platform
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version

from leukapp.data.catalog import Sample
from leukapp.data.fingerprints import Fingerprints
from leukapp.imaging.image_io import read_image
from leukapp.model.manifest import TrainingRecord
from leukapp.recipes.preparation import SampleSplit

LIBRARIES = ("keras", "numpy", "openvino", "scikit-learn")


def record_training(
    samples: Sequence[Sample],
    split: SampleSplit,
    *,
    catalog_sha256: str,
    protocol: str,
    seed: int,
) -> TrainingRecord:
    """Record a training as its bundle's manifest holds it.

    Args:
        samples: images that were split.
        split: of the samples.
        catalog_sha256: hash of the data, with the images that were kept for judging alone.
        protocol: ``grouped`` or ``paper``.
        seed: of everything random.
    """
    counts = Counter((samples[i].source, samples[i].label) for i in split.train)

    def groups(part: tuple[int, ...]) -> tuple[str, ...]:
        return tuple(sorted({samples[i].group for i in part}))

    return TrainingRecord(
        protocol=protocol,
        seed=seed,
        catalog_sha256=catalog_sha256,
        sources={
            source: {label: n for (of, label), n in sorted(counts.items()) if of == source}
            for source in sorted({source for source, _ in counts})
        },
        train_groups=groups(split.train),
        validation_groups=groups(split.validation),
        test_groups=groups(split.test),
        created_utc=datetime.now(UTC).isoformat(timespec="seconds"),
        library_versions={
            "python": platform.python_version(),
            **{name: version(name) for name in LIBRARIES},
        },
    )


def hash_training_images(samples: Sequence[Sample], split: SampleSplit) -> Fingerprints:
    """Hashes of every image that the training or its limits saw.

    Args:
        samples: images that were split.
        split: of the samples.
    """
    seen = sorted({*split.train, *split.validation})
    return Fingerprints.of(read_image(samples[i].path) for i in seen)
