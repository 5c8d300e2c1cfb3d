"""Where whoever draws the progress of fits is registered: core itself draws nothing."""

from __future__ import annotations

from collections.abc import Callable

from isograd.core.training.watching import Watcher

Artist = Callable[[bool | None], Watcher | None]
"""What a fit was asked for (progress=True, False, or None: where someone is watching) ↦ what draws it, or None."""
_artists: list[Artist] = []


def drawn_by(artist: Artist) -> None:
    """Let `artist` draw the progress of every fit from now on, in place of whoever did before."""
    _artists[:] = [artist]


def drawing(progress: bool | None) -> list[Watcher]:
    """What draws a fit that was asked for this progress: one watcher, or none."""
    return [watcher for artist in _artists if (watcher := artist(progress)) is not None]
