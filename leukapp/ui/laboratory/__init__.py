"""Widgets of the page "Your laboratory"."""
