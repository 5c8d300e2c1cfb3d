"""One recipe trained on one engine, and measured."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import Any

from isograd.core.base.types import Array, Arrays
from isograd.core.data.dataset import Rowed
from isograd.core.engine.batches import check_batch
from isograd.core.engine.protocol import Network
from isograd.core.engine.registry import build
from isograd.core.training.history import History
from isograd.core.training.trainer import Trainer
from isograd.experiments.experiment import Experiment, Options
from isograd.experiments.prepared import Prepared
from isograd.experiments.recipe import Recipe


@dataclass(frozen=True)
class Outcome:
    """A trained network, and how it came out on the test part."""

    net: Network
    history: History
    seconds: float  # of the fit, its validations included
    outputs: Arrays  # all of the network's
    predictions: Array  # the output that is trained on, in the targets' own units
    scores: dict[str, float]
    texts: dict[str, str]


def train_recipe(
    experiment: Experiment,
    recipe: Recipe,
    prepared: Prepared,
    options: Options,
    *,
    backend: str,
    **build_options: Any,
) -> Outcome:
    """Train one recipe on one backend, then measure it on the test part."""
    prepared = prepared.seen_by(recipe)
    net = build(recipe.model, backend=backend, seed=options.seed, dtype=options.dtype, **build_options)
    trainer = Trainer(
        net,
        loss=recipe.loss,
        optimizer=recipe.optimizer,
        schedule=recipe.schedule,
        clip=recipe.clip,
        metrics=() if prepared.target_scale else experiment.metrics,  # they would be in scaled units
        carry=recipe.carry,
    )
    splits = prepared.splits
    check_batch(recipe.model, trainer.losses, *prepared.test, trainer.carrying)
    started = perf_counter()
    history = trainer.fit(
        splits.train, validation=splits.validation, epochs=recipe.epochs, batch_size=recipe.batch_size
    )
    seconds = perf_counter() - started
    own_rows = recipe.carry is None or isinstance(splits.test, Rowed)
    found = trainer.predict(splits.test, batch_size=None if own_rows else recipe.batch_size)
    outputs = found if isinstance(found, tuple) else (found,)
    predictions = prepared.restored(outputs[recipe.trained])
    scores, texts = experiment.scores(predictions, prepared), dict(experiment.texts(net, prepared, options))
    return Outcome(net, history, seconds, outputs, predictions, scores, texts)
