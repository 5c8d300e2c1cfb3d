"""Originals and ports of them, written twice in different style, and what a comparison of the two says."""
