"""The rules of Go that a random player needs: captures, no suicide, no taking back of a single stone (simple ko).

python examples/go_rules.py          plays 120 random moves on 9 x 9 and prints the board
"""

from __future__ import annotations

from functools import cache

import numpy as np

BLACK, WHITE, EMPTY = 1, -1, 0


class IllegalMove(Exception):
    """A move that the rules forbid; the board is as it was."""


@cache
def neighbours(size: int) -> list[list[int]]:
    """The points beside each point; point k stands in row k // size, column k % size."""
    around = [(-1, 0), (1, 0), (0, -1), (0, 1)]
    inside = range(size)
    return [
        [(r + a) * size + c + b for a, b in around if r + a in inside and c + b in inside]
        for r in inside
        for c in inside
    ]


class Board:
    """A position: `stones[k]` is BLACK, WHITE or EMPTY, `to_play` a colour, `ko` the point forbidden now."""

    def __init__(self, size: int = 19) -> None:
        self.size, self.stones = size, [EMPTY] * size**2
        self.to_play, self.ko = BLACK, -1

    def chain(self, point: int) -> tuple[set[int], set[int]]:
        """(stones connected with the one at `point`, their liberties)"""
        colour, beside = self.stones[point], neighbours(self.size)
        chain, liberties, waiting = {point}, set[int](), [point]
        while waiting:
            for near in beside[waiting.pop()]:
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
        self.ko = next(iter(captured)) if lone else -1
        self.to_play = -self.to_play
        return captured

    def play_at_random(self, rng: np.random.Generator) -> None:
        """A legal move drawn uniformly; none where there is none."""
        empty = [point for point, stone in enumerate(self.stones) if stone == EMPTY]
        for point in rng.permutation(empty).tolist():
            try:
                self.play(point)
                return
            except IllegalMove:
                pass
        self.to_play, self.ko = -self.to_play, -1

    def __str__(self) -> str:
        signs = np.array(["○", "·", "●"])[np.array(self.stones).reshape(self.size, self.size) + 1]
        return "\n".join(" ".join(row) for row in signs)


if __name__ == "__main__":
    board, rng = Board(9), np.random.default_rng(0)
    for _ in range(120):
        board.play_at_random(rng)
    print(board)
