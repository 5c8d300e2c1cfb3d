"""Modules of other packages, imported and compared with themselves."""
