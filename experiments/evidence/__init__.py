"""The evidence of the shipped bundle on this project's own collection, against its targets."""
