"""What a user reads when a fit, or a state_dict, cannot be: word for word, with nothing changed by it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from message_helpers import BOTH, VALUES, X, memory, raised, spoilt, trained

import isograd as ig

MESSAGES: dict[str, tuple[Callable[[Any], Any], str]] = {
    "NaN in x": (
        lambda t: t.fit((spoilt(X, (3, slice(1, 3)), np.nan), VALUES), batch_size=2),
        """DataError: train data: x[3, 1]
  wanted finite numbers
  got    nan
  fix    drop or fill the 2 entries; no weight was changed""",
    ),
    "infinity in y": (
        lambda t: t.fit((X, spoilt(VALUES, (5, 2), np.inf)), batch_size=2),
        """DataError: train data: y[5, 2]
  wanted finite numbers
  got    inf
  fix    drop or fill the 1 entries; no weight was changed""",
    ),
    "NaN in validation": (
        lambda t: t.fit((X, VALUES), validation=(X * np.nan, VALUES)),
        """DataError: validation data: x[0, 0]
  wanted finite numbers
  got    nan
  fix    drop or fill the 30 entries; no weight was changed""",
    ),
    "validation of another shape": (
        lambda t: t.fit((X, VALUES), validation=(X[:, :2], VALUES)),
        """ShapeError: input 0
  wanted (N, 5) with N ≥ 1
  got    (6, 2)
  fix    batch first; for one sample, x[None]""",
    ),
    "a word for shuffle": (
        lambda t: t.fit((X, VALUES), shuffle=0),
        """SpecError: fit(shuffle=0)
  wanted True, False or None
  got    0
  fix    shuffle=False""",
    ),
    "True for a number": (
        lambda t: t.fit((X, VALUES), epochs=True),
        """SpecError: fit(epochs=True)
  wanted 1 or more
  got    True
  fix    epochs=1""",
    ),
    "a callback by itself": (
        lambda t: t.fit((X, VALUES), callbacks=3),
        """SpecError: fit(callbacks=…)
  wanted instances of ig.Callback in a list
  got    3
  fix    callbacks=[MyCallback()]""",
    ),
    "a number for early stopping": (
        lambda t: t.fit((X, VALUES), validation=(X, VALUES), early_stopping=3),
        """SpecError: fit(early_stopping=…)
  wanted a stopping rule, or None
  got    3
  fix    early_stopping=ig.EarlyStopping(patience=5)""",
    ),
    "a model in place of a network": (
        lambda t: ig.Trainer(t.net.model, loss=ig.MSELoss(), optimizer=ig.SGD(0.1)),
        """SpecError: Trainer(net)
  wanted a network, of an engine
  got    Sequential([Linear(4), Tanh(), Linear(3)])
  fix    ig.Trainer(ig.build(model), …)""",
    ),
    "a word for a schedule": (
        lambda t: ig.Trainer(t.net, loss=ig.MSELoss(), optimizer=ig.SGD(0.1), schedule="cosine"),
        """SpecError: schedule
  wanted a schedule description, or None
  got    'cosine'
  fix    schedule=ig.CosineDecay()""",
    ),
    "a number for clipping": (
        lambda t: ig.Trainer(t.net, loss=ig.MSELoss(), optimizer=ig.SGD(0.1), clip=0),
        """SpecError: clip
  wanted a clipping description, or None
  got    0
  fix    clip=ig.ClipNorm(1.0)""",
    ),
    "a metric by itself": (
        lambda t: ig.Trainer(t.net, loss=ig.MSELoss(), optimizer=ig.SGD(0.1), metrics=ig.MAE()),
        """SpecError: metrics
  wanted metric descriptions in a list
  got    MAE()
  fix    metrics=[ig.Accuracy()]""",
    ),
    "no data": (
        lambda t: t.fit((X[:0], VALUES[:0])),
        """DataError: train data
  wanted one sample or more
  got    none
  fix    give some data""",
    ),
    "x without y": (
        lambda t: t.fit(X),
        """DataError: data
  wanted an (x, y) pair, a Dataset, or a map-style data set of (x, y) samples
  got    ndarray
  fix    trainer.fit((x, y), …)""",
    ),
    "x and y of different lengths": (
        lambda t: t.fit((X, VALUES[:4])),
        """ShapeError: ArrayDataset
  wanted inputs and targets of equal length
  got    lengths [4, 6]
  fix    give one target for each sample""",
    ),
    "no epochs": (
        lambda t: t.fit((X, VALUES), epochs=0),
        """SpecError: fit(epochs=0)
  wanted 1 or more
  got    0
  fix    epochs=1""",
    ),
    "half a batch": (
        lambda t: t.fit((X, VALUES), batch_size=0.5),
        """SpecError: fit(batch_size=0.5)
  wanted 1 or more
  got    0.5
  fix    batch_size=1""",
    ),
    "never validating": (
        lambda t: t.fit((X, VALUES), validate_every=-1),
        """SpecError: fit(validate_every=-1)
  wanted 1 or more
  got    -1
  fix    validate_every=1""",
    ),
    "no whole batch": (
        lambda t: t.fit((X, VALUES), batch_size=7, drop_last=True),
        """SpecError: fit(batch_size=7, drop_last=True)
  wanted one whole batch or more
  got    6 samples
  fix    batch_size=6, or drop_last=False""",
    ),
    "stopping without validation": (
        lambda t: t.fit((X, VALUES), early_stopping=ig.EarlyStopping()),
        """SpecError: fit(early_stopping=…)
  wanted validation data
  got    none
  fix    validation=(x, y)""",
    ),
    "an unknown monitor": (
        lambda t: t.fit((X, VALUES), validation=(X, VALUES), early_stopping=ig.EarlyStopping(monitor="accuracy")),
        """SpecError: EarlyStopping(monitor='accuracy')
  wanted monitor among validation_loss
  got    'accuracy'
  fix    name one of them, or give the trainer that metric""",
    ),
    "a missing weight": (
        lambda t: t.net.load_state_dict({"0.weight": X, "0.bias": X, "2.weight": X}),
        """WeightsError: load_state_dict
  wanted 0.weight, 0.bias, 2.weight, 2.bias
  got    missing 2.bias
  fix    give the state_dict of a model with the same description; no weight was changed""",
    ),
    "an unexpected weight": (
        lambda t: t.net.load_state_dict({**t.net.state_dict(), "3.bias": X}),
        """WeightsError: load_state_dict
  wanted 0.weight, 0.bias, 2.weight, 2.bias
  got    unexpected 3.bias
  fix    give the state_dict of a model with the same description; no weight was changed""",
    ),
    "a mis-shaped weight": (
        lambda t: t.net.load_state_dict({k: v.T * 0 for k, v in t.net.state_dict().items()}),
        """WeightsError: load_state_dict: 0.weight
  wanted numbers of shape (4, 5)
  got    float32 of shape (5, 4)
  fix    give the state_dict of a model with the same description; no weight was changed""",
    ),
    "a weight that float32 does not hold": (
        lambda t: t.net.load_state_dict({k: np.full(v.shape, -1e300) for k, v in t.net.state_dict().items()}),
        """WeightsError: load_state_dict: 0.weight
  wanted numbers that are finite in float32, at most 3.4e+38
  got    -1e+300 at [0, 0]
  fix    dtype="float64", or smaller numbers; nothing was changed""",
    ),
    "a velocity that float32 does not hold": (
        lambda t: t.learner.load_state_dict(
            {k: v if k == "step" else v.astype(np.float64) + 1e39 for k, v in t.learner.state_dict().items()}
        ),
        """WeightsError: load_state_dict: momentum_buffer/0.weight
  wanted numbers that are finite in float32, at most 3.4e+38
  got    1e+39 at [0, 0]
  fix    dtype="float64", or smaller numbers; nothing was changed""",
    ),
    "a last weight of text": (
        lambda t: t.net.load_state_dict(
            {**{k: v * 0 for k, v in t.net.state_dict().items()}, "2.bias": np.array(["a"] * 3)}
        ),
        """WeightsError: load_state_dict: 2.bias
  wanted numbers of shape (3,)
  got    <U1 of shape (3,)
  fix    give the state_dict of a model with the same description; no weight was changed""",
    ),
}


@BOTH
@pytest.mark.parametrize("case", MESSAGES)
def test_the_message_is_this_and_nothing_changed(case: str, backend: str) -> None:
    action, text = MESSAGES[case]
    trainer = trained(backend, ig.MSELoss())
    before = memory(trainer)
    assert raised(lambda: action(trainer)) == text
    assert memory(trainer) == before
