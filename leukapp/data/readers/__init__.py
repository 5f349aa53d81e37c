"""Readers of data sets, one file a layout; ``read_catalog`` chooses among them."""

from leukapp.data.readers.detect import detect_layout, read_catalog

__all__ = ["detect_layout", "read_catalog"]
