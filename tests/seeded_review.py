"""A batch of drawings in a review folder, with answers as if it had been read."""

import hashlib
from dataclasses import replace
from pathlib import Path

from fake_diagnoser import make_diagnosis
from PIL import Image

from leukapp.imaging.synthetic import draw_synthetic_cell
from leukapp.review.records import BatchRun, RunState
from leukapp.review.store import ReviewStore
from leukapp.review.uploads import BatchEntry

KINDS = ("lymphoblast", "myeloblast", "neutrophil", "lymphocyte")
LABELS = ("ALL", "AML", "Healthy", None)
UNSURE = "The network is not sure enough."


def seed_review(store: ReviewStore, root: Path, n: int, *, n_drawings: int = 8) -> BatchRun:
    """Make a batch of ``n`` images of every verdict in turn; ``n_drawings`` of them differ."""
    root.mkdir(parents=True, exist_ok=True)
    entries = [BatchEntry(name=f"cell {i}.png", source=f"{i}.png") for i in range(n)]
    drawings = []
    for seed in range(n_drawings):
        path = root / f"{seed}.png"
        Image.fromarray(draw_synthetic_cell(KINDS[seed % len(KINDS)], seed=seed)).save(path)
        drawings.append(path.read_bytes())
    run = store.create_run("Drawn slides", entries, "ab" * 32, root=root)
    for item in store.items(run.id):
        # A PNG may carry more behind its end; so each file has a hash of its own.
        data = drawings[item.position % n_drawings] + b"%d" % item.position
        (root / item.source).write_bytes(data)
        diagnosis = make_diagnosis(data, label=LABELS[item.position % len(LABELS)])
        if item.position % (2 * len(LABELS)) == len(LABELS) - 1:
            plain = replace(diagnosis.quality, findings=())
            diagnosis = replace(diagnosis, no_call_reason=UNSURE, quality=plain)
        digest = hashlib.sha256(data).hexdigest()
        store.save_answer(item, replace(diagnosis, image_sha256=digest), user=None)
    store.set_run_state(run.id, RunState.FINISHED)
    return store.run(run.id)
