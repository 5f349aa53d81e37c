"""Accept a commissioned bundle, or take it back: an admin's act, in the audit trail."""

from datetime import UTC, datetime
from pathlib import Path

from leukapp.errors import AccessError, LeukappError
from leukapp.model.bundle import open_bundle
from leukapp.resources import bundle_dir, sites_dir
from leukapp.review.audit_trail import BUNDLE_ACCEPTED, BUNDLE_TAKEN_BACK
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

    It is written into the audit trail first: where that fails, nothing changes.

    Args:
        kept: whose bundle is accepted; its images are removed.
        store: with the audit trail.

    Returns:
        Where the bundle lies from now on.

    Raises:
        LeukappError: the reader is no admin, or somebody else was first.
    """
    user = require_admin()
    if kept.bundle is None:
        raise LeukappError(texts.GONE)
    bundle = open_bundle(kept.bundle)
    before = read_default_bundle() or bundle_dir()
    parent = bundle.commission.parent_sha256 if bundle.commission else ""
    store.record_bundle_change(BUNDLE_ACCEPTED, bundle.sha256, {"parent_sha256": parent}, user=user)
    day = datetime.now(UTC).strftime("%Y%m%d")
    place = sites_dir() / f"site-{day}-{bundle.sha256[:8]}"
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        kept.bundle.rename(place)
    except OSError as error:
        raise LeukappError(texts.GONE) from error
    write_default_bundle(place, previous=before)
    discard(kept)
    return place


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
    store.record_bundle_change(BUNDLE_TAKEN_BACK, open_bundle(before).sha256, {}, user=user)
    write_default_bundle(before)
