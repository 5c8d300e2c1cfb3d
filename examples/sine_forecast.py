"""The next value of a series of sines and noise, from the fifty before it. Needs no file.

python examples/sine_forecast.py --recipe LSTM --backend torch
"""

from __future__ import annotations

from typing import Any

import numpy as np

import isograd as ig
from isograd.cli import main

STEPS, WINDOW, NOISE = 3000, 50, 0.1
PERIODS, HEIGHTS = np.array([31.0, 11.3]), np.array([1.0, 0.5])


def series(seed: int) -> Any:
    """s[t] = Σₖ heightₖ sin(2πt/periodₖ + phaseₖ) + noise of deviation 0.1                    (STEPS,)"""
    rng = np.random.default_rng(seed)
    turns = np.arange(STEPS)[:, None] / PERIODS + rng.uniform(size=len(PERIODS))
    return np.sin(2 * np.pi * turns) @ HEIGHTS + rng.normal(0, NOISE, STEPS)


def load(seed: int, backend: str) -> ig.Prepared:
    """Windows (WINDOW, 1) and the value after each; no value of the series is in two parts."""
    ends = np.split(series(seed), [round(STEPS * 0.7), round(STEPS * 0.8)])
    windows = [np.lib.stride_tricks.sliding_window_view(part, WINDOW + 1) for part in ends]
    parts = [ig.ArrayDataset(rows[:, :-1, None].copy(), rows[:, -1:].copy()) for rows in windows]
    return ig.Prepared(ig.Splits(*parts), in_time=True)


def recipes(input_shape: tuple[int, ...]) -> dict[str, ig.Recipe]:
    return {
        type(layer).__name__: ig.Recipe(
            model=ig.Sequential([layer, ig.LastStep(), ig.Linear(1)], input_shape=input_shape),
            loss=ig.MSELoss(),
            optimizer=ig.Adam(0.01),
            schedule=ig.CosineDecay(per="step"),
            clip=ig.ClipNorm(1.0),
            epochs=10,
            batch_size=32,
            baselines=baselines,
            published={"the noise itself": {"RMSE": NOISE}},
        )
        for layer in (ig.LSTM(32), ig.GRU(32))
    }


class Persistence:
    """What was last will be next."""

    def fit(self, rows: Any, targets: Any) -> None:
        """There is nothing to learn."""

    def predict(self, rows: Any) -> Any:
        return rows[:, -1:]


def baselines(recipe: ig.Recipe, seed: int) -> dict[str, Any]:
    from sklearn.linear_model import Ridge

    return {"Persistence": Persistence(), "Ridge": Ridge()}


EXPERIMENT = ig.Experiment(
    name="sine_forecast",
    title="The next value of two sines and noise",
    data={"sines": load},
    recipes=recipes,
    metrics=(ig.MAE(), ig.RMSE()),
    note="A sum of sines obeys a linear rule: Ridge can know it exactly. No forecast can be better than the noise.",
)

if __name__ == "__main__":
    main("train", __file__)
