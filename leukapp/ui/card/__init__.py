"""Widgets and figures of the page "Model card and audit"."""
