"""Presets, branches, the fusion head and trained bundles."""
