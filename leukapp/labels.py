"""The three answers of the network, in the one order used everywhere."""

from typing import Final

ALL: Final = "ALL"
AML: Final = "AML"
HEALTHY: Final = "Healthy"

CLASS_NAMES: Final = (ALL, AML, HEALTHY)
"""Class order of every probability vector and confusion matrix; never from a folder listing."""
