"""Metrics, intervals, baselines and held-out sets."""
