"""Engines of third parties, installed as a user would: a module, and a distribution that declares its entry points."""

from __future__ import annotations

from pathlib import Path

MODULE = '''
from isograd.backends.numpy_impl import NumpyBackend


class Mine(NumpyBackend):
    def __init__(self):
        super().__init__(name="mine", title="Mine")


class Untitled(NumpyBackend):
    def __init__(self):
        super().__init__(name="untitled")
        del self.title


class Wrong(NumpyBackend):
    """Forgets a factor on the way back."""

    def __init__(self):
        super().__init__(name="wrong", title="Wrong")

    def build(self, *given, **options):
        net = super().build(*given, **options)
        backward = net.backward

        def doubled(*dys):
            dx, grads = backward(*dys)
            return 2 * dx, grads

        net.backward = doubled
        return net
'''
DECLARED = """[isograd.backends]
mine = isograd_mine:Mine
untitled = isograd_mine:Untitled
wrong = isograd_mine:Wrong
"""


def install(folder: Path) -> Path:
    """Write the engines "mine", "untitled" and "wrong" into a folder; on `sys.path` they are found."""
    (folder / "isograd_mine.py").write_text(MODULE)
    described = folder / "isograd_mine-1.0.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: isograd-mine\nVersion: 1.0\n")
    (described / "entry_points.txt").write_text(DECLARED)
    return folder
