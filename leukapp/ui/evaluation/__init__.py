"""Widgets and figures of the page "Evaluation"."""
