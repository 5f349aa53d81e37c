"""Log lines as JSON objects: what happened to which image hash; no pixels, no file names."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Final

LOGGER_NAME: Final = "leukapp.events"


def log_event(event: str, **fields: str | float | bool | None) -> None:
    """Write one line to stderr.

    Args:
        event: what happened, one word.
        fields: hashes, numbers and words of this program; never a name or text from outside.
    """
    moment = datetime.now(UTC).isoformat(timespec="milliseconds")
    _logger().info(json.dumps({"time_utc": moment, "event": event, **fields}))


def _logger() -> logging.Logger:
    logger = logging.getLogger(LOGGER_NAME)
    if not logger.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(message)s"))
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False
    return logger
