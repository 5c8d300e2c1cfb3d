"""What the judge is asked about: a model, its batch, losses and weights, each checked before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from isograd.core.base.errors import SpecError, shown
from isograd.core.base.numbers import whole_number
from isograd.core.base.types import FLOATS, Array, Arrays
from isograd.core.data.dataset import as_arrays
from isograd.core.engine.batches import check_batch, check_inputs, check_losses
from isograd.core.graph.composite import Composite
from isograd.core.graph.weights import check_state, in_dtype, initial_state
from isograd.core.learning.losses import Loss, Losses
from isograd.core.parity.stages.end_to_end import Whole


def asked_about(
    call: str,
    model: Composite,
    x: Array | Arrays,
    y: Array | Arrays | None,
    loss: Loss | Sequence[Loss | None] | None,
    weights: Mapping[str, Any] | None,
    seed: int,
) -> Whole:
    """A model on a batch, with float64 weights, drawn from `seed` unless they are given. `call` is who asks.

    Inputs are copies: an engine may write to what it is given. Raises where model, batch, losses or weights do not fit
    each other.
    """
    if not isinstance(model, Composite):
        fix = "ig.Sequential([layer], input_shape=…)"
        raise SpecError(f"{call}(model)", wanted="a Model or Sequential", got=shown(model), fix=fix)
    seed = whole_number(seed, f"{call}(seed={shown(seed)})", fix="seed=0")
    inputs = tuple(np.array(v) for v in check_inputs(model, as_arrays(x)))
    targets = () if y is None else as_arrays(y)
    losses: Losses = ()
    if loss is not None:
        losses = tuple(loss) if isinstance(loss, (tuple, list)) else (loss,)  # type: ignore[assignment]
        check_losses(model, losses)
        targets = check_batch(model, losses, inputs, targets)
    wide = FLOATS["float64"]
    if weights is None:
        state = initial_state(model, seed=seed, dtype=wide)
    else:
        where = f"{call}(weights=…)"
        state = in_dtype(model, check_state(model, weights, where), wide, where)
    return Whole(model, state, inputs, losses, targets, seed)
