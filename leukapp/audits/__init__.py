"""Audits of anyone's images and of a bundle's explanations and refusals: numbers, no pixels."""
