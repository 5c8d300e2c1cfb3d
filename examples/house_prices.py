"""House prices, as in the book (Weidman 2019): a linear model, one hidden layer, two hidden layers, MAE and RMSE.

Diabetes, embedded in scikit-learn, stands in for the houses; --data boston and --data california read
their files under ISOGRAD_DATA/tabular.

    python examples/house_prices.py --data california --epochs 20
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import isograd as ig
from isograd.cli import main
from isograd.experiments import mlp_like


def loader(read: Callable[[], tuple[Any, Any]]) -> Callable[[int, str], ig.Prepared]:
    """Inputs and targets standardised by the training part; metrics are taken in the targets' own units."""

    def load(seed: int, backend: str) -> ig.Prepared:
        x, y = read()
        parts, target_scale = ig.standardize(
            ig.split(x, y[:, None], validation=0.15, test=0.2, seed=seed), targets=True
        )
        return ig.Prepared(parts, target_scale)

    return load


def recipes(input_shape: tuple[int, ...]) -> dict[str, ig.Recipe]:
    """Hidden layers are as wide as the input: 13 units for the book's 13 columns."""
    (width,) = input_shape
    hidden = {"linear": [], "one hidden layer": [width], "two hidden layers": [width, width]}
    return {name: recipe(widths, input_shape) for name, widths in hidden.items()}


def recipe(widths: list[int], input_shape: tuple[int, ...]) -> ig.Recipe:
    layers: list[Any] = []
    for width in widths:
        layers += [ig.Linear(width, weight_init=ig.init.XavierNormal()), ig.Sigmoid()]
    return ig.Recipe(
        model=ig.Sequential([*layers, ig.Linear(1, weight_init=ig.init.XavierNormal())], input_shape=input_shape),
        loss=ig.MSELoss(),
        optimizer=ig.SGD(0.02, momentum=0.9),
        epochs=50,
        batch_size=32,
        baselines=baselines,
    )


def baselines(recipe: ig.Recipe, seed: int) -> dict[str, Any]:
    from sklearn.linear_model import LinearRegression

    if len(recipe.model.graph(*recipe.model.input_shapes).nodes) == 1:
        return {"LinearRegression": LinearRegression()}
    return {"MLPRegressor": mlp_like(recipe, seed)}


EXPERIMENT = ig.Experiment(
    name="house_prices",
    title="From measurements to a number: linear, one hidden layer, two",
    data={read.__name__: loader(read) for read in (ig.data.diabetes, ig.data.boston, ig.data.california)},
    recipes=recipes,
    metrics=(ig.MAE(), ig.RMSE()),
    note="MAE and RMSE are in the targets' own units. MLPRegressor has each network's sizes, activation, "
    "SGD, momentum, batches and epochs.",
)

if __name__ == "__main__":
    main("train", __file__)
