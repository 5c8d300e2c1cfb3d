"""The main job: parity, then one training in every engine and scikit-learn's baselines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from threadpoolctl import threadpool_limits

from isograd.core.base.randomness import generator
from isograd.core.base.types import Arrays
from isograd.core.engine.carry import Carrying
from isograd.core.engine.protocol import Backend, options_when_compared
from isograd.core.engine.registry import build, get_backend
from isograd.experiments import baselines
from isograd.experiments.experiment import Experiment, Options
from isograd.experiments.prepared import Prepared
from isograd.experiments.recipe import Recipe
from isograd.experiments.training import train_recipe
from isograd.reports import written
from isograd.reports.comparison import Column, Compared, Comparison
from isograd.reports.engines import BACKENDS, check_builds, device_options, family, titled

if TYPE_CHECKING:
    from isograd.core.parity.report import ParityReport


def compare(experiment: Experiment, options: Options | None = None, backends: Sequence[str] = BACKENDS) -> Comparison:
    """Check parity of every recipe on a real batch, then train it in every engine and fit its baselines.

    The data are loaded for the first engine, and the others are held against it; one engine alone is trained without
    parity. `options.device` goes to the engines that take devices.
    Raises, before anything is trained, where an engine, a baseline's package or the device is not there.
    """
    options = options or Options()
    engines = titled(backends)
    for_device = device_options(backends, options.device)
    build_options = {name: {**options_when_compared(get_backend(name)), **for_device[name]} for name in backends}
    for name in backends:
        check_builds(name, options.dtype, build_options[name])
    prepared, recipes = experiment.prepare(options, family(backends[0]))
    estimators = {name: baselines.estimators(recipe, options) for name, recipe in recipes.items()}
    for name in backends:
        build(next(iter(recipes.values())).model, backend=name, dtype=options.dtype, **build_options[name])
    made: dict[str, Compared] = {}
    with threadpool_limits(limits=1):  # as NumPy's engine; two threads on a busy machine wait for each other
        for name, recipe in recipes.items():
            parity = parity_of(recipe, prepared, options, backends) if len(engines) > 1 else None
            train = partial(train_recipe, experiment, recipe, prepared, options)
            trained = {title: train(backend=engine, **build_options[engine]) for title, engine in engines.items()}
            fit = partial(baselines.fit, experiment=experiment, recipe=recipe, prepared=prepared, options=options)
            fitted = {key: fit(estimator) for key, estimator in estimators[name].items()}
            same_texts = written.of_equal_weights(trained, experiment, prepared, options, engines)
            columns = _measured(trained, recipe, prepared), _measured(fitted, recipe, prepared)
            made[name] = Compared(recipe, parity, *columns, same_texts)
    return Comparison(experiment, options, prepared, engines, made)


def _measured(columns: dict[str, Column], recipe: Recipe, prepared: Prepared) -> dict[str, Column]:
    """The columns, their scores extended by what an autoencoder's codes tell of the classes."""
    if not recipe.encodes or prepared.labels is None:
        return columns
    from isograd.reports.codes import purities

    return {
        name: replace(column, scores=column.scores | purities(column.outputs[-1], prepared.labels))
        for name, column in columns.items()
    }


def parity_of(
    recipe: Recipe, prepared: Prepared, options: Options, backends: Sequence[str | Backend] = BACKENDS
) -> ParityReport:
    """The parity report of a recipe on its first training batch; states that it carries are drawn at random."""
    from isograd.core.parity.check import check_parity

    x, y = judged_on(recipe, prepared, options)
    return check_parity(
        recipe.model,
        x,
        y,
        loss=recipe.loss,
        optimizer=recipe.optimizer,
        clip=recipe.clip,
        seed=options.seed,
        backends=tuple(backends),
    )


def judged_on(recipe: Recipe, prepared: Prepared, options: Options) -> tuple[Arrays, Arrays]:
    """The batch that a recipe's parity is judged on."""
    x, y = prepared.seen_by(recipe).batch(recipe.batch_size, options.seed, shuffle=recipe.carry is None)
    carrying = Carrying.of(recipe.model, recipe.losses, recipe.carry)
    if carrying is not None:
        drawn = generator(options.seed, "states")
        x = (*x, *(drawn.uniform(-1, 1, (len(x[0]), *shape)) for shape in carrying.shapes))
    return x, y
