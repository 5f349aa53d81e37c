"""Accept a commissioned bundle, or take it back: an admin's act, in the audit trail."""

from datetime import UTC, datetime
from pathlib import Path

from leukapp.commissioning.outcomes import write_outcomes
from leukapp.errors import AccessError, LeukappError, StoreError
from leukapp.model.bundle import open_bundle
from leukapp.resources import bundle_dir, sites_dir
from leukapp.review.audit_trail import BUNDLE_ACCEPTED, BUNDLE_WITHDRAWN
from leukapp.review.store import ReviewStore
from leukapp.ui.access import reader_now
from leukapp.ui.default_bundle import (
    read_default_bundle,
    read_previous_bundle,
    write_default_bundle,
)
from leukapp.ui.laboratory.jobs import KeptJob, discard
from leukapp.ui.texts import laboratory as texts


def require_admin() -> str | None:
    """Mail address of the admin in front of the page, or None where nobody signs in.

    Raises:
        AccessError: the reader is no admin.
    """
    reader = reader_now()
    if "admin" not in reader.roles:
        raise AccessError(texts.ADMIN_ONLY)
    return reader.email


def accept(kept: KeptJob, store: ReviewStore) -> Path:
    """Make a finished bundle everyone's default.

    It is in the audit trail before anybody is answered by it: where that fails, nothing changes.

    Args:
        kept: whose bundle is accepted; its images are removed.
        store: with the audit trail.

    Returns:
        Where the bundle lies from now on.

    Raises:
        LeukappError: the reader is no admin, or somebody else was first.
    """
    user = require_admin()
    waiting = kept.bundle
    if waiting is None:
        raise LeukappError(texts.GONE)
    bundle = open_bundle(waiting)
    before = read_default_bundle() or bundle_dir()
    parent = bundle.commission.parent_sha256 if bundle.commission else ""
    outcomes = kept.outcomes
    day = datetime.now(UTC).strftime("%Y%m%d")
    place = sites_dir() / f"site-{day}-{bundle.sha256[:8]}"
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        # Of two admins one moves it; nobody answers by it before the trail tells so.
        waiting.rename(place)
    except OSError as error:
        raise LeukappError(texts.GONE) from error
    try:
        detail = {"parent_sha256": parent}
        store.record_bundle_change(BUNDLE_ACCEPTED, bundle.sha256, detail, user=user)
    except StoreError:
        place.rename(waiting)
        raise
    if outcomes:
        write_outcomes(outcomes_file(place), outcomes)
    write_default_bundle(place, previous=before)
    discard(kept)
    return place


def outcomes_file(bundle: Path) -> Path:
    """Where the list of a bundle's images lies, by name: beside the bundle, not in it.

    Args:
        bundle: folder of a commissioned bundle.
    """
    return bundle.with_name(f"{bundle.name}-images.csv")


def take_back(store: ReviewStore) -> None:
    """Make the bundle everyone's default again that was it before the last one was accepted.

    Args:
        store: with the audit trail.

    Raises:
        LeukappError: the reader is no admin, or nothing was accepted.
    """
    user = require_admin()
    before, now = read_previous_bundle(), read_default_bundle()
    if before is None or now is None:
        raise LeukappError(texts.GONE)
    store.record_bundle_change(BUNDLE_WITHDRAWN, open_bundle(before).sha256, {}, user=user)
    write_default_bundle(before)
