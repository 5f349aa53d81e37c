"""LeukApp: a second reader for acute leukemia on microscopic smear images. Research use only."""

__version__ = "0.1.0"
