"""Handwritten digits, 8 x 8 pixels: a perceptron with dropout and momentum. Needs no file.

python examples/digits_mlp.py --backend torch --epochs 10
"""

from __future__ import annotations

from typing import Any

import isograd as ig
from isograd.cli import main
from isograd.experiments import mlp_like


def load(seed: int, backend: str) -> ig.Prepared:
    """1797 images in three parts, every digit with its share in each; pixels in 0…1."""
    x, y = ig.data.digits()
    return ig.Prepared(ig.split(x / 16, y, validation=0.15, test=0.2, seed=seed, stratify=True))


def recipes(input_shape: tuple[int, ...]) -> dict[str, ig.Recipe]:
    """Chosen from five by mean validation accuracy over eight seeds (0.981; the runners-up are within noise)."""
    glorot = ig.init.XavierUniform()
    layers = [
        ig.Linear(256, weight_init=glorot, bias_init=ig.init.Zeros()),
        ig.ReLU(),
        ig.Dropout(0.5),
        ig.Linear(10, weight_init=glorot, bias_init=ig.init.Zeros()),
    ]
    perceptron = ig.Recipe(
        model=ig.Sequential(layers, input_shape=input_shape),
        loss=ig.CrossEntropyLoss(),
        optimizer=ig.SGD(0.1, momentum=0.9),
        schedule=ig.LinearDecay(final_lr=0.01),
        epochs=30,
        batch_size=32,
        baselines=baselines,
    )
    return {"perceptron": perceptron}


def baselines(recipe: ig.Recipe, seed: int) -> dict[str, Any]:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression

    return {
        "LogisticRegression": LogisticRegression(max_iter=1000),
        "MLPClassifier": mlp_like(recipe, seed),
        "HistGradientBoosting": HistGradientBoostingClassifier(random_state=seed),
    }


EXPERIMENT = ig.Experiment(
    name="digits_mlp",
    title="Handwritten digits, 8 x 8 pixels",
    data={"digits": load},
    recipes=recipes,
    metrics=(ig.Accuracy(),),
    note="MLPClassifier has the perceptron's sizes, activation, SGD, momentum, batches and epochs; "
    "scikit-learn has neither dropout nor the linear decay.",
)

if __name__ == "__main__":
    main("train", __file__)
