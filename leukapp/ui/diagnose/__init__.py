"""Page "Diagnose": the two panes of one image, what is folded below them, and its address."""
