"""Comparisons of engines: made, printed, drawn, kept in a folder."""
