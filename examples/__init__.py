"""One runnable experiment a file: `python examples/digits_mlp.py`, or `isograd compare digits_mlp`."""
