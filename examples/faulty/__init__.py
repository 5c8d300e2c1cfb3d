"""Plain NumPy with a fault that such code is known for. `isograd check FILE` says what is wrong, and exits with 1."""
