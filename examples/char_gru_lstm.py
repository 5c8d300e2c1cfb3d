"""The next character by a mixed stack: an LSTM over a GRU, with dropout between them and gradients clipped.

ISOGRAD_DATA=folder/with/text python examples/char_gru_lstm.py --backend torch
"""

from __future__ import annotations

from typing import Any

import isograd as ig
from isograd.cli import main
from isograd.experiments import ENGLISH, counting, parts_of, writing

STEPS, ROWS = 50, 32


def streams(tokens: Any) -> ig.Streams:
    return ig.Streams(tokens, length=STEPS, rows=ROWS)


def network(input_shape: tuple[int, ...], hidden: int, dropout: float) -> ig.Model:
    """Characters and three states before them → what follows each, and the states after them."""
    characters, *states = ig.Input(input_shape), *(ig.Input((1, hidden)) for _ in range(3))
    g0, h0, c0 = states
    seq, g = ig.GRU(hidden)(ig.OneHot(len(ENGLISH))(characters), g0)
    seq, (h, c) = ig.LSTM(hidden)(ig.Dropout(dropout)(seq), (h0, c0))
    logits = ig.Linear(len(ENGLISH))(ig.Dropout(dropout)(seq))
    return ig.Model(inputs=(characters, *states), outputs=(logits, g, h, c))


def recipes(input_shape: tuple[int, ...]) -> dict[str, ig.Recipe]:
    mixed = ig.Recipe(
        network(input_shape, hidden=192, dropout=0.1),
        (ig.CrossEntropyLoss(dim=-1), None, None, None),
        ig.Adam(4e-3),
        epochs=4,
        batch_size=ROWS,
        schedule=ig.CosineDecay(per="step"),
        clip=ig.ClipNorm(1.0),
        carry="detached",
        baselines=counting,
    )
    return {"GRU, LSTM": mixed}


EXPERIMENT = ig.Experiment(
    name="char_gru_lstm",
    title="Next character, LSTM over GRU",
    data={"shakespeare": lambda seed, backend: parts_of(ig.data.tiny_shakespeare(), streams)},
    recipes=recipes,
    metrics=(ig.Nats(dim=-1), ig.Bits(dim=-1), ig.Accuracy(dim=-1)),
    texts=writing(),
    note="The test part is the last 5 % of the text. n-grams are counted within windows; the networks read on.",
)

if __name__ == "__main__":
    main("train", __file__)
