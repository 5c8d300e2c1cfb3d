"""The next character of a text by an LSTM that carries its state along 32 parallel streams.

--data book: the text of the book (Weidman 2019), not tiny shakespeare; --data replay: its batches and settings too.

    ISOGRAD_DATA=folder/with/text python examples/char_lstm.py --backend torch
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import isograd as ig
from isograd.cli import main
from isograd.experiments import ENGLISH, counting, parts_of, writing

STEPS, ROWS, BOOK_STEPS = 50, 32, 25


def loader(read: Callable[[], str], samples: Callable[[Any], Any]) -> Callable[[int, str], ig.Prepared]:
    return lambda seed, backend: parts_of(read(), samples)


def streams(tokens: Any) -> ig.Streams:
    """Row b of a batch goes on where row b of the batch before ended."""
    return ig.Streams(tokens, length=STEPS, rows=ROWS)


def overlapping(tokens: Any) -> ig.Windows:
    """The book: the rows of a batch start one character after each other, and every row gets their average state."""
    return ig.Windows(tokens, length=BOOK_STEPS, stride=1)


def network(input_shape: tuple[int, ...], hidden: int, dropout: float, law: Any = None) -> ig.Model:
    """Characters and the state before them → what follows each, and the state after them."""
    own: dict[str, Any] = {} if law is None else {"weight_init": law, "bias_init": law}
    recurrent: dict[str, Any] = {} if law is None else {"recurrent_init": law}
    characters, h0, c0 = ig.Input(input_shape), ig.Input((1, hidden)), ig.Input((1, hidden))
    seq, (h, c) = ig.LSTM(hidden, **own, **recurrent)(ig.OneHot(len(ENGLISH))(characters), (h0, c0))
    seq = ig.Dropout(dropout)(seq) if dropout else seq
    return ig.Model(inputs=(characters, h0, c0), outputs=(ig.Linear(len(ENGLISH), **own)(seq), h, c))


def recipes(input_shape: tuple[int, ...]) -> dict[str, ig.Recipe]:
    if input_shape == (BOOK_STEPS,):
        summed = 32 * BOOK_STEPS  # terms of the book's loss, which is not divided by them: its bounds on gradients are
        book = ig.Recipe(
            network(input_shape, 256, 0.0, ig.init.Normal(std=0.01)),
            (ig.CrossEntropyLoss(dim=-1), None, None),
            ig.Adagrad(0.01, eps=1e-7 / summed),
            epochs=1,
            batch_size=32,
            clip=ig.ClipValue(2 / summed),
            carry="mean",
        )
        return {"the book's": book}
    ours = ig.Recipe(
        network(input_shape, 256, 0.2),
        (ig.CrossEntropyLoss(dim=-1), None, None),
        ig.Adam(4e-3),
        epochs=5,
        batch_size=ROWS,
        schedule=ig.CosineDecay(per="step"),
        clip=ig.ClipNorm(1.0),
        carry="detached",
        baselines=counting,
    )
    return {"LSTM": ours}


EXPERIMENT = ig.Experiment(
    name="char_lstm",
    title="Next character, LSTM",
    data={
        "shakespeare": loader(ig.data.tiny_shakespeare, streams),
        "book": loader(ig.data.book_text, streams),
        "replay": loader(ig.data.book_text, overlapping),
    },
    recipes=recipes,
    metrics=(ig.Nats(dim=-1), ig.Bits(dim=-1), ig.Accuracy(dim=-1)),
    texts=writing(),
    note="The test part is the last 5 % of the text. n-grams are counted within windows; the LSTM reads on.",
)

if __name__ == "__main__":
    main("train", __file__)
