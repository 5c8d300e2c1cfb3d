"""Data sets as batches, splits, standardisation: what is needed before training, in NumPy."""
