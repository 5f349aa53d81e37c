"""The paper's tables made again: its protocol, which leaks, and the grouped one, side by side."""
