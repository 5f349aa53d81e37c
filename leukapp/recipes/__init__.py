"""Whole jobs built from the parts: train a bundle, judge it, reproduce the paper."""
