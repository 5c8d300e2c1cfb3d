"""Somebody's own operations: planted faults, solutions of the exercises, words."""
