"""Catalogs of samples, readers of data-set layouts, D4 augmentation and splits."""
