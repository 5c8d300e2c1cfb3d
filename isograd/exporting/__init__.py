"""Standalone source of one model: what a reader runs, trains and changes without isograd."""
