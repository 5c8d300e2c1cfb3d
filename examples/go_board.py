"""Go on 19 x 19: can whoever is to play capture something now? Shows that channels need not be colours.

Positions come from random legal games: python examples/go_board.py --backend torch
"""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np

import isograd as ig
from isograd.cli import main
from isograd.examples.go_rules import Board

SIZE, HISTORY = 19, 8
GAMES, MOVES = (500, 100, 160), range(36, 97, 6)  # in each part; after which moves the question is put


def planes(history: deque[list[int]], colour: int) -> Any:
    """17 planes: own stones now and 1 … 7 moves ago, the enemy's likewise, and whether black is to play."""
    boards = np.array(history, np.int8).reshape(HISTORY, SIZE, SIZE)[::-1]
    return np.concatenate([boards == colour, boards == -colour, np.full((1, SIZE, SIZE), colour == 1)])


def can_capture(board: Board) -> bool:
    """Whether an enemy chain has one liberty, where a legal move takes it."""
    enemies = [point for point, stone in enumerate(board.stones) if stone == -board.to_play]
    return any(len(free) == 1 and board.ko not in free for _, free in map(board.chain, enemies))


def positions(games: int, rng: np.random.Generator) -> ig.ArrayDataset:
    """The positions of some games that the question is put about, and its answer."""
    x, y = [], []
    for _ in range(games):
        board, history = Board(SIZE), deque([[0] * SIZE**2] * HISTORY, maxlen=HISTORY)
        for move in range(1, MOVES.stop):
            board.play_at_random(rng)
            history.append(list(board.stones))
            if move in MOVES:
                x.append(planes(history, board.to_play))
                y.append(can_capture(board))
    return ig.ArrayDataset(np.array(x, np.float32), np.array(y, np.int64))


def load(seed: int, backend: str) -> ig.Prepared:
    """No game is in two parts. Positions to train on are mirrored half of the time: the answer stays the same."""
    train, *rest = (positions(games, np.random.default_rng([seed, k])) for k, games in enumerate(GAMES))
    return ig.Prepared(ig.Splits(ig.Augmented(train, flip=True, seed=seed), *rest))


def recipes(input_shape: tuple[int, ...]) -> dict[str, ig.Recipe]:
    layers = [
        *(ig.Conv2d(24, 3, padding=1), ig.ReLU()),  # a BatchNorm2d here would leave a constant plane no gradient
        *(ig.Conv2d(24, 3, padding=1, bias=False), ig.BatchNorm2d(), ig.ReLU()),
        *(ig.AdaptiveMaxPool2d(1), ig.Flatten(), ig.Linear(2)),
    ]
    model, loss = ig.Sequential(layers, input_shape=input_shape), ig.CrossEntropyLoss()
    optimizer, falling = ig.Adam(0.005, eps=1e-4), ig.CosineDecay(per="step")
    return {"two convolutions": ig.Recipe(model, loss, optimizer, 6, 32, falling, baselines=baselines)}


def baselines(recipe: ig.Recipe, seed: int) -> dict[str, Any]:
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression

    return {"LogisticRegression": LogisticRegression(C=0.01), "RandomForest": RandomForestClassifier(random_state=seed)}


EXPERIMENT = ig.Experiment(
    name="go_board",
    title="Go on 19 x 19, can the player to move capture",
    data={"games": load},
    recipes=recipes,
    metrics=(ig.Accuracy(),),
    classes=("no", "yes"),
)

if __name__ == "__main__":
    main("train", __file__)
