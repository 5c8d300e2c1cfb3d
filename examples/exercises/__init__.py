"""Exercises: a file each, with what is to be computed and empty bodies. `isograd check FILE` says what is right."""
