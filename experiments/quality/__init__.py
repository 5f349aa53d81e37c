"""Set the limits of the quality check on every laboratory, and judge them on those left out."""
