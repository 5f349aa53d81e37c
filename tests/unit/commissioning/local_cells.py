"""Features of a laboratory that is shifted against a small network's training."""

import numpy as np
from networks import lively_stack

from leukapp.commissioning.fitting import Parent
from leukapp.commissioning.local_images import LocalImages
from leukapp.inference.fit_decision import fit_gate
from leukapp.model.fusion import BranchHead, Heads, zero_stack
from leukapp.model.manifest import Thresholds

NAMES = ("ALL", "AML", "Healthy")
CHANNELS = (12, 8)


def make_parent(seed=0):
    rng = np.random.default_rng(seed)
    branches = tuple(
        BranchHead(
            imagenet_top=(),
            embed=lively_stack(zero_stack((n, 16), ("relu",)), rng),
            classify=lively_stack(zero_stack((16, 3), ("linear",)), rng),
        )
        for n in CHANNELS
    )
    fusion = lively_stack(zero_stack((32, 10, 3), ("sigmoid", "linear")), rng)
    return Parent(
        heads=Heads(branches=branches, fusion=fusion, late_fusion=2 / 3),
        gate=fit_gate(rng.normal(0, 1, (300, sum(CHANNELS))).astype(np.float32), seed=0),
        thresholds=Thresholds(
            temperature=1.5,
            min_confidence=0.9,
            max_feature_distance=1.4,
            false_reject_fraction=0.02,
        ),
    )


def make_images(labels, seed=0, *, distance=2.0, a_group=1):
    """One cell an image; health and leukemia lie apart along one direction that the seed sets."""
    labels = np.asarray(labels, np.int64)
    rng = np.random.default_rng(seed)
    joined = rng.normal(0, 1, (len(labels), sum(CHANNELS)))
    joined[:, 0] += distance * np.where(labels == 2, 1, -1)
    parts = np.split(joined.astype(np.float32), np.cumsum(CHANNELS)[:-1], axis=1)
    return LocalImages(
        class_names=NAMES,
        pooled=tuple(parts),
        of_image=np.arange(len(labels)),
        labels=labels,
        groups=np.array([f"p{i // a_group}" for i in range(len(labels))]),
        is_blocked=np.zeros(len(labels), np.bool_),
    )
