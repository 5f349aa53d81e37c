"""Take a batch off the server: its rows, its uploaded images, its thumbnails.

Which files are to go is noted in the transaction that removes the rows, and the note stays for a
while: a process that is killed in between, or a runner that writes one more thumbnail, leaves
nothing behind once the server starts again or another batch is removed.
"""

import time
from typing import Final

from leukapp.review.batch_rows import THUMBNAIL
from leukapp.review.kept_images import discard_upload, forget_thumbnail
from leukapp.review.store import ReviewStore
from leukapp.structured_log import log_event

NOTED_SECONDS: Final = 3600.0


def remove_batch(store: ReviewStore, run_id: int, *, user: str | None = None) -> None:
    """Remove a batch, its uploaded images and its thumbnails; decisions and the trail stay.

    Args:
        store: keeps the batch.
        run_id: of the batch.
        user: mail address of who removes it, or None.

    Raises:
        StoreError: the store cannot be written; then the images stay, too.
    """
    store.forget_run(run_id, user=user)
    sweep_removed(store)


def sweep_removed(store: ReviewStore) -> None:
    """Delete the files of batches that were removed.

    Args:
        store: notes them.

    Raises:
        StoreError: the store cannot be read or written.
    """
    gone = []
    for removal in store.removals():
        try:
            if removal.kind == THUMBNAIL:
                forget_thumbnail(removal.name)
            else:
                discard_upload(removal.name)
        except (OSError, ValueError):
            log_event("removed_file_stays", kind=removal.kind)
            continue
        if time.time() - removal.removed_at > NOTED_SECONDS:
            gone.append(removal.id)
    store.forget_removals(gone)
    store.overwrite_removed()
