"""Train a cell backbone on the single cells of many laboratories, or of some of them."""
