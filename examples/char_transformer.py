"""The next character by a small decoder-only transformer: causal attention over 64 characters, no state.

ISOGRAD_DATA=folder/with/text python examples/char_transformer.py --backend torch
"""

from __future__ import annotations

import isograd as ig
from isograd.cli import main
from isograd.experiments import ENGLISH, counting, parts_of, writing

STEPS, WIDTH, HEADS, BLOCKS = 64, 96, 4, 2


def load(seed: int, backend: str) -> ig.Prepared:
    return parts_of(ig.data.tiny_shakespeare(), lambda tokens: ig.Windows(tokens, length=STEPS))


def recipes(input_shape: tuple[int, ...]) -> dict[str, ig.Recipe]:
    blocks = [ig.TransformerDecoderBlock(HEADS, dropout=0.0) for _ in range(BLOCKS)]
    model = ig.Sequential(
        [
            ig.Embedding(len(ENGLISH), WIDTH),
            ig.PositionalEncoding(learned=True),
            *blocks,
            ig.LayerNorm(),
            ig.Linear(len(ENGLISH)),
        ],
        input_shape=input_shape,
    )
    transformer = ig.Recipe(
        model,
        ig.CrossEntropyLoss(dim=-1),
        ig.AdamW(2e-3),
        epochs=8,
        batch_size=32,
        schedule=ig.CosineDecay(per="step"),
        clip=ig.ClipNorm(1.0),
        baselines=counting,
    )
    return {"decoder": transformer}


EXPERIMENT = ig.Experiment(
    name="char_transformer",
    title="Tiny shakespeare, next character, decoder-only transformer",
    data={"shakespeare": load},
    recipes=recipes,
    metrics=(ig.Nats(dim=-1), ig.Bits(dim=-1), ig.Accuracy(dim=-1)),
    texts=writing(),
    note="The test part is the last 5 % of the text. n-grams are counted within windows of 64 characters.",
)

if __name__ == "__main__":
    main("train", __file__)
