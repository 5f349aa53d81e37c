"""Commission a bundle for one laboratory: fit it there, and certify how rarely it errs."""
