"""A large batch in the store at once, as if it had been read; every image is a drawing."""

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
from sqlalchemy import bindparam, create_engine, update

from leukapp.imaging.synthetic import draw_synthetic_cell
from leukapp.labels import CLASS_NAMES
from leukapp.review.answer_keys import AnswerKeys
from leukapp.review.kept_images import keep_thumbnail, thumbnail_path
from leukapp.review.records import BatchRun, ItemState, RunState
from leukapp.review.store import ReviewStore
from leukapp.review.tables import ITEMS


@dataclass(frozen=True)
class SeededEntry:
    name: str
    source: str


def seed_large_batch(
    url: str, n: int, *, bundle_sha256: str, source: Callable[[int], str] = "{}.png".format
) -> BatchRun:
    """Make a batch of ``n`` images with answers of every kind and a thumbnail each."""
    store = ReviewStore.open(url)
    entries = [SeededEntry(f"cell {number}.png", source(number)) for number in range(n)]
    run = store.create_run(f"{n} drawings", entries, bundle_sha256)
    random = np.random.default_rng(0)
    keep_thumbnail(f"{0:064x}", draw_synthetic_cell("lymphoblast", seed=1))
    small = thumbnail_path(f"{0:064x}").read_bytes()
    rows = []
    for item in store.items(run.id):
        values = random.dirichlet((0.4, 0.4, 0.4))
        probabilities = {
            name: float(value) for name, value in zip(CLASS_NAMES, values, strict=True)
        }
        top = max(probabilities, key=probabilities.__getitem__)
        is_called = probabilities[top] > 0.6
        label = top if is_called else None
        reason = None if is_called else "The network is not sure enough."
        keys = AnswerKeys.of(label, no_call_reason=reason, probabilities=probabilities, quality=())
        rows.append(
            asdict(keys)
            | {
                "item": item.id,
                "image_sha256": f"{item.position:064x}",
                "state": ItemState.DONE.value,
                "label": label,
                "no_call_reason": reason,
                "confidence": probabilities[top],
                "probabilities": probabilities,
                "branch_probabilities": {"efficientnet_lite2": probabilities},
                "branches_agree": bool(random.random() < 0.8),
                "mode": "whole",
            }
        )
        path = thumbnail_path(f"{item.position:064x}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(small)
    engine = create_engine(url)
    with engine.begin() as connection:
        answered = update(ITEMS).where(ITEMS.c.id == bindparam("item"))
        connection.execute(answered, rows)
    engine.dispose()
    store.set_run_state(run.id, RunState.FINISHED)
    made = store.run(run.id)
    store.close()
    return made
