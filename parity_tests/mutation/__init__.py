"""Faults of the kinds that a maintainer makes, planted one at a time; `mutants.py` is the command."""
