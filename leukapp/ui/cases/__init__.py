"""Cases: images of one patient's sample, found by name, on one screen and one report."""
