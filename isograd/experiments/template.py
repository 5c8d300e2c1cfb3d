"""Points in a plane: in which of three rings? An experiment to start from.

isograd compare template.py
"""

from __future__ import annotations

from typing import Any

import numpy as np

import isograd as ig
from isograd.cli import main


def load(seed: int, backend: str) -> ig.Prepared:
    """1000 points (x, y) of a normal law, of class 0, 1 or 2 as x² + y² is below 0.6, below 1.6 or above."""
    points = np.random.default_rng(seed).normal(size=(1000, 2))
    labels = np.digitize((points**2).sum(1), [0.6, 1.6])
    parts, _ = ig.standardize(ig.split(points, labels, validation=0.15, test=0.2, seed=seed, stratify=True))
    return ig.Prepared(parts)


def recipes(input_shape: tuple[int, ...]) -> dict[str, ig.Recipe]:
    """Models by name, each with the way to train it."""
    perceptron = ig.Recipe(
        model=ig.Sequential([ig.Linear(32), ig.ReLU(), ig.Linear(3)], input_shape=input_shape),
        loss=ig.CrossEntropyLoss(),
        optimizer=ig.SGD(0.1, momentum=0.9),
        schedule=ig.CosineDecay(per="step"),
        epochs=20,
        batch_size=32,
        baselines=baselines,
    )
    return {"perceptron": perceptron}


def baselines(recipe: ig.Recipe, seed: int) -> dict[str, Any]:
    """What stands beside the models: scikit-learn's estimators, not yet fitted."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression

    return {"LogisticRegression": LogisticRegression(), "RandomForest": RandomForestClassifier(random_state=seed)}


EXPERIMENT = ig.Experiment(
    name="template",
    title="In which of three rings does a point lie",
    data={"rings": load},
    recipes=recipes,
    metrics=(ig.Accuracy(),),
    classes=("inner", "middle", "outer"),
)

if __name__ == "__main__":
    main("train", __file__)
