"""Whole jobs built from the parts: train a bundle, judge it, gather its evidence."""
