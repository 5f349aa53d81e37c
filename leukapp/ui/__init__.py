"""Widgets, figures and texts that the pages share."""
