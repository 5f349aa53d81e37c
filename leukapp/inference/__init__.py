"""Engines, Grad-CAM and the gate."""
