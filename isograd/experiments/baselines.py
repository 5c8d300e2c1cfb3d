"""scikit-learn beside us: the same data, the same metrics; its perceptron and its PCA in the shape of a recipe."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from math import prod
from time import perf_counter
from typing import Any

import numpy as np

from isograd.core.base.errors import SpecError
from isograd.core.base.types import Array, Arrays
from isograd.core.data.dataset import whole
from isograd.core.data.prepare import one_hot
from isograd.core.graph.sequential import Sequential
from isograd.core.layers import Dropout, Layer, Linear, ReLU, Sigmoid, Tanh
from isograd.core.learning.losses import CrossEntropyLoss, MSELoss
from isograd.core.learning.optimizers import SGD
from isograd.experiments.experiment import Experiment, Options
from isograd.experiments.prepared import Prepared
from isograd.experiments.recipe import Recipe
from isograd.optional import require

ACTIVATIONS: dict[type[Layer], str] = {Tanh: "tanh", ReLU: "relu", Sigmoid: "logistic"}


@dataclass(frozen=True)
class Baseline:
    """How a scikit-learn estimator came out on the test part."""

    seconds: float  # of its fit
    outputs: Arrays  # what it predicted
    predictions: Array  # one-hot for classes, else in the targets' own units
    scores: dict[str, float]


def estimators(recipe: Recipe, options: Options) -> dict[str, Any]:
    """The unfitted estimators of a recipe by name; BackendError where scikit-learn is not installed."""
    try:
        return dict(recipe.baselines(recipe, options.seed))
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] == "sklearn":
            require("sklearn", extra="sklearn", purpose="baselines")
        raise


def fit(estimator: Any, experiment: Experiment, recipe: Recipe, prepared: Prepared, options: Options) -> Baseline:
    """Fit an estimator to the training part, in the networks' dtype, and score it on the test part."""
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    inputs, (y, *_) = whole(prepared.splits.train)
    rows, asked = (_rows(part[recipe.baseline_input], options.dtype) for part in (inputs, prepared.test[0]))
    targets = y.ravel() if y.size == len(y) else y.reshape(len(y), -1)
    started = perf_counter()
    with threadpool_limits(limits=1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is the experiment's decision
        estimator.fit(rows, targets)
    seconds = perf_counter() - started
    answer = estimator.predict(asked)
    outputs = answer if isinstance(answer, tuple) else (np.asarray(answer),)
    found = outputs[recipe.trained if len(outputs) > 1 else 0]
    if recipe.classifies:
        shape = recipe.model.out_shapes(*recipe.model.input_shapes)[recipe.trained]
        predictions = found if found.shape == (len(asked), *shape) else one_hot(found, shape[0])
    else:
        predictions = prepared.restored(found.reshape(prepared.test_targets.shape))
    return Baseline(seconds, outputs, predictions, experiment.scores(predictions, prepared))


def _rows(values: Array, dtype: str) -> Any:
    """Numbers as (N, features) of this dtype, text as a list, for scikit-learn's vectorizers."""
    return values.tolist() if values.dtype.kind == "U" else values.reshape(len(values), -1).astype(dtype)


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
        )
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


def pca_like(recipe: Recipe, seed: int) -> Any:
    """scikit-learn's PCA with as many components as an autoencoder's code has entries."""
    if not recipe.encodes:
        raise SpecError(
            "pca_like",
            wanted='a model of an "encoder" and a "decoder", with outputs (reconstruction, code)',
            got=f"{recipe.model!r}",
            fix="name the two models so, or write the estimator out in the recipe's baselines",
        )
    _, code = recipe.model.out_shapes(*recipe.model.input_shapes)
    decomposition = require("sklearn.decomposition", extra="sklearn", purpose="scikit-learn's baselines")
    return _Projection(decomposition.PCA(n_components=prod(code), random_state=seed))


class _Projection:
    """PCA as an autoencoder: it predicts (reconstruction, code)."""

    def __init__(self, pca: Any) -> None:
        self.pca = pca

    def fit(self, rows: Array, targets: Array) -> None:
        self.pca.fit(rows)

    def predict(self, rows: Array) -> Arrays:
        code = self.pca.transform(rows)
        return self.pca.inverse_transform(code), code
