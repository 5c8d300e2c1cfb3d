"""The main job: parity, then one training in both engines and scikit-learn's baselines."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from threadpoolctl import threadpool_limits

from isograd.core.base.randomness import generator
from isograd.core.engine.carry import Carrying
from isograd.core.engine.registry import get_backend
from isograd.experiments import baselines
from isograd.experiments.experiment import Experiment, Options
from isograd.experiments.prepared import Prepared
from isograd.experiments.recipe import Recipe
from isograd.experiments.training import train_recipe
from isograd.reports import written
from isograd.reports.comparison import ENGINES, Column, Compared, Comparison

if TYPE_CHECKING:
    from isograd.core.parity.report import ParityReport


def compare(experiment: Experiment, options: Options | None = None) -> Comparison:
    """Check parity of every recipe on a real batch, then train it in both engines and fit its baselines.

    `options.device` is where PyTorch trains. Raises BackendError, before anything is trained, where
    PyTorch or a baseline's package is not installed.
    """
    options = options or Options()
    for backend in ENGINES.values():
        get_backend(backend)
    prepared, recipes = experiment.prepare(options, "numpy")
    estimators = {name: baselines.estimators(recipe, options) for name, recipe in recipes.items()}
    build_options = {"NumPy": {}, "PyTorch": {"device": options.device, "shared_randomness": True}}
    made: dict[str, Compared] = {}
    with threadpool_limits(limits=1):  # as NumPy's engine; two threads on a busy machine wait for each other
        for name, recipe in recipes.items():
            parity = parity_of(recipe, prepared, options)
            train = partial(train_recipe, experiment, recipe, prepared, options)
            engines = {e: train(backend=backend, **build_options[e]) for e, backend in ENGINES.items()}
            fit = partial(baselines.fit, experiment=experiment, recipe=recipe, prepared=prepared, options=options)
            fitted = {key: fit(estimator) for key, estimator in estimators[name].items()}
            same_texts = written.of_equal_weights(engines["NumPy"], experiment, prepared, options, ENGINES)
            columns = _measured(engines, recipe, prepared), _measured(fitted, recipe, prepared)
            made[name] = Compared(recipe, parity, *columns, same_texts)
    return Comparison(experiment, options, prepared, made)


def _measured(columns: dict[str, Column], recipe: Recipe, prepared: Prepared) -> dict[str, Column]:
    """The columns, their scores extended by what an autoencoder's codes tell of the classes."""
    if not recipe.encodes or prepared.labels is None:
        return columns
    from isograd.reports.codes import purities

    return {
        name: replace(column, scores=column.scores | purities(column.outputs[-1], prepared.labels))
        for name, column in columns.items()
    }


def parity_of(recipe: Recipe, prepared: Prepared, options: Options) -> ParityReport:
    """The parity report of a recipe on its first training batch; states that it carries are drawn at random."""
    from isograd.core.parity.check import check_parity

    x, y = prepared.seen_by(recipe).batch(recipe.batch_size, options.seed, shuffle=recipe.carry is None)
    carrying = Carrying.of(recipe.model, recipe.losses, recipe.carry)
    if carrying is not None:
        drawn = generator(options.seed, "states")
        x = (*x, *(drawn.uniform(-1, 1, (len(x[0]), *shape)) for shape in carrying.shapes))
    return check_parity(
        recipe.model, x, y, loss=recipe.loss, optimizer=recipe.optimizer, clip=recipe.clip, seed=options.seed
    )
