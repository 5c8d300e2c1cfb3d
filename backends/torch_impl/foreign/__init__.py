"""Modules that others wrote, run as they are: their own code and hooks, with isograd's weights, masks and names."""
