"""The rules of Go that a random player needs: captures, no suicide, no taking back of a single stone (simple ko).

python examples/go_rules.py          plays 120 random moves on 9 x 9 and prints the board
"""

from __future__ import annotations

from contextlib import suppress
from functools import cache

import numpy as np

BLACK, WHITE, EMPTY = 1, -1, 0


class IllegalMove(Exception):
    """A move that the rules forbid; the board is as it was."""


@cache
def neighbours(size: int) -> list[list[int]]:
    """The points beside each point; point k stands in row k // size, column k % size."""
    grid = np.pad(np.arange(size**2).reshape(size, size), 1, constant_values=-1)
    beside = np.stack([grid[:-2, 1:-1], grid[2:, 1:-1], grid[1:-1, :-2], grid[1:-1, 2:]], axis=-1)
    return [[k for k in four if k >= 0] for four in beside.reshape(-1, 4).tolist()]


class Board:
    """A position: `stones[k]` is BLACK, WHITE or EMPTY, `to_play` a colour, `ko` the point forbidden now."""

    def __init__(self, size: int = 19) -> None:
        self.size, self.stones, self.to_play, self.ko = size, [EMPTY] * size**2, BLACK, -1

    def chain(self, point: int) -> tuple[set[int], set[int]]:
        """(stones connected with the one at `point`, their liberties)"""
        colour, chain, liberties, waiting = self.stones[point], {point}, set[int](), [point]
        while waiting:
            for near in neighbours(self.size)[waiting.pop()]:
                if self.stones[near] == EMPTY:
                    liberties.add(near)
                elif self.stones[near] == colour and near not in chain:
                    chain.add(near)
                    waiting.append(near)
        return chain, liberties

    def play(self, point: int) -> set[int]:
        """Put a stone there, take what it captures, pass the turn; returns the points captured."""
        if self.stones[point] != EMPTY or point == self.ko:
            raise IllegalMove("ko" if point == self.ko else "occupied")
        self.stones[point] = self.to_play
        enemies = [near for near in neighbours(self.size)[point] if self.stones[near] == -self.to_play]
        captured = set[int]().union(*(chain for chain, liberties in map(self.chain, enemies) if not liberties))
        for taken in captured:
            self.stones[taken] = EMPTY
        chain, liberties = self.chain(point)
        if not liberties:
            self.stones[point] = EMPTY
            raise IllegalMove("suicide")
        lone = len(captured) == len(chain) == len(liberties) == 1
        self.to_play, self.ko = -self.to_play, next(iter(captured)) if lone else -1
        return captured

    def play_at_random(self, rng: np.random.Generator) -> None:
        """A legal move drawn uniformly; none where there is none."""
        for point in rng.permutation(np.flatnonzero(np.equal(self.stones, EMPTY))).tolist():
            with suppress(IllegalMove):
                self.play(point)
                return
        self.to_play, self.ko = -self.to_play, -1

    def __str__(self) -> str:
        return "\n".join(" ".join("·●○"[stone] for stone in row) for row in np.reshape(self.stones, (self.size, -1)))


if __name__ == "__main__":
    board, rng = Board(9), np.random.default_rng(0)
    for _ in range(120):
        board.play_at_random(rng)
    print(board)
