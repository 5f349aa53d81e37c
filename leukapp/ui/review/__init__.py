"""Widgets of reviewing: the decision box, batches and their worklist."""
