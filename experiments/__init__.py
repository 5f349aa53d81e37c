"""Experiments on this project's own data; they use ``leukapp`` as anyone would."""
