"""Frozen-feature cache and two-stage training."""
