"""How far verdicts can be trusted: a catalogue of planted faults, and what becomes of each; `trust.py` runs it."""
