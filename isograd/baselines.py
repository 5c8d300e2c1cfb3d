"""scikit-learn beside us: the same data, the same metrics, and its perceptron in the shape of a recipe."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from isograd.core.data.prepare import one_hot
from isograd.core.errors import SpecError
from isograd.core.layers import Dropout, Linear, ReLU, Sigmoid, Tanh
from isograd.core.losses import CrossEntropyLoss, MSELoss
from isograd.core.optimizers import SGD
from isograd.core.sequential import Sequential
from isograd.core.types import Array
from isograd.experiment import Experiment, Options, Prepared, Recipe
from isograd.optional import require

ACTIVATIONS = {Tanh: "tanh", ReLU: "relu", Sigmoid: "logistic"}


@dataclass(frozen=True)
class Baseline:
    """How a scikit-learn estimator came out on the test part."""

    seconds: float  # of its fit
    predictions: Array  # one-hot for classes, else in the targets' own units
    scores: dict[str, float]


def estimators(recipe: Recipe, options: Options) -> dict[str, Any]:
    """The unfitted estimators of a recipe by name; BackendError where scikit-learn is not installed."""
    return dict(recipe.baselines(recipe, options.seed))


def fit(estimator: Any, experiment: Experiment, recipe: Recipe, prepared: Prepared, options: Options) -> Baseline:
    """Fit an estimator to the training part, in the networks' dtype, and score it on the test part."""
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    train, test = prepared.splits.train, prepared.splits.test
    rows, asked = ((part.inputs[0].reshape(len(part), -1).astype(options.dtype)) for part in (train, test))
    targets = train.targets[0].reshape(len(train))
    started = perf_counter()
    with threadpool_limits(limits=1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is the experiment's decision
        estimator.fit(rows, targets)
    seconds = perf_counter() - started
    found = np.asarray(estimator.predict(asked))
    if recipe.classifies:
        (classes, *_) = recipe.model.out_shapes(*recipe.model.input_shapes)[0]
        predictions = one_hot(found, classes)
    else:
        predictions = prepared.restored(found.reshape(test.targets[0].shape))
    return Baseline(seconds, predictions, experiment.scores(predictions, prepared))


def mlp_like(recipe: Recipe, seed: int) -> Any:
    """scikit-learn's MLPClassifier or MLPRegressor of a recipe's sizes, activation, SGD, batches and epochs.

    Left out, because scikit-learn has neither: dropout and the recipe's schedule. Its squared loss is halved,
    so its learning rate is twice ours for the same steps.
    """
    layers = recipe.model.layers if isinstance(recipe.model, Sequential) else ()
    sizes = [layer.out_features for layer in layers if isinstance(layer, Linear)]
    kinds = {ACTIVATIONS[type(layer)] for layer in layers if type(layer) in ACTIVATIONS}
    others = [layer for layer in layers if not isinstance(layer, (Linear, Dropout)) and type(layer) not in ACTIVATIONS]
    sgd = recipe.optimizer
    plain = isinstance(sgd, SGD) and not (sgd.nesterov or sgd.dampening or sgd.weight_decay)
    known = recipe.loss in (CrossEntropyLoss(), MSELoss()) and (recipe.classifies or sizes[-1:] == [1])
    if others or len(sizes) < 2 or len(kinds) != 1 or not plain or not known:
        raise SpecError(
            "mlp_like",
            wanted="Linear layers with one kind of Tanh, ReLU or Sigmoid between them, plain SGD, "
            "CrossEntropyLoss() or MSELoss() of one output",
            got=f"{recipe.model!r}, {sgd!r}, {recipe.loss!r}",
            fix="write the estimator out in the recipe's baselines",
        )  # fmt: skip
    assert isinstance(sgd, SGD)
    networks = require("sklearn.neural_network", extra="sklearn", purpose="scikit-learn's baselines")
    kind = networks.MLPClassifier if recipe.classifies else networks.MLPRegressor
    return kind(
        hidden_layer_sizes=tuple(sizes[:-1]),
        activation=kinds.pop(),
        solver="sgd",
        alpha=0.0,
        learning_rate_init=sgd.lr if recipe.classifies else 2 * sgd.lr,
        momentum=sgd.momentum,
        nesterovs_momentum=False,
        batch_size=recipe.batch_size,
        max_iter=recipe.epochs,
        tol=0.0,
        n_iter_no_change=recipe.epochs,  # all epochs, whatever the loss does
        random_state=seed,
    )
