"""Texts of the page "Status"."""

from typing import Final

LEAD: Final = "For administrators: what this server does now, and whether its records are safe."

NOW: Final = "Now"
NETWORKS: Final = "Networks"
QUEUE: Final = "In line for the networks: **{n}**"
BUNDLE_LINE: Final = "Answering: **{name}** ({classes})"
WORKER: Final = "Batches"
WORKER_IDLE: Final = "No batch is being read."
WORKER_READS: Final = "Reading batch **{number}**, {speed}"
WORKER_LINE: Final = "Batches in line behind it: **{n}**"
RATE: Final = "{rate:.1f} images a second"
RATE_UNKNOWN: Final = "rate not known yet"

STORE: Final = "Review store"
STORE_FILE: Final = "One file of **{megabytes:,.1f} MB**"
STORE_SERVER: Final = "On a database server, whose own tools say its size and copy it."
TRAIL_ROWS: Final = "Rows of the audit trail: **{n:,}**"
STORE_DISK: Final = "Disk of the store"
IMAGES_DISK: Final = "Disk of the kept images"
ROOM: Final = "{title}: **{free:,.1f} GB** free of {total:,.1f} GB"
NO_BACKUP: Final = (
    "No backup of this store is known on this machine: `leukapp backup FILE` makes one."
)
BACKUP: Final = "Last backup: **{moment}**, {n:,} rows of the audit trail"
NO_VERIFY: Final = "The audit trail was never checked on this machine."
VERIFY: Final = "Audit trail last checked: **{moment}**, {n:,} rows, whole"
VERIFY_FAULTS: Final = (
    "Audit trail last checked {moment}: it is NOT whole, faults found: {n}. `leukapp verify` names "
    "them."
)
VERIFY_NOW: Final = "Check the audit trail now"

SIGN_IN: Final = "Sign-in"
SIGN_IN_OFF: Final = "Sign-in is not set up: everyone who reaches this server is an administrator."
REFUSALS: Final = "Refused since this server began: **{n}**"

VERSIONS: Final = "Versions"
